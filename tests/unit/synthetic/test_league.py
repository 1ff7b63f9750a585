from __future__ import annotations

import numpy as np
import pytest

from raasid.footage.records import Clip, Visibility
from raasid.synthetic import league as module
from raasid.synthetic.arrays import Image
from raasid.synthetic.league import League
from raasid.synthetic.render_clip import render_clip

LEAGUE = League(matches=4, clips_per_match=2, frames_per_clip=2, stride=1, size=(320, 180), seed=3)


@pytest.fixture(scope="module")
def rendered() -> list[tuple[list[Image], Clip]]:
    return [render_clip(LEAGUE, match, clip) for match in range(4) for clip in range(2)]


def test_a_clip_is_the_same_whatever_was_rendered_before(rendered: list[tuple[list[Image], Clip]]) -> None:
    images, clip = render_clip(LEAGUE, 2, 1)
    again, record = rendered[5]
    assert record == clip
    assert all(np.array_equal(a, b) for a, b in zip(images, again, strict=True))


def test_images_and_labels_have_the_configured_size(rendered: list[tuple[list[Image], Clip]]) -> None:
    for images, clip in rendered:
        assert len(images) == len(clip.frames) == 2
        assert all(image.shape == (180, 320, 3) and image.dtype == np.uint8 for image in images)
        assert {(frame.width, frame.height) for frame in clip.frames} == {(320, 180)}


def test_every_box_is_inside_the_image(rendered: list[tuple[list[Image], Clip]]) -> None:
    for _, clip in rendered:
        for frame in clip.frames:
            for ball in frame.balls:
                assert ball.x - ball.w / 2 + 1e-3 >= 0
                assert ball.x + ball.w / 2 <= 320 + 1e-3
            for x, y, w, h in (person.box for person in frame.persons):
                assert x >= 0
                assert y >= 0
                assert x + w <= 320
                assert y + h <= 180


def test_people_have_seventeen_keypoints_and_unique_tracks(
    rendered: list[tuple[list[Image], Clip]],
) -> None:
    frames = [frame for _, clip in rendered for frame in clip.frames]
    assert sum(len(frame.persons) for frame in frames) > 3 * len(frames)
    for frame in frames:
        assert len({person.track for person in frame.persons}) == len(frame.persons)
        assert all(len(person.keypoints) == 17 for person in frame.persons)
    states = {v for frame in frames for person in frame.persons for _, _, v in person.keypoints}
    assert states == {0, 1, 2}


def test_a_clear_ball_is_brighter_than_the_grass_around_it() -> None:
    league = LEAGUE.replace(size=(640, 360), frames_per_clip=1)
    contrast = []
    for match in range(6):
        (image,), clip = render_clip(league, match, 0)
        ball = clip.frames[0].ball
        if (
            ball is None
            or ball.visibility != Visibility.CLEAR
            or not 20 < ball.x < 620
            or not 20 < ball.y < 340
        ):
            continue
        grey = image.mean(axis=2)
        x, y = int(ball.x), int(ball.y)
        contrast.append(
            grey[y - 1 : y + 2, x - 1 : x + 2].max() - np.median(grey[y - 16 : y + 16, x - 16 : x + 16])
        )
    assert len(contrast) >= 2
    assert np.median(contrast) > 25


def test_matches_carry_their_provenance(rendered: list[tuple[list[Image], Clip]]) -> None:
    matches = {clip.match for _, clip in rendered}
    assert matches == {f"synthetic-3-{match}" for match in range(4)}
    origin = rendered[0][1].provenance
    assert (origin.source, origin.license, origin.reviewed) == ("synthetic", "AGPL-3.0-or-later", True)


@pytest.mark.parametrize(
    "change",
    [
        {"matches": 5},
        {"clips_per_match": 1},
        {"frames_per_clip": 3},
        {"size": (640, 360)},
        {"frame_rate_hz": 50.0},
        {"stride": 2},
        {"seed": 4},
        {"jpeg_quality": 80},
    ],
)
def test_the_digest_changes_with_every_field(change: dict[str, object]) -> None:
    assert LEAGUE.replace(**change).digest() != LEAGUE.digest()


def test_the_digest_changes_with_the_renderer_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = LEAGUE.digest()
    monkeypatch.setattr(module, "RENDERER_VERSION", module.RENDERER_VERSION + 1)
    assert LEAGUE.digest() != before
