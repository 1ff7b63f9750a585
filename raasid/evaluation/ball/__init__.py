"""Evaluation of ball models: outcomes per frame, metrics, curves, result and report."""
