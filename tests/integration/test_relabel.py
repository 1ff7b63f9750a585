"""`raasid relabel` from end to end: one stored version becomes another."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from integration_runs import RunCli, only_run

from raasid.footage.records import Clip, Fact, Footage, Frame, Provenance
from raasid.footage.store import DatasetStore
from raasid.footage.version import DatasetVersion

PLAIN: dict[str, Fact] = {
    "segment": "hand",
    "goalkeeper": False,
    "in_own_area": True,
    "deliberate": False,
    "bigger": False,
    "above_shoulder": False,
    "own_deflection": False,
    "close_range": False,
    "falling_support": False,
    "scored": "no",
    "chance": "no",
    "team_mate": "no",
    "denied": "nothing",
}
SCENARIOS: dict[str, dict[str, Fact]] = {
    "assist": {"team_mate": "goal", "in_own_area": False},
    "deliberate": {"deliberate": True},
    "jump": {"bigger": True, "justified": True},
    "tucked": {},
    "undetermined": {"bigger": True},
}


@pytest.fixture
def source(tmp_path: Path) -> DatasetVersion:
    """Two clips per scenario and one clip without facts; no clip has a ruling."""
    clips = []
    for number, (name, facts) in enumerate([*SCENARIOS.items(), ("other", None)]):
        for copy in range(2 if facts is not None else 1):
            image = tmp_path / "given" / f"{name}{copy}.png"
            image.parent.mkdir(exist_ok=True)
            cv2.imwrite(str(image), np.full((36, 64, 3), 20 * number + copy, np.uint8))
            frame = Frame(0, image, 64, 36)
            known = {} if facts is None else PLAIN | facts
            tags = (f"scenario_{name}",)
            provenance = Provenance("test", match=f"m{number}")
            clips.append(Clip(f"{name}{copy}", (frame,), provenance, facts=known, tags=tags))
    return DatasetStore(tmp_path / "store").add("cup", Footage(clips), made_by="a test")


def rulings(version: DatasetVersion) -> dict[str, str | None]:
    return {clip.id: clip.ruling.decision if clip.ruling else "unruled" for clip in version.clips()}


def test_a_rule_change_flips_exactly_the_affected_clips(
    run_cli: RunCli, tmp_path: Path, source: DatasetVersion
) -> None:
    store = DatasetStore(tmp_path / "store")
    first = run_cli("relabel", "data=store", "data.dataset=cup", "law=ifab_2020_21")
    assert first.returncode == 0, first.stderr
    older = store.find("cup")
    assert older.digest != source.digest
    objects = sorted((tmp_path / "store/objects").rglob("*"))

    second = run_cli("relabel", "data=store", f"data.dataset={older.ref}", "law=ifab_2021_22")
    assert second.returncode == 0, second.stderr
    newer = store.find("cup")
    before, after = rulings(older), rulings(newer)

    assert {name for name in before if before[name] != after[name]} == {
        *("assist0", "assist1", "jump0", "jump1"),
        *("undetermined0", "undetermined1"),  # whether the arm was justified is not annotated
    }
    assert after["undetermined0"] is None
    assert after["other0"] == "unruled"
    assert list(newer.manifest["parents"]) == [older.digest]
    assert {clip.provenance.law_edition for clip in newer.clips() if clip.facts} == {"ifab_2021_22"}
    assert sorted((tmp_path / "store/objects").rglob("*")) == objects, "media were copied again"
    assert newer.find_damage() == {}

    output = second.stdout
    assert "10 clips ruled from their facts, 1 without facts kept" in output
    assert "flipped: 4\n  assist0 assist1 jump0 jump1\n" in output
    assert "abstained: 2\n  missing fact  clips\n  justified         2\n" in output
    assert "  offence, penalty           no offence      2\n" in output
    assert output.splitlines()[-1] == f"next: raasid data diff {older.ref} {newer.ref}"


def test_repeating_it_stores_nothing_and_reports_that(
    call_cli: RunCli, tmp_path: Path, source: DatasetVersion
) -> None:
    words = ("data=store", f"data.dataset={source.ref}", "law=ifab_2019_20", "name=season")
    call_cli("relabel", *words)
    (version,) = DatasetStore(tmp_path / "store").versions("season")
    again = call_cli(
        "relabel", "data=store", f"data.dataset={version.ref}", "law=ifab_2019_20", "name=season"
    )

    assert again.returncode == 0, again.stderr
    assert f"{version.ref} already has these rulings" in again.stdout
    assert DatasetStore(tmp_path / "store").versions("season") == [version]


@pytest.mark.usefixtures("source")
def test_seasons_can_be_swept(call_cli: RunCli, tmp_path: Path) -> None:
    done = call_cli(
        "relabel", "-m", "data=store", "data.dataset=cup", "law=ifab_2019_20,pl_2020_10", "name=swept"
    )

    assert done.returncode == 0, done.stderr
    versions = DatasetStore(tmp_path / "store").versions("swept")
    assert {v.clips()[0].provenance.law_edition for v in versions} == {"ifab_2019_20", "pl_2020_10"}


def test_footage_outside_the_store_is_stored_as_the_parent(call_cli: RunCli, tmp_path: Path) -> None:
    root = tmp_path / "given"
    (root / "images/train").mkdir(parents=True)
    cv2.imwrite(str(root / "images/train/a.png"), np.full((64, 96, 3), 90, np.uint8))
    (root / "data.yaml").write_text("train: images/train\nnames: [ball]\n")
    done = call_cli("relabel", "data=yolo", f"data.root={root}", "name=cup", "law=ifab_2021_22")

    assert done.returncode == 0, done.stderr
    assert "0 clips ruled from their facts, 1 without facts kept as they were" in done.stdout
    assert len(DatasetStore(tmp_path / "store").versions("cup")) == 1
    assert json.loads((only_run(tmp_path, "relabel") / "quarantine.json").read_text())["left_out"] == 0


@pytest.mark.parametrize(
    ("words", "edition"), [((), "ifab_2026_27"), (("law=ifab_2021_22",), "ifab_2021_22")]
)
def test_the_configuration_of_a_season_can_be_shown(
    call_cli: RunCli, words: tuple[str, ...], edition: str
) -> None:
    done = call_cli("relabel", "--cfg", "job", *words)

    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout)["law"] == {"edition": edition}


@pytest.mark.parametrize("options", [(), ("--cfg", "job")])
def test_an_unknown_season_is_status_2(call_cli: RunCli, options: tuple[str, ...]) -> None:
    done = call_cli("relabel", *options, "law=ifab_2021_23")

    assert done.returncode == 2
    assert "no such option: 'ifab_2021_23'; did you mean 'ifab_2021_22'?" in done.stderr
    assert "Traceback" not in done.stderr
