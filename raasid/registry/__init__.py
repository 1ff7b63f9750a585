"""The model registry: versions, aliases and their change log, as files on a shared filesystem."""
