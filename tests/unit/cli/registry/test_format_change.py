from __future__ import annotations

from typing import Any

import pytest

from raasid.cli.registry.log import format_change
from raasid.registry.change_history import ChangeEntry


def change(action: str, changes: dict[str, Any], **more: Any) -> ChangeEntry:
    return ChangeEntry("2026-11-23T18:00:00.000+00:00", "anna", action, changes, "", True, **more)


VERSIONS = [f"m v{number}" for number in range(5)]


def route(version: str, share: float, edition: str = "*") -> dict[str, Any]:
    return {"edition": edition, "name": "ball_model", "version": version, "share": share}


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (change("register", {"name": "m"}, version="v20261123.1"), "m v20261123.1 registered"),
        (change("register", {"name": "m"}), "m a version registered"),
        (
            change("alias", {"name": "m", "alias": "champion", "version": "v2"}, before={"version": "v1"}),
            "m champion = v2 (was v1)",
        ),
        (change("alias", {"name": "m", "alias": "champion", "version": None}), "m champion = none"),
        (
            change(
                "route",
                {"routes": [route("v1", 0.75), route("v2", 0.25)]},
                before={"routes": [route("v1", 1.0)]},
            ),
            "routes: * ball_model v1 100% → 75%; * ball_model v2 25%",
        ),
        (
            change(
                "route", {"routes": [route("v2", 0.0)]}, before={"routes": [route("v1", 1.0, "ifab_2025_26")]}
            ),
            "routes: * ball_model v2 shadow; ifab_2025_26 ball_model v1 out",
        ),
        (change("route", {"routes": []}), "routes: as before"),
        (change("evaluate", {"name": "m", "version": "v1", "split": "test"}), "m v1 measured on test"),
        (change("gc", {"versions": VERSIONS, "bytes": 2000}), "2.0 kB freed: m v0, m v1, m v2 and 2 more"),
        (change("gc", {"versions": [], "bytes": 7}), "7 B freed: files of no version"),
        (change("import", {"name": "m", "version": "v1", "file": "x.tar"}), "m v1 imported from x.tar"),
        (change("note", {}), "note"),
        (change("promote", {"by": "gate"}), "promote, by gate"),
    ],
)
def test_a_change_is_described(entry: ChangeEntry, text: str) -> None:
    assert format_change(entry) == text
