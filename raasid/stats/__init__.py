"""Statistics on plain arrays: bootstrap intervals, permutation tests, drift."""
