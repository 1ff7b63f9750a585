"""Labels without images equal those of `generate`, and only annotations are on the disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from raasid.footage.records import Clip, Visibility
from raasid.synthetic import generate as module
from raasid.synthetic.generate import generate, labelled_clips
from raasid.synthetic.label_clip import label_clip
from raasid.synthetic.league import League
from raasid.synthetic.render_clip import render_clip

PLAY = League(frames_per_clip=3, stride=1, seed=3)
SCRIPTED = League(scenario_share=1.0, handball_prior=0.4, scenario_frames=4, seed=4)
LEAGUES = {
    "open play": PLAY,
    "scripted": SCRIPTED,
    "wide, slow and occluded": PLAY.replace(size=(848, 478), occlusion=1.0, slow_motion=2.0, stride=3),
    "noisy": PLAY.replace(missing_balls=0.3, box_jitter=0.1, swapped_wrists=0.3),
    "far": PLAY.replace(ball_px=5.0),
    "a near stand in the image": PLAY.replace(seed=9, ball_px=5.0, shift="camera_height", shift_intensity=3),
    "snow": PLAY.replace(shift="snow", shift_intensity=2, frames_per_clip=1),
    "another league's graphics": PLAY.replace(shift="league_style", shift_intensity=3, frames_per_clip=1),
    "mirror": SCRIPTED.replace(shift="mirror", shift_intensity=3),
    "frame_rate": SCRIPTED.replace(shift="frame_rate", shift_intensity=3),
    "slow_motion": SCRIPTED.replace(shift="slow_motion", shift_intensity=2),
    "camera_zoom": SCRIPTED.replace(shift="camera_zoom", shift_intensity=2),
    "law_change": SCRIPTED.replace(shift="law_change", shift_intensity=2),
    "bitrate": PLAY.replace(shift="bitrate", shift_intensity=1, frames_per_clip=1),
}


def without_folder(clips: list[Clip], folder: Path) -> list[Clip]:
    return [
        replace(clip, frames=tuple(replace(f, image=f.image.relative_to(folder)) for f in clip.frames))
        for clip in clips
    ]


@pytest.mark.parametrize("kind", LEAGUES)
def test_the_labels_are_those_of_the_images(kind: str) -> None:
    assert label_clip(LEAGUES[kind], 1, 1) == render_clip(LEAGUES[kind], 1, 1)[1]


def test_the_foreground_occludes_people_without_images_too() -> None:
    league = LEAGUES["a near stand in the image"]
    labelled = [label_clip(league, match, 0) for match in range(2)]
    hidden = [v for clip in labelled for f in clip.frames for p in f.persons for *_, v in p.keypoints]
    assert 1 in hidden
    assert labelled == [render_clip(league, match, 0)[1] for match in range(2)]


def test_the_folder_holds_the_clips_of_generate_and_no_image(tmp_path: Path) -> None:
    league = League(matches=1, clips_per_match=3, frames_per_clip=2, scenario_share=0.5, scenario_frames=4)
    clips = labelled_clips(league, tmp_path)
    folder = tmp_path / f"labels-{league.digest()[:12]}"
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "match-0000.json"]
    rendered = generate(league, tmp_path, workers=1)
    images = tmp_path / f"synthetic-{league.digest()[:12]}"
    assert without_folder(clips, folder) == without_folder(rendered, images)
    assert not any(frame.image.exists() for clip in clips for frame in clip.frames)


def test_the_labels_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    league = League(matches=2, clips_per_match=1, frames_per_clip=1)
    written = []
    for workers in (1, 2):
        labelled_clips(league, tmp_path / str(workers), workers)
        files = sorted((tmp_path / str(workers)).rglob("*.json"))
        written.append([(file.name, file.read_bytes()) for file in files])
    assert [name for name, _ in written[0]] == ["manifest.json", "match-0000.json", "match-0001.json"]
    assert written[0] == written[1]


def test_a_labelled_league_is_not_labelled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    league = League(matches=1, clips_per_match=1, frames_per_clip=1)
    first = labelled_clips(league, tmp_path)
    monkeypatch.setattr(module, "build_folder", lambda *_: pytest.fail("labelled again"))
    assert labelled_clips(league, tmp_path) == first


def test_changed_labels_are_made_again(tmp_path: Path) -> None:
    league = League(matches=1, clips_per_match=1, frames_per_clip=1)
    first = labelled_clips(league, tmp_path)
    (file,) = tmp_path.glob("*/match-0000.json")
    file.write_text(file.read_text().replace('"player"', '"keeper"'))
    assert labelled_clips(league, tmp_path) == first


def test_an_interrupted_labelling_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> list[object]:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "label_matches", crash)
    with pytest.raises(KeyboardInterrupt):
        labelled_clips(PLAY, tmp_path, workers=1)
    assert list(tmp_path.iterdir()) == []


def test_occlusion_hides_balls() -> None:
    league = PLAY.replace(occlusion=1.0)
    balls = [ball for c in range(6) for f in label_clip(league, 0, c).frames for ball in f.balls]
    assert sum(ball.visibility == Visibility.HIDDEN for ball in balls) > 3
