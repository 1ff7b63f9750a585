from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from staged_play import ball, play

from raasid.footage.records import Clip, Provenance
from raasid.review.abstention import bend_at
from raasid.tracks.track_arrays import ClipTracks, tracks_of


def tracks(places: list[tuple[float, float] | None]) -> ClipTracks:
    frames = [
        replace(frame, balls=() if place is None else (ball(*place),))
        for frame, place in zip(play(len(places)), places, strict=True)
    ]
    return tracks_of(Clip("clip", tuple(frames), Provenance("test")))


def flight(frames: int = 20, scatter_px: float = 0.0) -> list[tuple[float, float] | None]:
    """A long pass: straight but for gravity, 0.35 px a frame and frame of 25 Hz."""
    rng = np.random.default_rng(0)
    off = rng.normal(0, 1, (frames, 2)) * scatter_px
    return [(5 + 7.0 * t + off[t, 0], 90 - 5.0 * t + 0.175 * t * t + off[t, 1]) for t in range(frames)]


@pytest.mark.parametrize("scatter_px", [0.0, 0.5, 1.5])
def test_a_free_flight_does_not_bend(scatter_px: float) -> None:
    bends = [bend_at(tracks(flight(scatter_px=scatter_px)), at) for at in range(5, 15)]
    assert [bend is not None and bend.clear for bend in bends] == [False] * 10


@pytest.mark.parametrize("wrongly_placed", [-2, 0, 2])
def test_a_bounce_does_even_if_its_moment_is_off_by_two_frames(wrongly_placed: int) -> None:
    there = [(150.0 - 7 * t, 50.0) for t in range(10)]
    back = [(87.0 + 4 * t, 50.0 + 3 * t) for t in range(10)]
    bend = bend_at(tracks([*there, *back]), 9 + wrongly_placed)
    assert bend is not None
    assert bend.clear
    assert bend.share > 1


def test_a_ball_that_stops_bends_by_its_whole_speed() -> None:
    stopped = bend_at(tracks([(10.0 + 6 * min(t, 10), 40.0) for t in range(20)]), 10)
    assert stopped is not None
    assert stopped.share == pytest.approx(1.0, abs=0.05)


def test_without_sight_before_or_after_nothing_is_known() -> None:
    places = flight()
    for hidden in range(8, 20):
        places[hidden] = None
    assert bend_at(tracks(places), 10) is None
    assert bend_at(tracks(flight(3)), 1) is None
