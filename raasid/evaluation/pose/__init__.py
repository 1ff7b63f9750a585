"""Evaluation of pose models: matching by OKS, metrics, timing, result and report."""
