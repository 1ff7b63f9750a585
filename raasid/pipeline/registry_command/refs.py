"""From what was typed to a version; what is unknown is answered with what is near."""

from __future__ import annotations

from raasid.config.nearest import did_you_mean
from raasid.registry.errors import NotRegistered
from raasid.registry.names import CHAMPION, COMPUTED, LATEST, Version, model_name
from raasid.registry.registry import Registry

_NEAR = 200
"""Versions among which to look for one that was meant."""


def known_model(registry: Registry, name: str) -> str:
    """Return a model's name if it has versions. Raises NotRegistered, BadName."""
    names = registry.names()
    if name in names:
        return name
    if not names:
        raise NotRegistered(name, f"{registry.root} holds no version yet; `raasid train` registers one")
    model_name(name)
    longer = [known for known in names if known.startswith(name)]
    near = f"; did you mean '{longer[0]}'?" if len(longer) == 1 else did_you_mean(name, names)
    raise NotRegistered(name, f"its models are {', '.join(names)}{near}")


def find(registry: Registry, name: str, ref: str | None) -> Version:
    """A version from a version, an alias, `latest` or `previous`; None: the champion, else the newest.

    Raises NotRegistered, BadName.
    """
    versions = registry.versions(known_model(registry, name))
    if ref is None:
        ref = CHAMPION if registry.alias(name, CHAMPION) is not None else LATEST
    asked = Version.maybe(ref)
    if asked is not None and not versions.has(asked):
        near = [str(version) for version in versions.names()[-_NEAR:] if versions.has(version)][::-1]
        newest = f"the newest are {', '.join(near[:3])}" if near else "there is none of that model"
        raise NotRegistered(f"{name} {ref}", f"{newest}{did_you_mean(ref, near)}")
    if asked is None:
        held = registry.aliases(name)
        if ref not in held and ref != LATEST:
            told = ", ".join(f"{alias} is {version}" for alias, version in held.items()) or "no alias is set"
            raise NotRegistered(f"{name} {ref}", f"{told}{did_you_mean(ref, [*held, *COMPUTED])}")
    return registry.resolve(name, ref)
