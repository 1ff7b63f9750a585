from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from in_process import call_raasid
from registered_models import Season

from raasid.registry.outbox import Outbox, RunRef
from raasid.registry.registry import Registry
from raasid.wandb_tracking.enqueue import queue_version


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Season:
    """Read only; no test changes it."""
    return Season(tmp_path_factory.mktemp("registry_command") / "registry")


@pytest.fixture
def season_copy(tmp_path: Path) -> Season:
    """A copy that a test may change."""
    return Season(tmp_path / "registry")


def raasid(root: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return call_raasid("registry", "--registry", root, *words)


def on_a_terminal(root: Path, columns: int, *words: str) -> list[str]:
    """Output on a terminal of this width, without colours."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb") as screen:
        started = subprocess.Popen(
            [sys.executable, "-m", "raasid", "registry", "--registry", str(root), *words],
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "COLUMNS": str(columns), "TERM": "xterm-256color"},
        )
        os.close(theirs)
        shown = bytearray()
        try:
            while part := screen.read1(65536):
                shown += part
        except OSError:  # raised by Linux when the other end of a terminal is closed
            pass
        assert started.wait(30) == 0
    return [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in shown.decode().splitlines()]


def test_versions_are_listed_from_the_newest_with_their_primary_metrics(season: Season) -> None:
    done = raasid(season.registry.root, "ls", "ball_model")

    title, head, *rows = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert title == "ball_model, 3 versions"
    assert head.split()[:5] == ["version", "alias", "detection_rate", "false_positives", "serves"]
    assert head.split()[5:] == ["registered", "(UTC)", "size", "data", "by", "run"]
    assert [row.split()[0] for row in rows] == [str(version) for version in season.ball[::-1]]
    assert [row.split()[1] for row in rows] == ["challenger", "champion", "previous"]
    assert "0.900 [0.860, 0.940]" in rows[0]
    assert "* 25%" in rows[0]
    assert "306 frames 33333333" in rows[0]
    assert "anna@gpu07" in rows[0]
    assert "2026-11-18_10-00-03_b8f4e4" in rows[0]
    assert f"next: raasid registry show ball_model --registry {season.registry.root}" in done.stderr


def test_without_a_name_every_model_has_its_table(season: Season) -> None:
    shown = raasid(season.registry.root, "ls", "-n", "1").stdout
    assert [part.splitlines()[0] for part in shown.split("\n\n")] == [
        "ball_model, the newest 1 of 3",
        "context_model, 1 version",
        "pose_model, 1 version",
    ]
    assert str(season.ball[1]) not in shown


def test_a_missing_registry_is_empty(tmp_path: Path) -> None:
    for words in (["ls"], ["log"], ["gc"], ["fsck"]):
        done = raasid(tmp_path / "nowhere", *words)
        assert done.returncode == 0, done.stderr
    assert "no version in" in raasid(tmp_path / "nowhere", "ls").stderr
    assert not (tmp_path / "nowhere").exists()


def test_a_version_is_shown_with_all_recorded_fields(season: Season) -> None:
    registry, version = season.registry, season.ball[2]
    season_file = registry.versions("ball_model").manifest(version).files["card.json"]

    shown = raasid(registry.root, "show", "ball_model", "challenger").stdout

    paragraphs = {part.splitlines()[0]: part.splitlines()[1:] for part in shown.split("\n\n")}
    heading = paragraphs[f"ball_model {version}  challenger"]
    assert "  serves      * 25%" in heading
    assert "  reason      training 3" in heading
    assert [line.split()[0] for line in paragraphs["metrics on held-out matches"]] == [
        *("detection_rate", "false_positives", "precision")
    ]
    assert paragraphs["metrics on held-out matches"][0].endswith("0.9000 [0.8600, 0.9400]")
    assert paragraphs["data"][1].split() == ["train", "6", "306"]
    assert paragraphs["data"][-1].split() == ["labels_sha256", "3" * 64]
    assert paragraphs["lineage"][-1].split() == [
        *("init_from", "ball_model", str(season.ball[1]), "000000000000", "run2/best.ckpt")
    ]
    config = paragraphs[f"config against {season.ball[1]}, whose weights it began with"]
    assert [line.split() for line in config[1:]] == [["seed", "2", "3"]]
    assert paragraphs["files"][1].split() == ["card.json", str(season_file.bytes), "B", season_file.sha256]


def test_weights_of_no_version_are_called_foreign(season: Season) -> None:
    lines = raasid(season.registry.root, "show", "context_model").stdout.splitlines()
    assert [line.split()[:3] for line in lines if line.startswith(("  ball ", "  pose "))] == [
        ["ball", "ball_model", str(season.ball[1])],
        ["pose", "not", "in"],
    ]


def test_without_a_reference_the_champion_is_shown_else_the_newest(season: Season) -> None:
    for name, version in (("ball_model", season.ball[1]), ("pose_model", season.pose)):
        assert raasid(season.registry.root, "show", name).stdout.startswith(f"{name} {version}")


def test_later_measurements_are_shown_with_their_interval(season_copy: Season) -> None:
    season_copy.measured(season_copy.ball[1], 0.5, "rain")
    season_copy.measured(season_copy.ball[1], 0.6, "more rain")

    shown = raasid(season_copy.registry.root, "show", "ball_model").stdout.split("\n\n")[2].splitlines()
    assert shown[0] == "measured later"
    assert [line.split()[-2] for line in shown[2:]] == ["rain", "rain"]
    assert "0.6000 [0.5000, 0.7000]" in shown[2]
    assert "test 42 frames abababab  more rain  anna@gpu07" in shown[2]

    every = raasid(season_copy.registry.root, "show", "ball_model", "--all").stdout
    assert re.search(
        r"on test 42 frames abababab: rain\n  detection_rate +0.5000 \[0.4000, 0.6000\]\n  ece", every
    )


def test_measurements_on_the_same_footage_are_compared_the_newest_of_each(season_copy: Season) -> None:
    old, new = season_copy.ball[:2]
    for version, rate in ((old, 0.1), (old, 0.3), (new, 0.8)):
        season_copy.measured(version, rate, "rain")
    season_copy.measured(new, 0.9, "snow", labels="cd" * 32)

    shown = raasid(season_copy.registry.root, "diff", "ball_model", str(old), str(new)).stdout

    part = shown.split("\n\n")[2].splitlines()
    assert part[0] == "measured later on test 42 frames abababab"
    assert part[2].split() == (
        ["detection_rate", "0.300", "[0.200,", "0.400]", "0.800", "[0.700,", "0.900]", "+0.500", "apart"]
    )
    assert "cdcdcdcd" not in shown
    assert "different footage" in shown  # each version was first measured on frames of its own


def test_two_versions_are_compared(season: Season) -> None:
    first, _, third = map(str, season.ball)
    lines = raasid(season.registry.root, "diff", "ball_model", first, "latest").stdout.splitlines()
    assert lines[0] == f"ball_model {first} and {third}"
    words = [line.split() for line in lines]
    assert [
        "detection_rate",
        "0.700",
        "[0.660,",
        "0.740]",
        "0.900",
        "[0.860,",
        "0.940]",
        "+0.200",
        "apart",
    ] in words
    assert words[4][-2:] == ["-0.200", "overlap"]
    assert ["precision", "0.900", "0.900", "+0.000"] in words
    assert ["seed", "1", "3"] in words
    assert ["labels_sha256", "1" * 12, "3" * 12] in words
    assert any(line[:1] == ["card.json"] for line in words)
    assert not any(line[:1] == ["notes.md"] for line in words)
    assert not any("optimizer" in line for line in lines)


def test_the_log_has_author_old_value_new_value_and_reason(season_copy: Season) -> None:
    season_copy.registry.announce(
        "alias", {"name": "pose_model", "alias": "champion", "version": None}, "cut short"
    )

    lines = raasid(season_copy.registry.root, "log", "-n", "3").stdout.splitlines()
    assert lines[1].split("  ")[-1] == "anna@gpu07"
    assert "routes: * ball_model" in lines[1]
    assert len(lines) == 4
    ball = raasid(season_copy.registry.root, "log", "ball_model").stdout
    assert f"ball_model champion = {season_copy.ball[1]} (was {season_copy.ball[0]})" in ball
    assert "better at night" in ball
    assert "pose_model" not in ball
    assert "cut short" not in raasid(season_copy.registry.root, "log", "pose_model").stdout
    assert "champion = none (not carried out)" in raasid(season_copy.registry.root, "log", "--all").stdout


def test_queued_uploads_are_listed_on_request_and_stay_queued(
    season_copy: Season, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    outbox = Outbox(season_copy.registry)
    queue_version(
        outbox, "pose_model", season_copy.pose, RunRef(id="r7", project="raasid"), None, "training 7"
    )

    assert "r7" not in raasid(season_copy.registry.root, "log").stdout
    assert "for wandb: run r7" in raasid(season_copy.registry.root, "log", "--all").stdout
    done = raasid(season_copy.registry.root, "sync")
    assert done.returncode == 1
    assert f"would send {outbox.queued} to W&B" in done.stdout
    assert "WANDB_MODE=offline" in done.stdout
    assert f"{outbox.queued} entries of the outbox" in done.stderr
    assert outbox.sent == 0


def test_an_alias_is_set_removed_and_protected_from_concurrent_changes(season_copy: Season) -> None:
    root, third = season_copy.registry.root, str(season_copy.ball[2])
    done = raasid(
        root,
        "alias",
        "ball_model",
        "champion",
        "latest",
        "--reason",
        "won",
        "--expect",
        str(season_copy.ball[1]),
    )
    assert done.stdout == f"ball_model champion = {third} (was {season_copy.ball[1]})\n"
    assert str(Registry(root).alias("ball_model", "champion")) == third

    late = raasid(
        root, "alias", "ball_model", "champion", str(season_copy.ball[0]), "--reason", "x", "--expect", "none"
    )
    assert (late.returncode, late.stdout) == (1, "")
    assert f"expected none, found {third}" in late.stderr

    done = raasid(root, "alias", "ball_model", "champion", "none", "--reason", "withdrawn")
    assert done.returncode == 0, done.stderr
    assert Registry(root).alias("ball_model", "champion") is None


def test_damage_is_named_line_by_line_and_is_status_1(season_copy: Season) -> None:
    root = season_copy.registry.root
    sound = raasid(root, "fsck")
    assert sound.returncode == 0, sound.stderr
    assert sound.stdout == "5 versions, 6 objects, 1 routing table, 1 log file: sound\n"

    member = season_copy.registry.versions("ball_model").manifest(season_copy.ball[0]).files["card.json"]
    path = season_copy.registry.objects.path(member.sha256)
    path.write_bytes(b"x" + path.read_bytes()[1:])
    (root / "stranger.txt").write_text("?")

    for words, expected in (
        (["fsck"], [path, root / "stranger.txt"]),
        (["fsck", "--quick"], [root / "stranger.txt"]),
    ):
        done = raasid(root, *words)
        assert done.returncode == 1
        assert [line.partition(": ")[0] for line in done.stdout.splitlines()] == [
            str(each.relative_to(root)) for each in expected
        ]
        assert f"{len(expected)} finding" in done.stderr


def test_the_rest_is_still_listed_when_a_record_is_damaged(season_copy: Season) -> None:
    path = season_copy.registry.versions("ball_model").folder_of(season_copy.ball[0]) / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b"training 1", b"training 2"))
    done = raasid(season_copy.registry.root, "ls")
    assert done.returncode == 1
    assert re.search(rf"{season_copy.ball[0]} +damaged", done.stdout)
    assert "0.900 [0.860, 0.940]" in done.stdout
    assert "pose_model, 1 version" in done.stdout
    assert "raasid registry fsck" in done.stderr


def test_gc_lists_what_it_would_delete_and_deletes_only_with_yes(season_copy: Season) -> None:
    root = season_copy.registry.root
    versions = [season_copy.register("pose_model", number, {}) for number in (10, 11, 12)]
    options = ["--newest", "1", "--window", "1", "--grace-days", "0"]

    dry = raasid(root, "gc", *options)

    freed = [str(season_copy.pose), *map(str, versions[:2])]
    rows = [line for line in dry.stdout.splitlines() if line.startswith("pose_model")]
    assert sorted(row.split()[1] for row in rows) == freed
    assert "2nd newest; no alias or route named it in the last 1 records" in rows[0]
    assert dry.stdout.splitlines()[-1].endswith("would be freed; records and metrics stay")
    assert "gc --yes --newest 1 --window 1 --grace-days 0" in dry.stderr
    assert Registry(root).versions("pose_model").freed(season_copy.pose) is None

    done = raasid(root, "gc", "--yes", "--reason", "the disk is full", *options)
    assert done.returncode == 0, done.stderr
    assert Registry(root).versions("pose_model").freed(season_copy.pose) is not None
    assert "the disk is full" in raasid(root, "log", "pose_model", "-n", "1").stdout
    assert re.search(rf"{season_copy.pose} +freed", raasid(root, "ls", "pose_model").stdout)
    assert "its record is kept" in raasid(root, "show", "pose_model", str(season_copy.pose)).stdout
    assert raasid(root, "fsck").returncode == 0


def test_a_version_is_shown_the_same_in_another_registry(season_copy: Season, tmp_path: Path) -> None:
    root, file = season_copy.registry.root, tmp_path / "x.tar"
    assert raasid(root, "export", "pose_model", "latest", "-o", file).returncode == 0
    taken = raasid(tmp_path / "other", "import", file, "--reason", "to the stadium")
    assert taken.stdout == f"pose_model {season_copy.pose} imported from {file}\n"

    here, there = (raasid(folder, "show", "pose_model").stdout for folder in (root, tmp_path / "other"))
    assert here == there
    assert "to the stadium" in raasid(tmp_path / "other", "log").stdout
    again = raasid(root, "export", "pose_model", "latest", "-o", file)
    assert again.returncode == 2
    assert "is there already" in again.stderr


@pytest.mark.parametrize("columns", [80, 160])
def test_no_line_is_wider_than_the_terminal(season: Season, columns: int) -> None:
    newest = str(season.ball[2])
    for words in (
        ["ls"],
        ["log"],
        ["show", "ball_model"],
        ["diff", "ball_model", "previous", newest],
        ["fsck"],
    ):
        lines = on_a_terminal(season.registry.root, columns, *words)
        assert max(map(len, lines)) <= columns
        assert lines


def test_a_narrow_terminal_keeps_the_primary_metrics(season: Season) -> None:
    head = on_a_terminal(season.registry.root, 80, "ls", "ball_model")[1]
    assert head.split()[:4] == ["version", "alias", "detection_rate", "false_positives"]
    assert "run" not in head


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["lst"], "invalid choice"),
        (["show"], "required"),
        (["show", "bal_model"], "did you mean 'ball_model'?"),
        (["show", "ball_model", "champoin"], "did you mean 'champion'?"),
        (["show", "ball_model", "v20261118.7"], "the newest are v20261118."),
        (["show", "ball_model", "../../etc"], "is not in the registry"),
        (["show", "../ball_model"], "expected lower-case letters"),
        (["ls", "ball"], "did you mean 'ball_model'?"),
        (["ls", "-n", "0"], "from 1 to"),
        (["ls", "-n", "3", "--all"], "not allowed with"),
        (["diff", "ball_model", "champion"], "required"),
        (["alias", "ball_model", "champion", "latest"], "--reason"),
        (["alias", "ball_model", "champion", "latest", "--reason", " "], "--reason: is empty"),
        (["alias", "ball_model", "latest", "champion", "--reason", "x"], "follows from the others"),
        (["alias", "ball_model", "champion", "latest", "--reason", "x", "--expect", "v1"], "vYYYYMMDD.BUILD"),
        (["gc", "--grace-days", "nan"], "expected days"),
        (["gc", "--reason", ""], "--reason: is empty"),
        (["export", "ball_model", "champion", "-o", "/nowhere/x.tar"], "is no folder"),
        (["import", "/nowhere/x.tar"], "No such file"),
    ],
)
def test_invalid_arguments_are_status_2_with_the_nearest_names(
    season: Season, words: list[str], expected: str
) -> None:
    done = raasid(season.registry.root, *words)
    assert done.returncode == 2, done.stderr
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


QUERIES = [
    *(["ls"], ["log", "--all"], ["show", "ball_model"], ["diff", "ball_model", "previous", "latest"]),
    *(["fsck"], ["gc", "--newest", "1", "--grace-days", "0"]),
]


@pytest.mark.parametrize("harm", ["flipped", "cut", "emptied", "removed", "a folder"])
def test_no_damage_to_a_file_causes_a_traceback(season_copy: Season, harm: str) -> None:
    root = season_copy.registry.root
    season_copy.measured(season_copy.ball[1], 0.5, "rain")
    refused = 0
    for path in sorted(each for each in root.rglob("*") if each.is_file()):
        whole = path.read_bytes()
        path.unlink()
        if harm == "a folder":
            path.mkdir()
        elif harm != "removed":
            middle = len(whole) // 2
            changed = {
                "flipped": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
                if whole
                else b"x",
                "cut": whole[:middle],
                "emptied": b"",
            }
            path.write_bytes(changed[harm])
        for words in QUERIES:
            done = raasid(root, *words)
            assert done.returncode in (0, 1, 2), (path, words)
            assert done.returncode == 0 or done.stdout or done.stderr.startswith("error: ")
            refused += done.returncode == 1
        if harm == "a folder":
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
        path.write_bytes(whole)
    assert refused > 20
    assert raasid(root, "fsck").returncode == 0


def test_a_disk_error_is_status_1_and_names_the_file(season_copy: Season) -> None:
    table = season_copy.registry.root / "routes" / "00000001.json"
    table.unlink()
    table.mkdir()  # also root cannot read a folder as a file
    done = raasid(season_copy.registry.root, "ls")
    assert done.returncode == 1
    assert f"{table}: Is a directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_closed_pipe_is_no_error(season: Season) -> None:
    line = f"{sys.executable} -m raasid registry --registry {season.registry.root} log | head -1"
    done = subprocess.run(line, shell=True, capture_output=True, text=True)
    assert done.stdout.split()[:2] == ["when", "(UTC)"]
    assert done.stderr == ""
