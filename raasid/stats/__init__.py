"""Statistics on plain arrays: bootstrap intervals and permutation tests."""
