"""One section per config group: what may be set, of which type, within which range."""
