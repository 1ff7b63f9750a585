"""What W&B shall hold of the registry: queued on the disk, sent once, in order, whenever W&B can be reached."""
