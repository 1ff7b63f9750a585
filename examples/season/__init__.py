"""A season of football in which a champion gets worse, and the loop mends it: `make demo`."""
