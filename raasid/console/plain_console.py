"""A console that prints texts as they are: names in them style nothing, and control no terminal."""

from __future__ import annotations

from typing import IO, Any

from rich.console import Console
from rich.text import Text

from raasid.escaping import printable_lines


class PlainConsole(Console):
    """Prints strings without markup and emoji codes, with control characters as escapes."""

    def __init__(self, file: IO[str]) -> None:
        super().__init__(file=file, highlight=False, soft_wrap=True, markup=False, emoji=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Convert a string to be printed into rich's text."""
        return super().render_str(printable_lines(text), **options)
