"""Scripted scenes: one touch of the ball each, or a near miss, with ground-truth facts."""

from raasid.synthetic.scenarios.registry import SCENARIOS, TRAINING, num_frames, scenario_of
from raasid.synthetic.scenarios.scene import Scene, build_scene

__all__ = ["SCENARIOS", "TRAINING", "Scene", "build_scene", "num_frames", "scenario_of"]
