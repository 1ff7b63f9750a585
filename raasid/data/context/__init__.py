"""The context model's samples: clips as tracks."""
