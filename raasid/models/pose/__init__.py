"""Pose models: players in an image and their joints."""
