"""Command line: `raasid <verb> key=value …`, `raasid <command> --options`, and the three scripts."""

from raasid.cli.verbs import app, main

__all__ = ["app", "main"]
