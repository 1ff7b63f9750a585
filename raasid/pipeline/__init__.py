"""The verbs: each ties stations together, and reads as the story of a run."""
