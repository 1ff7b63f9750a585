"""What the commands need to know of a version: which one a reference means, its aliases and its traffic."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.text import Text

from raasid.config.suggestions import did_you_mean
from raasid.registry.errors import NotRegistered
from raasid.registry.names import CHALLENGER, CHAMPION, COMPUTED, LATEST, Version, model_name
from raasid.registry.registry import Registry
from raasid.tasks import find_task

_MAX_SUGGESTED = 200
"""Newest versions that are searched for one with a similar name."""
_ALIAS_STYLES = {CHAMPION: "bold green", CHALLENGER: "cyan"}


def require_model(registry: Registry, name: str) -> str:
    """Return the name of a model that has versions. Raises NotRegistered with suggestions, BadName."""
    names = registry.names()
    if name in names:
        return name
    if not names:
        raise NotRegistered(name, f"{registry.root} holds no version yet; `raasid train` registers one")
    model_name(name)
    longer = [known for known in names if known.startswith(name)]
    hint = f"; did you mean '{longer[0]}'?" if len(longer) == 1 else did_you_mean(name, names)
    raise NotRegistered(name, f"its models are {', '.join(names)}{hint}")


def resolve_version(registry: Registry, name: str, ref: str | None) -> Version:
    """Return the version that a number, alias, `latest` or `previous` refers to; None: champion, else newest.

    Raises NotRegistered with suggestions, BadName.
    """
    versions = registry.versions(require_model(registry, name))
    if ref is None:
        ref = CHAMPION if registry.alias(name, CHAMPION) is not None else LATEST
    number = Version.try_parse(ref)
    if number is not None and not versions.has(number):
        near = [str(version) for version in versions.names()[-_MAX_SUGGESTED:] if versions.has(version)][::-1]
        newest = f"the newest are {', '.join(near[:3])}" if near else "there is none of that model"
        raise NotRegistered(f"{name} {ref}", f"{newest}{did_you_mean(ref, near)}")
    if number is None:
        aliases = registry.aliases(name)
        if ref not in aliases and ref != LATEST:
            targets = [f"{alias} is {version}" for alias, version in aliases.items()]
            known = ", ".join(targets) or "no alias is set"
            raise NotRegistered(f"{name} {ref}", f"{known}{did_you_mean(ref, [*aliases, *COMPUTED])}")
    return registry.resolve(name, ref)


def aliases_by_version(registry: Registry, name: str) -> dict[str, list[str]]:
    """Return the aliases of each version that has some, champion first."""
    found: dict[str, list[str]] = {}
    aliases = registry.aliases(name)
    for alias in sorted(aliases, key=lambda alias: (alias != CHAMPION, alias)):
        found.setdefault(str(aliases[alias]), []).append(alias)
    return found


def traffic_by_version(registry: Registry, name: str) -> dict[str, list[str]]:
    """Return the routes of each version that has some, as `ifab_2025_26 25%`; `*` for all other editions."""
    table = registry.routes()
    found: dict[str, list[str]] = {}
    for route in table.routes if table is not None else ():
        if route.name == name:
            found.setdefault(route.version, []).append(f"{route.edition} {format_share(route.share)}")
    return found


def format_share(share: float) -> str:
    """Format the share of a route; 0 is shadow traffic."""
    return f"{100 * share:g}%" if share else "shadow"


def style_aliases(aliases: Sequence[str]) -> Text:
    """Join aliases, each in its colour."""
    return Text(", ").join(Text(alias, _ALIAS_STYLES.get(alias, "")) for alias in aliases)


def primary_metrics(name: str, measured: Iterable[str]) -> tuple[str, ...]:
    """Return the metrics that tables show; of a model that is no task's, the first two that were measured."""
    task = find_task(name)
    return task.table_metrics if task is not None else tuple(dict.fromkeys(measured))[:2]


def sort_metrics(name: str, measured: Iterable[str]) -> list[str]:
    """Return the measured metrics without duplicates, the primary ones first."""
    names = list(dict.fromkeys(measured))
    first = [metric for metric in primary_metrics(name, names) if metric in names]
    return first + [metric for metric in names if metric not in first]
