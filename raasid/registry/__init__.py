"""Versions of models, who put them in service and when: files that survive a cluster's filesystem."""
