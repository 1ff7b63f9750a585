"""Training with Lightning: fit, callbacks, optimisers, checkpoints, lineage."""
