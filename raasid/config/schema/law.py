"""Group `law`: by which wording facts become rulings."""

from __future__ import annotations

from collections.abc import Iterator

from raasid.config.law_editions import shipped_editions
from raasid.config.nearest import did_you_mean
from raasid.config.schema.section import Section


class LawConfig(Section):
    """One edition of the Laws, or a competition's reading of it."""

    edition: str
    """The name of a file in raasid/laws/editions."""

    def complaints(self) -> Iterator[tuple[str, str]]:
        """The edition must be one that ships."""
        known = shipped_editions()
        if self.edition not in known:
            guess = did_you_mean(self.edition, known)
            yield "edition", f"no such edition: '{self.edition}'{guess} (there are: {', '.join(known)})"
