"""What versions are used for: the aliases that they hold and the traffic that they answer."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from raasid.registry.names import CHALLENGER, CHAMPION
from raasid.registry.registry import Registry

_STYLES = {CHAMPION: "bold green", CHALLENGER: "cyan"}


def held_by(registry: Registry, name: str) -> dict[str, list[str]]:
    """Version -> the aliases that point to it, champion first."""
    held: dict[str, list[str]] = {}
    for alias, version in sorted(
        registry.aliases(name).items(), key=lambda item: (item[0] != CHAMPION, item[0])
    ):
        held.setdefault(str(version), []).append(alias)
    return held


def served_by(registry: Registry, name: str) -> dict[str, list[str]]:
    """Version -> the traffic that it answers, `2025_26 25%`; `*` where none is named."""
    table = registry.routes()
    serves: dict[str, list[str]] = {}
    for route in table.routes if table is not None else ():
        if route.name == name:
            share = f"{100 * route.share:g}%" if route.share else "shadow"
            serves.setdefault(route.version, []).append(f"{route.edition} {share}")
    return serves


def alias_text(aliases: Sequence[str]) -> Text:
    """Aliases in their colours."""
    return Text(", ").join(Text(alias, _STYLES.get(alias, "")) for alias in aliases)
