from __future__ import annotations

from pathlib import Path

from operations import NAME, files, registry_at

from raasid.deploy.leakage import LeakCheck, check_leakage
from raasid.registry.lineage import VersionRef


def lineage(train, val=(), test=(), inputs=None, checkpoint=""):
    splits = {"train": train, "val": val, "test": test}
    return {
        "data": {
            **{name: {"matches": list(its), "frames": 10} for name, its in splits.items()},
            "labels_sha256": "ab" * 32,
        },
        "inputs": {role: {"path": "x", "sha256": sha256} for role, sha256 in (inputs or {}).items()},
        "outputs": {"checkpoint": {"path": "best.ckpt", "sha256": checkpoint}} if checkpoint else {},
    }


def found(check):
    return [(leak.match, leak.split, leak.model) for leak in check.leaks]


def test_training_and_validation_matches_leak_and_test_matches_do_not():
    check = check_leakage(lineage(["a", "b"], ["c"], ["d", "e"]), ["b", "c", "d", "x"])
    assert found(check) == [("b", "train", "challenger"), ("c", "val", "challenger")]
    assert str(check.leaks[0]) == "b (train of the challenger)"
    assert check_leakage(lineage(["a"], ["c"], ["d"]), ["d"]) == LeakCheck()


def test_the_additional_league_and_calibration_clips_leak_too():
    tree = lineage(["a"])
    tree["data"]["league"] = {"matches": ["synthetic-0-1"], "frames": 3}
    tree["data"]["calibration"] = {"matches": ["real-7"], "frames": 3}
    assert found(check_leakage(tree, ["real-7", "synthetic-0-1"])) == [
        ("real-7", "calibration", "challenger"),
        ("synthetic-0-1", "league", "challenger"),
    ]


def test_a_challenger_inherits_what_its_ancestors_were_trained_on(tmp_path: Path) -> None:
    registry = registry_at(tmp_path)
    old = registry.register(NAME, files(1), lineage=lineage(["old"], checkpoint="1" * 64))
    champion = registry.register(
        NAME, files(2), lineage=lineage(["new"], inputs={"init_from": "1" * 64}, checkpoint="2" * 64)
    )
    challenger = lineage(["newest"], inputs={"init_from": "2" * 64, "elsewhere": "9" * 64})
    check = check_leakage(challenger, ["old", "new"], registry)
    assert found(check) == [
        ("new", "train", f"{NAME} {champion}"),
        ("old", "train", f"{NAME} {old}"),
    ]
    assert check.unknown == (f"its elsewhere ({'9' * 12})",)
    assert found(check_leakage(challenger, ["old", "new"])) == []
    # weights that were written anew have another digest, so that the lineage alone does not name the version
    parents = [VersionRef(NAME, champion)]
    assert check_leakage(lineage(["newest"]), ["old", "new"], registry, parents).leaks == check.leaks


def test_a_version_that_was_built_on_itself_ends_the_search(tmp_path: Path) -> None:
    registry = registry_at(tmp_path)
    registry.register(NAME, files(1), lineage=lineage(["a"], inputs={"r": "1" * 64}, checkpoint="1" * 64))
    check = check_leakage(lineage(["b"], inputs={"init_from": "1" * 64}), ["a"], registry)
    assert [leak.match for leak in check.leaks] == ["a"]


def test_a_lineage_without_matches_is_unknown(tmp_path: Path) -> None:
    assert check_leakage({}, ["a"]).unknown == ("challenger",)
    assert check_leakage({"data": {"train": {"matches": 7}, "val": "odd"}}, ["a"]).unknown == ("challenger",)
    registry = registry_at(tmp_path)
    version = registry.register(NAME, files(1), lineage={"outputs": {"checkpoint": {"sha256": "1" * 64}}})
    check = check_leakage(lineage(["b"], inputs={"init_from": "1" * 64}), ["a"], registry)
    assert check == LeakCheck(unknown=(f"{NAME} {version}",))
