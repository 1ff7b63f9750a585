"""Terminal output: results on stdout, progress and messages on stderr, tables."""
