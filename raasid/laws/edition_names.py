"""Where the editions of the Laws are, and what they are called; what they say is read by `raasid.laws`.

Group `law`: by which wording facts become rulings.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from raasid.config.section import Section
from raasid.config.suggestions import did_you_mean


def editions_dir() -> Path:
    """Return the folder: one YAML file an edition."""
    return Path(__file__).resolve().parent.parent / "laws" / "editions"


def shipped_editions() -> list[str]:
    """Return the names of the editions, seasons first, oldest first."""
    return sorted(path.stem for path in editions_dir().glob("*.yaml"))


class LawConfig(Section):
    """One edition of the Laws, or a competition's reading of it."""

    edition: str
    """The name of a file in raasid/laws/editions."""

    def cross_field_errors(self) -> Iterator[tuple[str, str]]:
        """The edition must be one that ships."""
        known = shipped_editions()
        if self.edition not in known:
            guess = did_you_mean(self.edition, known)
            yield "edition", f"no such edition: '{self.edition}'{guess} (there are: {', '.join(known)})"
