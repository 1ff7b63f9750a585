"""Checks of footage: what is wrong with pixels, annotations and splits; how it drifts from a reference."""
