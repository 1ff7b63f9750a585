"""Every setting of a league has its named effect and no other."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from raasid.datasets.source_configs import SyntheticDataConfig
from raasid.footage.records import Clip, Visibility
from raasid.synthetic.generate import generate
from raasid.synthetic.label_clip import label_clip
from raasid.synthetic.league import League, ScenarioName, ShiftName
from raasid.synthetic.match_setting import build_match_setting
from raasid.synthetic.render_clip import render_clip
from raasid.synthetic.scenarios.registry import SCENARIOS, PriorImpossible, scenario_of
from raasid.synthetic.shifts.registry import SHIFTS

LEAGUE = League(matches=2, clips_per_match=2, frames_per_clip=2, stride=1, size=(320, 180), seed=3)
NOISY = LEAGUE.replace(missing_balls=0.3, box_jitter=0.05, swapped_wrists=0.3)


def clips(league: League, count: int = 4) -> list[Clip]:
    return [label_clip(league, match, 0) for match in range(count)]


def test_leagues_without_later_settings_keep_their_digests() -> None:
    first = League(matches=24, clips_per_match=8, frames_per_clip=6, stride=1)
    assert first.digest() == "64bc95d6d1f83c397dbb715a2a2a4d26b471b2a5cd5ec70aced6fa175fc138b6"


@pytest.mark.parametrize(
    "change",
    [
        {"scenario_share": 0.5},
        {"scenarios": ("chest",)},
        {"handball_prior": 0.1},
        {"unseen_share": 0.1},
        {"scenario_frames": 12},
        {"scenario_ball_px": 15.0},
        {"occlusion": 0.5},
        {"camera_height_m": (10.0, 12.0)},
        {"slow_motion": 2.0},
        {"missing_balls": 0.1},
        {"box_jitter": 0.1},
        {"swapped_wrists": 0.1},
    ],
)
def test_the_digest_changes_with_every_setting(change: dict[str, object]) -> None:
    assert LEAGUE.replace(**change).digest() != LEAGUE.digest()


def test_a_league_mixes_scripted_clips_and_open_play(tmp_path: Path) -> None:
    league = LEAGUE.replace(matches=3, scenario_share=0.5, scenario_frames=5)
    found = generate(league, tmp_path, workers=2)
    scripted = [clip for clip in found if clip.facts]
    assert 0 < len(scripted) < len(found)
    assert all(len(clip.frames) == (5 if clip.facts else 2) for clip in found)
    for clip in scripted:
        match, number = (int(part) for part in clip.id.split("-")[-2:])
        assert clip.tags[1] == f"scenario_{scenario_of(league, match, number)}"
    assert {clip.provenance.camera for clip in scripted} == {"close_up"}
    moments = [clip.events[0].frame for clip in scripted]
    assert all(
        clip.contact is None or clip.contact.frame == m for clip, m in zip(scripted, moments, strict=True)
    )


def test_open_play_does_not_change_when_other_clips_are_scripted() -> None:
    league = LEAGUE.replace(scenario_share=0.5)
    open_play = [(m, c) for m in range(2) for c in range(4) if scenario_of(league, m, c) is None]
    assert open_play
    match, clip = open_play[0]
    images, record = render_clip(league, match, clip)
    plain, same = render_clip(LEAGUE, match, clip)
    assert record == same
    assert all(np.array_equal(a, b) for a, b in zip(images, plain, strict=True))


def test_a_scripted_clip_shows_arms_and_ball_in_close_up() -> None:
    league = LEAGUE.replace(size=(640, 360), scenario_share=1.0, scenarios=("arm_out",))
    for match in range(3):
        _, clip = render_clip(league, match, 0, moment_only=True)
        (frame,) = clip.frames
        assert clip.contact is not None
        assert frame.index == clip.contact.frame
        (person,) = [p for p in frame.persons if p.track == clip.contact.person]
        assert 12 <= min(frame.balls[0].w, frame.balls[0].h) <= 32
        side = 0 if clip.contact.side == "left" else 1
        assert person.keypoints[7 + side][2] > 0
        assert person.keypoints[9 + side][2] > 0


def test_occlusion_hides_the_ball_more_often() -> None:
    def covered_share(occlusion: float) -> float:
        league = LEAGUE.replace(frames_per_clip=1, occlusion=occlusion)
        frames = chain.from_iterable(clip.frames for clip in clips(league, 24))
        balls = [frame.balls[0] for frame in frames if frame.balls]
        return float(np.mean([ball.visibility in {Visibility.HIDDEN, Visibility.PARTLY} for ball in balls]))

    assert covered_share(1.0) > covered_share(0.0) + 0.25


def test_cameras_are_within_the_configured_heights() -> None:
    heights = [
        build_match_setting(3, m, (320, 180), camera_height_m=(12.0, 14.0)).mount.centre[2] for m in range(6)
    ]
    assert all(12 <= height <= 14 for height in heights)
    assert len(set(heights)) == 6


def test_label_noise_changes_labels_and_no_image() -> None:
    images, noisy = render_clip(NOISY, 1, 1)
    clean, true = render_clip(LEAGUE, 1, 1)
    assert all(np.array_equal(a, b) for a, b in zip(images, clean, strict=True))
    assert noisy != true
    assert noisy == render_clip(NOISY, 1, 1)[1]
    assert [f.image for f in noisy.frames] == [f.image for f in true.frames]


def test_label_errors_have_the_configured_rates() -> None:
    pairs = [
        (a, b)
        for noisy, true in zip(clips(NOISY, 30), clips(LEAGUE, 30), strict=True)
        for a, b in zip(noisy.frames, true.frames, strict=True)
    ]
    lost = [not a.balls for a, b in pairs if len(b.balls) == 1 and b.balls[0].visible]
    assert np.mean(lost) == pytest.approx(0.3, abs=0.16)
    people = [(p, q) for a, b in pairs for p, q in zip(a.persons, b.persons, strict=True)]
    swapped = [
        p.keypoints[9] == q.keypoints[10] and p.keypoints[10] == q.keypoints[9]
        for p, q in people
        if q.keypoints[9] != q.keypoints[10]
    ]
    assert np.mean(swapped) == pytest.approx(0.3, abs=0.08)
    moved = [abs(p.box[0] - q.box[0]) / q.box[2] for p, q in people if q.box[0] > 20 and q.box[2] > 9]
    assert np.mean(moved) == pytest.approx(0.04, abs=0.015)
    for person, _ in people:
        x, y, w, h = person.box
        assert x >= 0
        assert y >= 0
        assert x + w <= 320.01
        assert y + h <= 180.01


def test_a_prior_over_one_kind_of_scenario_is_an_error() -> None:
    league = LEAGUE.replace(scenario_share=1.0, scenarios=("chest",), handball_prior=0.2)
    with pytest.raises(PriorImpossible, match="chest"):
        scenario_of(league, 0, 0)


def test_the_schema_lists_every_scenario_and_every_suite() -> None:
    assert get_args(ScenarioName) == tuple(SCENARIOS)
    assert get_args(ShiftName) == tuple(SHIFTS)


def test_the_data_section_becomes_a_league() -> None:
    section = SyntheticDataConfig(matches=30, ball_px=9, shift="fog", size=(320, 184))
    assert section.to_league(section.size, seed=4) == League(
        matches=30, ball_px=9, shift="fog", size=(320, 184), seed=4
    )
