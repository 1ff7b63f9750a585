"""Evaluation of context models: decisions, calibration, facts, editions, result and report."""
