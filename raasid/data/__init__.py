"""Footage: records, readers, the embedded league, and the way from frames to batches."""
