"""W&B: the logger, and the mirror of the registry through an outbox that works offline."""
