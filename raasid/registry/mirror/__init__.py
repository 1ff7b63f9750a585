"""What W&B shall hold of the registry: queued on the disk, sent once, in order, when W&B can be reached."""
