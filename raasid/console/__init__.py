"""Terminal output: result lines, progress and tables."""
