"""Batches for pose models."""
