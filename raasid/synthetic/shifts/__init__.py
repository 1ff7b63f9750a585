"""Shift suites: the same league under other conditions, at intensities 0 to 3."""

from raasid.synthetic.shifts.registry import SHIFTS, build_shift
from raasid.synthetic.shifts.shift import Shift

__all__ = ["SHIFTS", "Shift", "build_shift"]
