"""The verbs: each is the story of a run, from its configuration to its files."""
