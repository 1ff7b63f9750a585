"""Text that is nothing but text, and YAML that makes nothing but values."""

from __future__ import annotations

import re

import yaml

_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_DEEPEST = 64
_PLAIN_TAG = re.compile(r"tag:yaml\.org,2002:(str|int|float|bool|null|seq|map)")


def check_text(data: bytes) -> str:
    """Raises ValueError: not UTF-8, or with characters that no text has."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"is not text (byte {error.start} is not UTF-8)") from error
    control = _CONTROL.search(text)
    if control is not None:
        raise ValueError(f"is not text (character {control.start()} is {control[0]!r})")
    return text


def check_html(data: bytes) -> None:
    """Raises ValueError: not a page."""
    if not check_text(data).lstrip("\ufeff \t\r\n").startswith("<"):
        raise ValueError("is no HTML page: it does not begin with <")


def check_yaml(data: bytes) -> None:
    """Raises ValueError: no YAML, an alias (some make a page of text out of a line), or a tag that calls."""
    depth = 0
    try:
        for event in yaml.parse(check_text(data), Loader=_LOADER):
            if isinstance(event, yaml.AliasEvent):
                raise ValueError(f"uses the alias *{event.anchor}; write it out")
            tag = getattr(event, "tag", None)
            if tag not in (None, "!") and _PLAIN_TAG.fullmatch(tag) is None:
                raise ValueError(f"uses the tag {tag[:80]}; plain values need none")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                raise ValueError(f"is nested deeper than {_DEEPEST}")
    except yaml.YAMLError as error:
        raise ValueError(f"is not YAML ({str(error).splitlines()[0]})") from error
    except RecursionError as error:
        raise ValueError(f"is nested deeper than {_DEEPEST}") from error
