"""Triggers: what is measured becomes a decision record that asks for a retraining, or says why not."""
