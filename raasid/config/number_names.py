"""Presets whose names look like numbers: Hydra would read `law=2021_22` as 202122.

Its grammar knows `2021_22` as an integer and then refuses an integer as the choice of a group, so the
word is put in quotes before Hydra sees it: `law='2021_22'`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from raasid.config.conf_dir import conf_dir

_ALONE = r"(?<![\w.'\"\\/*-]){}(?![\w.'\"\\/*-])"
_NUMBER = re.compile(_ALONE.format(r"\d[\d_]*"))
_SEASON = re.compile(_ALONE.format(r"\d+_[\d_]*"))
_KEY = re.compile(r"\w[\w-]*(?:[/.][\w-]+)*")
_PREFIX = re.compile(r"[+~]{0,2}")


def quoted(words: Sequence[str]) -> list[str]:
    """Return command line words with numbers quoted where they name a preset: `group=2021_22`, swept or not.

    Inside a group (`law.edition=2021_22`) only numbers with underscores are quoted, and only where the
    group has presets of such names: elsewhere a number is a number. What is quoted already stays so.
    """
    return [_quoted(word, conf_dir()) for word in words]


def _quoted(word: str, conf: Path) -> str:
    key, equals, value = word.partition("=")
    name = _PREFIX.sub("", key, count=1).partition("@")[0]
    if not equals or word.startswith("-") or not _KEY.fullmatch(name):
        return word
    if (conf / name).is_dir():
        return key + equals + _NUMBER.sub(r"'\g<0>'", value)
    group = conf / name.partition(".")[0]
    if group != conf and any(_SEASON.fullmatch(preset.stem) for preset in group.glob("*.yaml")):
        return key + equals + _SEASON.sub(r"'\g<0>'", value)
    return word
