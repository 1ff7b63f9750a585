"""Shift suites: the same league under other conditions, at intensities 0 to 3."""
