"""Names from outside (files, classes, clips) as text that a terminal, a page and any UTF-8 file can hold.

A name may have any byte but 0 and `/`. Python holds bytes that are not UTF-8 as lone surrogates, which no file
can be written with; ESC starts commands of the terminal; a bidirectional override shows a name reversed.
"""

from __future__ import annotations

import re

_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f"
_SEPARATORS = "\u2028\u2029"
_BIDI = "\u202a-\u202e\u2066-\u2069"
_NO_CHARACTERS = (
    "\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff"  # surrogates; those that XML and editors refuse
)
_UNPRINTABLE = re.compile(f"[{_CONTROLS}{_SEPARATORS}{_BIDI}{_NO_CHARACTERS}]")
_UNPRINTABLE_IN_LINE = re.compile(f"[\t\n{_UNPRINTABLE.pattern[1:]}")


def printable(name: object) -> str:
    r"""Return a name on one line, with visible escapes for what must not be printed.

    A byte that is not UTF-8 becomes `\xe9`, as do control characters (`\x1b`, `\x0a`); line separators,
    bidirectional overrides and characters that XML refuses become `\u202e`. All else stays as it is: letters
    of every script, blanks of every width, and the joiners within an emoji.
    Idempotent, so that escaping twice does no harm. Two names that differ in such a character and its escape
    become one; whoever uses the result as a key has to check.
    """
    return _UNPRINTABLE_IN_LINE.sub(_escape, str(name))


def printable_lines(text: object) -> str:
    """Return a text of several lines (a message, a page) as `printable` does, keeping tabs and line breaks."""
    return _UNPRINTABLE.sub(_escape, str(text))


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a name, see PEP 383
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
