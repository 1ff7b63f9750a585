"""Batches for ball models."""
