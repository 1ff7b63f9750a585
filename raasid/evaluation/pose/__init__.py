"""Joints judged: object keypoint similarity, average precision, and validation while training."""
