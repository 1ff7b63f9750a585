"""The ball model's samples: frames, crops and batches."""
