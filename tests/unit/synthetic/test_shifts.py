"""Every suite changes nothing at intensity 0 and more at every step; labels stay exact."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from raasid.footage.records import Clip
from raasid.laws.decide import decide
from raasid.laws.facts import read_facts
from raasid.synthetic.arrays import Image
from raasid.synthetic.league import League
from raasid.synthetic.match_setting import build_match_setting
from raasid.synthetic.render_clip import render_clip
from raasid.synthetic.scenarios.registry import SCENARIOS, scenario_of
from raasid.synthetic.shifts.registry import SHIFTS, build_shift

LEAGUE = League(size=(320, 180), seed=11, scenario_share=1.0, scenarios=("arm_out",), scenario_frames=8)
MOVES = {"camera_height", "camera_zoom", "frame_rate", "slow_motion", "mirror", "prior", "unseen_scenario"}
SAME_GEOMETRY = sorted(set(SHIFTS) - MOVES)


@lru_cache(maxsize=64)
def shifted(name: str | None, intensity: int, match: int = 0) -> tuple[Image, Clip]:
    league = LEAGUE.replace(shift=name, shift_intensity=intensity)
    (image,), clip = render_clip(league, match, 0, moment_only=True)
    return image, clip


def steps(name: str, match: int = 0) -> list[tuple[Image, Clip]]:
    return [shifted(name if k else None, k, match) for k in range(4)]


def rising(values: list[float]) -> bool:
    return all(b > a for a, b in pairwise(values))


def far_from_clean(name: str) -> list[float]:
    clean = shifted(None, 0)[0].astype(float)
    return [float(np.abs(image - clean).mean()) for image, _ in steps(name)]


@pytest.mark.parametrize("name", sorted(SHIFTS))
def test_intensity_0_is_the_unshifted_league_to_the_last_byte(name: str) -> None:
    unshifted, same = LEAGUE, LEAGUE.replace(shift=name, shift_intensity=0)
    assert unshifted.digest() == same.digest()
    (image,), clip = render_clip(same, 0, 0, moment_only=True)
    assert np.array_equal(image, shifted(None, 0)[0])
    assert clip == shifted(None, 0)[1]


@pytest.mark.parametrize("name", sorted(SHIFTS))
def test_a_shift_is_in_the_tags_and_in_the_digest(name: str) -> None:
    leagues = [LEAGUE.replace(shift=name, shift_intensity=k) for k in range(4)]
    assert len({league.digest() for league in leagues}) == 4
    if name != "prior":
        assert f"shift_{name}_2" in shifted(name, 2)[1].tags


@pytest.mark.parametrize("name", SAME_GEOMETRY)
def test_labels_do_not_change_where_only_the_appearance_does(name: str) -> None:
    for _, clip in steps(name):
        (frame,), (clean,) = clip.frames, shifted(None, 0)[1].frames
        assert clip.facts == shifted(None, 0)[1].facts
        assert clip.contact == shifted(None, 0)[1].contact
        # a longer exposure draws a streak out, so that its middle moves a little
        assert [b.x for b in frame.balls] == pytest.approx([b.x for b in clean.balls], abs=1.5)
        points = [[k[:2] for k in p.keypoints if k[2]] for p in frame.persons]
        assert points == [[k[:2] for k in p.keypoints if k[2]] for p in clean.persons]


def test_night_grows_darker_and_noisier() -> None:
    assert rising([-float(image.mean()) for image, _ in steps("night")[1:]])
    noise = [build_match_setting(11, 0, (320, 180), build_shift("night", k)).sensor.noise for k in range(4)]
    assert rising(noise)


@pytest.mark.parametrize("name", ["rain", "snow", "fog", "bitrate", "league_style", "kit_clash"])
def test_the_image_differs_more_from_the_clean_one_at_every_step(name: str) -> None:
    assert rising(far_from_clean(name))


def test_rain_has_more_streaks() -> None:
    def upright(image: Image) -> float:
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
        return float(np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0)).mean())

    assert rising([upright(image) for image, _ in steps("rain")[1:]])


def test_snow_is_white_and_the_ball_orange() -> None:
    whiteness = [float(image.min(axis=2).mean()) for image, _ in steps("snow")]
    assert rising(whiteness)
    blue, _, red = build_match_setting(11, 0, (320, 180), build_shift("snow", 1)).ball.ground
    assert red > 3 * blue


def test_fog_reduces_contrast() -> None:
    assert rising([-float(image.std()) for image, _ in steps("fog")])


def test_a_low_bitrate_removes_detail() -> None:
    def detail(image: Image) -> float:
        return float(cv2.Laplacian(image, cv2.CV_32F).std())

    assert rising([-detail(image) for image, _ in steps("bitrate")])


def test_cameras_are_higher_at_every_step() -> None:
    heights = [build_match_setting(11, 0, (320, 180), build_shift(None, 0), None).mount.centre[2]]
    for k in (1, 2, 3):
        league = build_shift("camera_height", k).change_league(LEAGUE)
        heights.append(
            build_match_setting(11, 0, (320, 180), camera_height_m=league.camera_height_m).mount.centre[2]
        )
    assert rising([float(h) for h in heights])


def test_wider_lenses_make_the_ball_smaller() -> None:
    assert rising(
        [-min(clip.frames[0].balls[0].w, clip.frames[0].balls[0].h) for _, clip in steps("camera_zoom")]
    )


def test_kits_become_more_similar_to_the_grass() -> None:
    settings = [
        build_match_setting(11, 0, (320, 180), build_shift("kit_clash" if k else None, k)) for k in range(4)
    ]
    gap = [float(np.linalg.norm(np.array(v.kits.home.shirt) - np.array(v.turf.green))) for v in settings]
    assert rising([-g for g in gap])


def test_fewer_frames_a_second_and_longer_streaks() -> None:
    rates = [clip.frame_rate_hz for _, clip in steps("frame_rate")]
    assert rates == pytest.approx([25, 25 / 1.5, 12.5, 25 / 3])
    shutters = [
        build_match_setting(11, 0, (320, 180), build_shift("frame_rate", k)).sensor.shutter_s
        for k in range(4)
    ]
    assert rising(shutters)


def test_slow_motion_raises_the_replay_speed() -> None:
    clips = [clip for _, clip in steps("slow_motion")]
    assert [clip.provenance.replay_speed for clip in clips] == [1.0, 1.5, 2.0, 3.0]
    assert [clip.frame_rate_hz for clip in clips] == [25.0, 37.5, 50.0, 75.0]


def test_mirrored_clips_are_mirrored_with_their_labels() -> None:
    image, clip = shifted("mirror", 3)
    clean, truth = shifted(None, 0)
    assert np.array_equal(image, clean[:, ::-1])
    assert truth.contact is not None
    assert clip.contact is not None
    assert {truth.contact.side, clip.contact.side} == {"left", "right"}
    for person, true in zip(clip.frames[0].persons, truth.frames[0].persons, strict=True):
        x, y, v = true.keypoints[9]
        if v:
            assert person.keypoints[10] == (pytest.approx(320 - x), y, v)
    flipped = []
    for k in range(4):
        league = LEAGUE.replace(shift="mirror", shift_intensity=k)
        pairs = [
            [render_clip(which, 0, c, moment_only=True)[0][0] for which in (league, LEAGUE)] for c in range(6)
        ]
        flipped.append(sum(not np.array_equal(*pair) for pair in pairs))
    assert flipped == sorted(flipped)
    assert flipped[0] == 0
    assert flipped[-1] == 6


def test_offences_become_rarer() -> None:
    whole = LEAGUE.replace(scenarios=())
    shares = []
    for k in range(1, 4):
        league = build_shift("prior", k).change_league(whole)
        names = [scenario_of(league, match, clip) for match in range(40) for clip in range(20)]
        shares.append(np.mean([SCENARIOS[str(name)].offence is True for name in names]))
    assert shares == pytest.approx([0.20, 0.08, 0.03], abs=0.035)


def test_unseen_scenarios_become_more_frequent() -> None:
    whole = LEAGUE.replace(scenarios=())
    shares = []
    for k in range(4):
        league = build_shift("unseen_scenario" if k else None, k).change_league(whole)
        names = [scenario_of(league, match, clip) for match in range(20) for clip in range(10)]
        shares.append(float(np.mean([not SCENARIOS[str(name)].training for name in names])))
    assert rising(shares)
    assert shares[0] == 0
    assert shares[3] == 1


def test_a_change_of_law_changes_rulings_and_no_image() -> None:
    differ = []
    for k in range(4):
        count = 0
        for name in SCENARIOS:
            league = LEAGUE.replace(scenarios=(name,), shift="law_change" if k else None, shift_intensity=k)
            images, clip = render_clip(league, 0, 0, moment_only=True)
            today = decide(read_facts(clip.facts), "ifab_2026_27")
            count += clip.ruling is not None and (clip.ruling.decision, clip.ruling.sanction) != (
                today.decision,
                today.sanction,
            )
            if name == "arm_out":
                assert np.array_equal(images[0], shifted(None, 0)[0])
        differ.append(count)
    assert differ[0] == 0
    assert differ == sorted(differ)
    assert differ[2] > 0


def test_an_unknown_suite_or_intensity_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValidationError, match="'night', 'rain'"):
        League.model_validate({"shift": "nigth", "shift_intensity": 1})
    with pytest.raises(ValidationError, match="less than or equal to 3"):
        League(shift="night", shift_intensity=4)
