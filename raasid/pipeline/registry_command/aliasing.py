"""`raasid registry alias`: let an alias point to another version."""

from __future__ import annotations

import argparse

from raasid.pipeline.registry_command.hints import suggest
from raasid.pipeline.registry_command.reasons import reason_of
from raasid.pipeline.registry_command.refs import find, known_model
from raasid.pipeline.registry_command.tables import print_line
from raasid.registry.names import Version, alias_name
from raasid.registry.registry import ANY, Registry

NONE = "none"


def alias(given: argparse.Namespace, registry: Registry) -> None:
    """Set it, and say what it was. Raises NoReason, NotRegistered, BadName, Overtaken, RegistryUnwritable."""
    name, held = known_model(registry, given.name), alias_name(given.alias)
    reason = reason_of(given)
    if given.expect not in (None, NONE):
        Version.parse(given.expect)
    version = None if given.ref == NONE else find(registry, name, given.ref)
    before = registry.alias(name, held)
    registry.set_alias(name, held, version, reason, given.expect or ANY)
    came = f" (was {before})" if before not in (None, version) else ""
    print_line((f"{name} {held}", "bold"), f" = {version or NONE}{came}")
    if before not in (None, version):
        suggest(given, "back", "alias", name, held, str(before), "--reason", "…")
