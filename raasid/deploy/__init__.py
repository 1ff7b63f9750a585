"""From a trained challenger to the version in service: the gate."""
