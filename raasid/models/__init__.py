"""Networks as LightningModules: ball, pose and context models, and their common building blocks."""
