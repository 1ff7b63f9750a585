"""The ball's path through candidates: gaps, cuts, pans and false candidates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from raasid.tracks.ball_path import (
    GAP_FILLED,
    HIGH_CONFIDENCE,
    LOW_CONFIDENCE,
    MISSING,
    BallPath,
    BallPathRules,
    find_ball_path,
)

THRESHOLD = 0.4
FRAMES = 20


@dataclass
class Found:
    xy: np.ndarray
    wh: np.ndarray
    score: np.ndarray

    @classmethod
    def of(cls, *rows: tuple[float, float, float, float]) -> Found:
        """Each row: x, y, size, score."""
        table = np.array(sorted(rows, key=lambda row: -row[3]), np.float32).reshape(-1, 4)
        return cls(table[:, :2], np.repeat(table[:, 2:3], 2, 1), table[:, 3])


def follow(frames: list[Found], shift: np.ndarray | None = None, hz: float = 25.0) -> BallPath:
    count = len(frames)
    moved = np.zeros((count, 2)) if shift is None else shift
    return find_ball_path(frames, THRESHOLD, np.arange(count) / hz, moved, np.zeros(count, np.int64))


def position(t: int) -> tuple[float, float]:
    return 50.0 + 20 * t, 100.0 + 0.6 * (t - 10) ** 2


def test_a_ball_is_followed_where_a_false_candidate_scores_higher() -> None:
    frames = [Found.of((*position(t), 14, 0.7)) for t in range(FRAMES)]
    frames[7] = Found.of((*position(7), 14, 0.3), (600, 30, 14, 0.8))  # a head, for one frame
    path = follow(frames)
    assert np.allclose(path.box[:, :2], [position(t) for t in range(FRAMES)], atol=1e-4)
    assert path.state[7] == LOW_CONFIDENCE
    assert (np.delete(path.state, 7) == HIGH_CONFIDENCE).all()


def test_a_short_gap_is_interpolated_and_marked() -> None:
    frames = [Found.of((*position(t), 14, 0.8)) if not 8 <= t < 12 else Found.of() for t in range(FRAMES)]
    path = follow(frames)
    assert (path.state[8:12] == GAP_FILLED).all()
    assert (path.score[8:12] == 0).all()
    assert np.linalg.norm(path.box[8:12, :2] - [position(t) for t in range(8, 12)], axis=1).max() < 5


def test_a_long_gap_stays_open() -> None:
    frames = [Found.of((*position(0), 14, 0.8)) if t in (0, 19) else Found.of() for t in range(FRAMES)]
    path = follow(frames)
    assert path.state[0] == path.state[19] == HIGH_CONFIDENCE
    assert (path.state[1:19] == MISSING).all()


def test_a_gap_is_measured_in_seconds_not_in_frames() -> None:
    frames = [Found.of((100.0, 100.0, 14, 0.8)) if t % 6 == 0 else Found.of() for t in range(19)]
    assert (follow(frames, hz=25).state != MISSING).all()
    assert (follow(frames, hz=10).state == MISSING).sum() == 15


def test_a_camera_pan_is_no_motion_of_the_ball() -> None:
    shift = np.column_stack([-300.0 * np.arange(FRAMES), np.zeros(FRAMES)])
    still = [Found.of((400 + shift[t, 0], 80, 10, 0.8)) if t != 5 else Found.of() for t in range(FRAMES)]
    path = follow(still, shift)
    assert (path.state != MISSING).all()
    assert np.allclose(path.box[5, :2], [400 - 1500, 80], atol=1e-4)


def test_no_path_leads_across_a_cut() -> None:
    frames = [Found.of((100.0, 100.0, 14, 0.8)) if t != 10 else Found.of() for t in range(FRAMES)]
    shot = (np.arange(FRAMES) > 10).astype(np.int64)
    path = find_ball_path(frames, THRESHOLD, np.arange(FRAMES) / 25, np.zeros((FRAMES, 2)), shot)
    assert path.state[10] == MISSING


def test_candidates_below_the_threshold_alone_give_no_path() -> None:
    rng = np.random.default_rng(0)
    frames = [Found.of(*((*rng.uniform(0, 600, 2), 14, 0.25) for _ in range(3))) for _ in range(FRAMES)]
    assert (follow(frames).state == MISSING).all()


def test_no_path_jumps_across_the_image() -> None:
    frames = [Found.of((50 if t % 2 else 600, 100, 12, 0.6 if t % 2 else 0.45)) for t in range(FRAMES)]
    path = follow(frames)
    seen = path.box[path.state == GAP_FILLED]
    assert not ((seen[:, 0] > 80) & (seen[:, 0] < 570)).any()


def test_sizes_are_smoothed_over_time() -> None:
    rng = np.random.default_rng(3)
    true = np.linspace(12, 24, FRAMES)
    noisy = true * np.exp(rng.normal(0, 0.2, FRAMES))
    path = follow([Found.of((100.0 + t, 100.0, noisy[t], 0.8)) for t in range(FRAMES)])
    assert np.abs(np.log(path.box[:, 2] / true)).mean() < 0.7 * np.abs(np.log(noisy / true)).mean()


def test_a_clip_may_have_no_frame_one_frame_or_no_candidate() -> None:
    assert len(follow([]).state) == 0
    assert follow([Found.of()]).state.tolist() == [MISSING]
    assert follow([Found.of((5, 5, 4, 0.9))]).state.tolist() == [HIGH_CONFIDENCE]


def test_a_single_candidate_must_outweigh_the_start_cost() -> None:
    frames = [Found.of((300.0, 100.0, 14, 0.6)) if t == 9 else Found.of() for t in range(FRAMES)]
    strict = find_ball_path(
        frames,
        THRESHOLD,
        np.arange(FRAMES) / 25,
        np.zeros((FRAMES, 2)),
        np.zeros(FRAMES, np.int64),
        BallPathRules(start_cost=3.0),
    )
    assert follow(frames).state[9] == HIGH_CONFIDENCE
    assert strict.state[9] == MISSING
