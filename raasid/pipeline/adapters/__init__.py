"""What each task brings to the verbs: its datamodule, metrics and report."""
