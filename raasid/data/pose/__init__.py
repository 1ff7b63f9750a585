"""The pose model's samples."""
