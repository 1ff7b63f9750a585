"""Dataset versions: immutable, named by their content, each with its parents."""
