"""Versions in their order, which is not that of the alphabet."""

from __future__ import annotations

from pathlib import Path

from operations import NAME, NOW, registry_at

DAY = 86_400.0


def test_the_newest_come_first_over_days_and_from_nine_to_ten(tmp_path: Path) -> None:
    made = []
    for day, count in ((0, 12), (1, 1), (2, 11)):
        registry = registry_at(tmp_path / "registry", now=NOW + day * DAY)
        made += [registry.register(NAME, {"card.json": b"[%d]" % n}) for n in range(count)]
    (tmp_path / "registry" / "models" / NAME / "versions" / "notes").mkdir()
    versions = registry_at(tmp_path / "registry").versions(NAME)
    assert list(versions.newest_first()) == sorted(made, reverse=True) == made[::-1]
    assert versions.names() == made
    assert versions.latest() == made[-1]
