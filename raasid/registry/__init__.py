"""Model registry: versions, aliases, routes and their change log, as files on a shared filesystem."""
