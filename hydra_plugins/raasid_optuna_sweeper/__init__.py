"""Hydra finds the sweeper of `raasid.sweeps` here."""
