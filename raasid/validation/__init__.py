"""Checks of footage: images, annotations and splits; and drift from a reference."""
