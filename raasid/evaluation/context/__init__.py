"""Judgements judged: accuracy, calibration, coverage, and validation while training."""
