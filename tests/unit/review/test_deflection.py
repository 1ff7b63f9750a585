from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from staged_play import ball, play

from raasid.footage.records import Clip, Provenance
from raasid.review.abstention import measure_deflection
from raasid.tracks.track_arrays import ClipTracks, clip_tracks


def tracks(positions: list[tuple[float, float] | None]) -> ClipTracks:
    frames = [
        replace(frame, balls=() if position is None else (ball(*position),))
        for frame, position in zip(play(len(positions)), positions, strict=True)
    ]
    return clip_tracks(Clip("clip", tuple(frames), Provenance("test")))


def flight(frames: int = 20, scatter_px: float = 0.0) -> list[tuple[float, float] | None]:
    """A long pass: straight except for gravity, 0.35 px per frame and frame at 25 Hz."""
    rng = np.random.default_rng(0)
    off = rng.normal(0, 1, (frames, 2)) * scatter_px
    return [(5 + 7.0 * t + off[t, 0], 90 - 5.0 * t + 0.175 * t * t + off[t, 1]) for t in range(frames)]


@pytest.mark.parametrize("scatter_px", [0.0, 0.5, 1.5])
def test_a_free_flight_is_no_clear_deflection(scatter_px: float) -> None:
    deflections = [measure_deflection(tracks(flight(scatter_px=scatter_px)), at) for at in range(5, 15)]
    assert [deflection is not None and deflection.is_clear for deflection in deflections] == [False] * 10


@pytest.mark.parametrize("frame_error", [-2, 0, 2])
def test_a_bounce_is_a_clear_deflection_even_if_its_frame_is_off_by_two(frame_error: int) -> None:
    there = [(150.0 - 7 * t, 50.0) for t in range(10)]
    back = [(87.0 + 4 * t, 50.0 + 3 * t) for t in range(10)]
    deflection = measure_deflection(tracks([*there, *back]), 9 + frame_error)
    assert deflection is not None
    assert deflection.is_clear
    assert deflection.share > 1


def test_a_ball_that_stops_is_deflected_by_its_whole_speed() -> None:
    stopped = measure_deflection(tracks([(10.0 + 6 * min(t, 10), 40.0) for t in range(20)]), 10)
    assert stopped is not None
    assert stopped.share == pytest.approx(1.0, abs=0.05)


def test_without_detections_before_or_after_there_is_no_deflection() -> None:
    positions = flight()
    for hidden in range(8, 20):
        positions[hidden] = None
    assert measure_deflection(tracks(positions), 10) is None
    assert measure_deflection(tracks(flight(3)), 1) is None
