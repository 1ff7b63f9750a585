from __future__ import annotations

from pathlib import Path

import pytest

from raasid.errors import NoUsableSamples
from raasid.footage.frame_reader import drop_missing_frames
from raasid.footage.records import Clip, Footage, Frame, Provenance


def footage(tmp_path: Path, *there: str) -> Footage:
    for name in there:
        (tmp_path / name).touch()
    clips = [
        Clip(str(n), tuple(Frame(i, tmp_path / f"{n}{i}.jpg", 4, 4) for i in range(2)), Provenance("t"))
        for n in range(2)
    ]
    return Footage(clips, {"train": ["0"], "val": ["1"]})


def test_frames_without_a_file_are_dropped_and_counted(tmp_path: Path) -> None:
    found = drop_missing_frames(footage(tmp_path, "00.jpg"))
    assert [[frame.image.name for frame in clip.frames] for clip in found.clips] == [["00.jpg"]]
    assert found.splits == {"train": ["0"], "val": []}
    assert "3 of 4 frames have no file, such as" in found.notes[0]


def test_complete_footage_is_returned_unchanged(tmp_path: Path) -> None:
    complete = footage(tmp_path, "00.jpg", "01.jpg", "10.jpg", "11.jpg")
    assert drop_missing_frames(complete) is complete


def test_labels_without_images_give_no_samples(tmp_path: Path) -> None:
    with pytest.raises(NoUsableSamples, match="4 of 4 frames have no file"):
        drop_missing_frames(footage(tmp_path))
