"""The tasks that the verbs know, one file each."""
