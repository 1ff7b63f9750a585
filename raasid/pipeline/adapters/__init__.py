"""What each task brings to the verbs: its data, metrics and report."""
