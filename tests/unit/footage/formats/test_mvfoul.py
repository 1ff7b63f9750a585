"""SoccerNet-MVFoul and its pitfalls: URLs, severities, spellings, missing clips, slow motion, seasons."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from fuzzing import SEEDS
from small_videos import write_video

from raasid.errors import DataRootMissing, NoUsableSamples
from raasid.footage.formats.mvfoul import INCIDENT_FRAME, parse_labels, read
from raasid.footage.formats.parsing.json_reader import JsonUnreadable
from raasid.footage.records import Clip, Event
from raasid.footage.splits import split_by_match
from raasid.laws.edition import Ruling


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SEEDS / "mvfoul", tmp_path / "mvfoul"))


def clips(root: Path, **options: Any) -> dict[str, Clip]:
    return {clip.id: clip for clip in read(root, **options).clips}


def reasons(root: Path) -> list[str]:
    return [entry.reason for entry in read(root).quarantine]


def change(root: Path, key: str, **values: Any) -> None:
    path = root / "Train" / "annotations.json"
    document = json.loads(path.read_text())
    document["Actions"][key] |= values
    path.write_text(json.dumps(document))


def test_every_view_of_an_incident_is_a_clip_with_its_labels(root: Path) -> None:
    clip = clips(root)["train/action_0/clip_1"]
    assert clip.events == (Event(INCIDENT_FRAME, "foul", None, ("offence",)),)
    assert clip.facts["action_class"] == "standing_tackling"
    assert clip.facts["severity"] == 3.0
    assert clip.tags == ("action_class_standing_tackling", "offence_offence", "severity_3")
    assert clip.provenance.camera == "Close-up player or field referee"
    assert [(frame.index, frame.in_video) for frame in clip.frames] == [(INCIDENT_FRAME, True)]


def test_frames_around_the_incident_are_included_on_request(root: Path) -> None:
    write_video(root / "Train" / "action_3" / "clip_0.mp4", 80)
    found = clips(root, around=12)
    assert [frame.index for frame in found["train/action_0/clip_0"].frames] == list(range(63, 88))
    assert [frame.index for frame in found["train/action_3/clip_0"].frames] == list(range(63, 80))


def test_match_season_competition_and_edition_are_parsed_from_the_url(root: Path) -> None:
    provenance = clips(root)["train/action_0/clip_0"].provenance
    assert provenance.match == "england_epl/2015-2016/2015-09-12 - 14-45 Everton 3 - 1 Chelsea"
    assert (provenance.season, provenance.competition) == ("2015-2016", "england_epl")
    assert provenance.law_edition == "ifab_2018_19"


def test_slow_motion_has_more_frames_per_second_of_play(root: Path) -> None:
    found = clips(root)
    assert found["train/action_0/clip_0"].frame_rate_hz == 25.0
    assert found["train/action_0/clip_1"].frame_rate_hz == pytest.approx(45.0)
    assert found["train/action_0/clip_1"].provenance.replay_speed == 1.8


@pytest.mark.parametrize("spelling", ["No offence", "No Offence"])
def test_both_spellings_of_no_offence_mean_the_same(root: Path, spelling: str) -> None:
    change(root, "0", Offence=spelling)
    assert clips(root)["train/action_0/clip_0"].facts["offence"] == "no_offence"


def test_only_handballs_have_a_ruling_and_the_card_comes_from_the_severity(root: Path) -> None:
    found = clips(root)
    assert found["train/action_0/clip_0"].ruling is None
    assert found["train/action_3/clip_0"].ruling == Ruling("no_offence", edition="ifab_2018_19")
    assert found["train/action_4/clip_0"].ruling == Ruling("offence", sanction="red", edition="ifab_2018_19")
    assert "handball" in found["train/action_4/clip_0"].tags


@pytest.mark.parametrize(
    ("label", "decision"),
    [
        ("Offence", "offence"),
        ("Yes", "offence"),
        ("No", "no_offence"),
        ("not an offence", "no_offence"),
        ("", None),
        ("Maybe deliberate", None),
    ],
)
def test_unknown_handball_offence_labels_are_accepted(label: str, decision: str | None) -> None:
    labels = parse_labels({"Handball": "Handball", "Handball offence": label}, pytest.fail)
    ruling = labels.ruling("ifab_2018_19")
    assert (ruling and ruling.decision) == decision
    assert any(tag.startswith("handball_offence_") for tag in labels.tags) == bool(label)


def test_clips_are_found_without_an_extension_and_in_another_case(root: Path) -> None:
    write_video(root / "Train" / "Action_0" / "Clip_0.mp4", 126)
    write_video(root / "Train" / "Action_0" / "x.mp4", 127).rename(root / "Train" / "Action_0" / "CLIP_1.MP4")
    found = clips(root)
    assert found["train/action_0/clip_0"].frames[0].image == root / "Train" / "Action_0" / "Clip_0.mp4"
    assert {frame.width for frame in found["train/action_0/clip_1"].frames} == {64}


def test_a_listed_clip_that_is_missing_is_one_note_and_its_labels_load(root: Path) -> None:
    write_video(root / "Train" / "action_0" / "clip_0.mp4", 126)
    footage = read(root)
    assert len(footage.clips) == 5
    assert footage.notes == (
        "4 of 5 clips are not there: labels alone, such as for challenge/action_7/clip_0",
    )
    assert len(footage.quarantine) == 0


def test_a_clip_that_ends_before_its_incident_or_cannot_be_opened_is_left_out(root: Path) -> None:
    write_video(root / "Train" / "action_0" / "clip_0.mp4", 70)
    (root / "Train" / "action_0" / "clip_1.mp4").write_bytes(b"no video")
    assert reasons(root) == [
        "clip ends before its incident: 70 frames, incident at 75, action '0'",
        "video cannot be read: action_0/clip_1.mp4, no video: OpenCV cannot open its 8 bytes, action '0'",
    ]


def test_the_challenge_split_has_no_labels_and_still_loads(root: Path) -> None:
    footage = read(root)
    clip = next(clip for clip in footage.clips if clip.id == "challenge/action_7/clip_0")
    assert (clip.facts, clip.tags, clip.ruling, clip.provenance.reviewed) == ({}, (), None, False)
    assert footage.splits["challenge"] == ["challenge/action_7/clip_0"]


def test_a_single_split_may_be_the_root(root: Path) -> None:
    footage = read(root / "Train")
    assert footage.splits == {"train": [clip.id for clip in footage.clips]}
    assert footage.clips[0].id == "train/action_0/clip_0"


def test_published_splits_divide_matches_and_can_be_kept(root: Path) -> None:
    (root / "Test").mkdir()
    text = (root / "Train" / "annotations.json").read_text().replace('"train"', '"test"')
    (root / "Test" / "annotations.json").write_text(text)
    (root / "Challenge" / "annotations.json").unlink()
    by_match, by_action = read(root), read(root, group="action")
    assert by_match.splits == by_action.splits
    assert len(split_by_match(by_match.clips, by_match.splits, 0, 0).train) == 0
    assert len(split_by_match(by_action.clips, by_action.splits, 0, 0).train) == 4


def test_an_invalid_value_drops_the_value_and_an_invalid_action_drops_the_action(root: Path) -> None:
    change(root, "0", Severity="7.0", Bodypart=["Upper body"], **{"Action class": "High leg"})
    change(root, "3", Clips=[{"Url": "Dataset/Train/.."}, {"Url": 3}, None])
    change(root, "4", Clips={})
    assert reasons(root) == [
        "Bodypart is no text: ['Upper body'], action '0'",
        "Clips is no list: {}, action '4'",
        "Severity outside [1, 5]: '7.0', action '0'",
        "Url is no text: 3, action '3'",
        "Url leads out of the data root: 'Train/..', action '3'",
        "clip is no object: None, action '3'",
    ]
    assert clips(root)["train/action_0/clip_0"].facts["action_class"] == "high_leg"


@pytest.mark.parametrize("speed", [0, -1, "fast", 1e9])
def test_an_impossible_replay_speed_is_rejected(root: Path, speed: object) -> None:
    change(root, "3", Clips=[{"Url": "Dataset/Train/action_3/clip_0", "Replay speed": speed}])
    assert reasons(root)[0].startswith("Replay speed")


def test_a_truncated_file_is_left_out_but_alone_is_an_error(root: Path) -> None:
    (root / "Challenge" / "annotations.json").write_text('{"Set": "challenge",\n')
    footage = read(root)
    assert [(e.path, e.line, e.kind) for e in footage.quarantine] == [
        ("Challenge/annotations.json", 2, "not valid JSON")
    ]
    shutil.rmtree(root / "Train")
    with pytest.raises(JsonUnreadable, match="line 2"):
        read(root)


def test_an_empty_and_a_missing_root_are_typed_errors(tmp_path: Path) -> None:
    with pytest.raises(NoUsableSamples, match="expected Train"):
        read(tmp_path)
    with pytest.raises(DataRootMissing):
        read(tmp_path / "none")


def test_the_sample_loads(shared: Path) -> None:
    footage = read(shared / "data" / "formats" / "mvfoul")
    assert [clip.ruling and clip.ruling.decision for clip in footage.clips] == [None, None, "no_offence"]
    assert len(footage.quarantine) == 0
