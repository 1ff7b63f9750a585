"""Shift suites: the same league under other conditions, at intensities 0 to 3."""

from raasid.data.synthetic.shifts.registry import SHIFTS, shift_named
from raasid.data.synthetic.shifts.shift import Shift

__all__ = ["SHIFTS", "Shift", "shift_named"]
