"""Scripted scenes: one touch of the ball each, or one that only seems to be one, with its facts."""

from raasid.synthetic.scenarios.registry import SCENARIOS, TRAINING, num_frames, scenario_of
from raasid.synthetic.scenarios.scene import Scene, direct

__all__ = ["SCENARIOS", "TRAINING", "Scene", "direct", "num_frames", "scenario_of"]
