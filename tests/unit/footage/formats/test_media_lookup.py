from __future__ import annotations

from pathlib import Path

from label_files import write_image

from raasid.footage.formats.media_lookup import ImageLookup, VideoLookup
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Clip, Frame, Provenance


def clip(*images: Path) -> Clip:
    frames = tuple(Frame(index, image, 0, 0) for index, image in enumerate(images))
    return Clip("a", frames, Provenance("test"))


def test_the_folder_of_the_last_image_is_searched_first_but_never_an_unrelated_one(
    tmp_path: Path,
) -> None:
    first = write_image(tmp_path / "b" / "1.jpg")
    files = ImageLookup(tmp_path, Quarantine())
    assert files.find(Path("1.jpg"), [tmp_path / "a", tmp_path / "b"], (0, 0)) == (first, 200, 100)
    assert files.find(Path("1.jpg"), [tmp_path / "a"], (7, 5)) == (tmp_path / "a" / "1.jpg", 7, 5)


def test_alternative_names_are_tried_when_the_first_does_not_exist(tmp_path: Path) -> None:
    path = write_image(tmp_path / "plain.jpg")
    files = ImageLookup(tmp_path, Quarantine())
    assert files.find(Path("x-plain.jpg"), [tmp_path], (0, 0), Path("plain.jpg")) == (path, 200, 100)


def test_a_clip_drops_frames_without_an_image_if_others_have_one(tmp_path: Path) -> None:
    quarantine = Quarantine()
    files = ImageLookup(tmp_path, quarantine)
    there = write_image(tmp_path / "1.jpg")
    files.find(Path("1.jpg"), [tmp_path], (0, 0))
    files.find(Path("2.jpg"), [tmp_path], (0, 0))
    kept, notes = files.drop_missing_images([clip(there, tmp_path / "2.jpg"), clip(tmp_path / "2.jpg")])
    assert [[frame.image for frame in each.frames] for each in kept] == [[there]]
    assert notes == ()
    assert [entry.path for entry in quarantine] == ["2.jpg"]


def test_videos_are_found_in_any_container_and_counted_when_missing(tmp_path: Path) -> None:
    videos = VideoLookup(tmp_path)
    assert videos.find("clips/derby.mp4", [tmp_path]) == (tmp_path / "derby.mp4", None)
    assert videos.find("derby", [tmp_path]) == (tmp_path / "derby.mp4", None)
    assert videos.notes() == ("1 of 1 videos are not there: labels alone, such as for derby.mp4",)
