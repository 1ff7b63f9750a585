from __future__ import annotations

from pathlib import Path

import pytest
from staged_play import FakeTracker, play, write_clip

from raasid.review.perceived_frames import PerceivedFrames
from raasid.review.video_source import VideoSource, open_video


@pytest.fixture
def video(tmp_path: Path) -> VideoSource:
    return open_video(write_clip(tmp_path / "clip.mp4", play(23)))


def ignore_progress(steps: int) -> None:
    pass


def test_any_range_of_tracked_frames_can_be_read(video: VideoSource, tmp_path: Path) -> None:
    truth = play(23)
    perceived = PerceivedFrames(tmp_path / "tracks", video, length=5)
    perceived.perceive(FakeTracker(truth), ignore_progress)
    assert [frame.balls for frame in perceived.frames(3, 17)] == [frame.balls for frame in truth[3:17]]
    assert [len(part) for part in perceived] == [5, 5, 5, 5, 3]
    assert {frame.image for frame in perceived.frames(0, 23)} == {video.path}


def test_a_killed_review_resumes_with_the_unfinished_chunk(video: VideoSource, tmp_path: Path) -> None:
    truth = play(23)
    folder = tmp_path / "tracks"
    with pytest.raises(KeyboardInterrupt):
        PerceivedFrames(folder, video, length=5).perceive(FakeTracker(truth, killed_at=13), ignore_progress)
    updates: list[int] = []
    tracker = FakeTracker(truth)
    perceived = PerceivedFrames(folder, video, length=5)
    perceived.perceive(tracker, updates.append)
    assert tracker.tracked == list(range(10, 23))
    assert updates == [10]
    assert [frame.index for frame in perceived.frames(0, 23)] == list(range(23))
    assert {person.track for frame in perceived.frames(0, 23) for person in frame.persons} == {3}


def test_finished_chunks_are_not_tracked_again(video: VideoSource, tmp_path: Path) -> None:
    truth = play(23)
    PerceivedFrames(tmp_path / "tracks", video, length=5).perceive(FakeTracker(truth), ignore_progress)
    again = FakeTracker(truth)
    PerceivedFrames(tmp_path / "tracks", video, length=5).perceive(again, ignore_progress)
    assert again.tracked == []
