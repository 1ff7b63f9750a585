"""Shift suites: the same league under other conditions, at intensities 0 to 3."""

from raasid.synthetic.shifts.registry import SHIFTS, shift_named
from raasid.synthetic.shifts.shift import Shift

__all__ = ["SHIFTS", "Shift", "shift_named"]
