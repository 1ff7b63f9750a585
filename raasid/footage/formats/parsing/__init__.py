"""Parsers of JSON, CSV and XML that report the line of every error."""
