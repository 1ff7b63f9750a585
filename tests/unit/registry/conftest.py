"""Puts this folder on the path: the tests in the folders below share its disks and operations."""
