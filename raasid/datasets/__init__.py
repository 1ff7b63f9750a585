"""Footage to batches: datamodules, samplers, augmentation and the frame cache."""
