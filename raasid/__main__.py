"""`python -m raasid <verb> …`, the same as the console script."""

from __future__ import annotations

from raasid.cli import main

main()
