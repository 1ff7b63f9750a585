"""Footage: records of clips, splits, stored dataset versions, readers and exporters of formats."""
