"""Training: Lightning as the engine, and what a run that can be trusted needs around it."""
