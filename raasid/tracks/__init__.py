"""Tracks of ball and persons through a clip: association, interpolation, teams, and simulated errors."""
