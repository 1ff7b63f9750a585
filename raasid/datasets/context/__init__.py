"""Windows of tracks for context models."""
