"""Scripted scenes: one touch of the ball each, or a near miss, with ground-truth facts."""
