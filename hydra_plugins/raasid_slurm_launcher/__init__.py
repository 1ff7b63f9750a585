"""Hydra finds the launchers of `raasid.cluster` here."""
