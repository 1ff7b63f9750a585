"""Names from outside (files, classes, clips) as text that a terminal, a page and any UTF-8 file can hold.

A name may have any byte but 0 and `/`. Python holds bytes that are not UTF-8 as lone surrogates, which cannot
be encoded; ESC starts commands of the terminal; a bidirectional override shows a name reversed.
"""

from __future__ import annotations

import hashlib
import re
from posixpath import splitext

_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f"
_SEPARATORS = "\u2028\u2029"
_BIDI = "\u202a-\u202e\u2066-\u2069"
_NO_CHARACTERS = (
    "\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff"  # surrogates; those that XML and editors refuse
)
_UNPRINTABLE = re.compile(f"[{_CONTROLS}{_SEPARATORS}{_BIDI}{_NO_CHARACTERS}]")
_UNPRINTABLE_IN_LINE = re.compile(f"[\t\n{_UNPRINTABLE.pattern[1:]}")
_MAX_STEM_BYTES = 180


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
    """Return a text of several lines (a message, a page) as `printable` does; tabs and line breaks stay."""
    return _UNPRINTABLE.sub(_escape, str(text))


def is_utf_8(name: object) -> bool:
    """Whether a name can be written to a UTF-8 file, or given to a library in C++, as it is."""
    try:
        str(name).encode()
    except UnicodeEncodeError:
        return False
    return True


def printable_file_name(name: str) -> str:
    """Return a printable name for a copy of a file or folder, unchanged if it is printable already.

    Otherwise a digest keeps names apart that look alike when escaped, and a long name is cut, as its escapes
    may be more than the 255 bytes that a file system takes. The suffix stays.
    """
    shown = printable(name)
    if shown == name:
        return name
    stem, suffix = splitext(shown)
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{stem.encode()[:_MAX_STEM_BYTES].decode(errors='ignore')}-{digest}{suffix[:16]}"


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a name, see PEP 383
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
