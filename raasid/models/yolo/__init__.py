"""Nets, losses and weight files of ultralytics, shared by ball and pose models."""
