from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from operations import NAME, files, registry_at
from paired_models import paired

from raasid.deploy.anchor import ANCHOR, find_anchor, update_anchor
from raasid.deploy.gate import judge
from raasid.deploy.leakage import LeakCheck
from raasid.deploy.options import GateOptions


def verdict(champion, challenger):
    return judge(
        paired(champion, challenger, matches=30),
        GateOptions(margin=0.05, anchor_margin=0.05),
        leakage=LeakCheck(),
    )


@pytest.fixture
def registry(tmp_path: Path):
    return registry_at(tmp_path)


@pytest.fixture
def versions(registry):
    return [registry.register(NAME, files(n)) for n in range(4)]


def test_the_champion_of_the_first_comparison_becomes_the_anchor(registry, versions):
    assert find_anchor(registry, NAME, versions[0]) is None
    assert update_anchor(registry, NAME, versions[0], versions[1], verdict(0.8, 0.5)) == versions[0]
    assert find_anchor(registry, NAME, versions[0]) is None


def test_the_anchor_moves_only_to_a_version_that_was_shown_to_be_better(registry, versions):
    update_anchor(registry, NAME, versions[0], versions[1], verdict(0.8, 0.8))
    assert find_anchor(registry, NAME, versions[1]) == versions[0]
    assert update_anchor(registry, NAME, versions[1], versions[2], verdict(0.5, 0.8)) == versions[2]
    refused = replace(verdict(0.5, 0.8), rows=(*verdict(0.5, 0.8).rows, verdict(0.8, 0.5).failures[0]))
    assert update_anchor(registry, NAME, versions[2], versions[3], refused) == versions[2]


def test_an_update_that_is_repeated_after_a_kill_writes_nothing(registry, versions):
    for _ in range(2):
        update_anchor(registry, NAME, versions[0], versions[1], verdict(0.5, 0.8))
    head = registry.alias_history(NAME, ANCHOR).head()
    assert (head.seq, head.body["version"]) == (1, str(versions[1]))
    assert "detection_rate rises" in head.body["reason"]
