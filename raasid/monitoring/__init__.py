"""Monitoring: features of footage and of model outputs, and the profile of them that a version keeps."""
