from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from small_footage import clip, found, frame

from raasid.footage.records import Clip, Frame
from raasid.validation.image_checks import (
    check_blur,
    check_duplicates,
    check_exposure,
    check_frozen,
    check_media,
)
from raasid.validation.image_stats import compute_image_stats, sharpness, to_gray


def scene(seed: int = 0) -> np.ndarray:
    """Hard-edged rectangles on grass: in focus."""
    rng = np.random.default_rng(seed)
    image = np.full((270, 480, 3), (60, 120, 70), np.uint8)
    for _ in range(40):
        x, y, w, h = (int(v) for v in rng.integers((0, 0, 8, 8), (440, 240, 60, 60)))
        cv2.rectangle(image, (x, y), (x + w, y + h), tuple(int(v) for v in rng.integers(0, 255, 3)), -1)
    return image


def store(folder: Path, *images: np.ndarray, name: str = "c") -> Clip:
    frames = []
    for k, image in enumerate(images):
        path = folder / f"{name}-{k}.png"
        cv2.imwrite(str(path), image)
        frames.append(replace(frame(k), image=path, width=image.shape[1], height=image.shape[0]))
    return clip(*frames, name=name)


def kinds(check: object, *clips: Clip) -> list[tuple[str, str, int | None]]:
    findings = found(check, *clips, images=compute_image_stats(clips, lambda _: None))  # type: ignore[attr-defined]
    return [(finding.kind, finding.clip, finding.frame) for finding in findings]


def test_black_and_uniform_images_are_found(tmp_path: Path) -> None:
    night = (scene() * 0.3).astype(np.uint8)
    footage = store(tmp_path, scene(), np.zeros_like(scene()), np.full_like(scene(), 128), night)
    assert kinds(check_exposure, footage) == [("black", "c", 1), ("black", "c", 2)]


def test_a_blurred_image_is_found_and_a_black_one_is_not(tmp_path: Path) -> None:
    blurred = cv2.GaussianBlur(scene(), (0, 0), 3)
    assert kinds(check_blur, store(tmp_path, scene(), blurred, np.zeros_like(scene()))) == [
        ("blurred", "c", 1)
    ]


@pytest.mark.parametrize("gain", [0.2, 0.6])
def test_sharpness_does_not_depend_on_contrast(gain: float) -> None:
    full = sharpness(to_gray(scene()))
    assert sharpness(to_gray((scene() * gain).astype(np.uint8))) == pytest.approx(full, rel=0.1)


def test_sharpness_falls_with_every_bit_of_blur() -> None:
    values = [sharpness(to_gray(cv2.GaussianBlur(scene(), (0, 0), sigma))) for sigma in (0.5, 1, 1.5, 2, 3)]
    assert values == sorted(values, reverse=True)


def test_an_image_without_an_edge_has_no_sharpness() -> None:
    assert sharpness(np.full((27, 48), 9, np.float32)) == 0.0


def test_a_frozen_clip_is_found_even_if_recompressed(tmp_path: Path) -> None:
    again = cv2.imdecode(cv2.imencode(".jpg", scene(), [cv2.IMWRITE_JPEG_QUALITY, 85])[1], 1)
    moved = scene()
    cv2.circle(moved, (240, 130), 9, (255, 255, 255), -1)
    assert kinds(check_frozen, store(tmp_path, scene(), again, moved)) == [("frozen", "c", 1)]


def test_a_copy_in_another_clip_is_a_duplicate_of_the_first(tmp_path: Path) -> None:
    first = store(tmp_path, scene(1), scene(2), name="a")
    second = store(tmp_path, scene(3), cv2.resize(scene(1), (960, 540)), name="b")
    (finding,) = found(
        check_duplicates, first, second, images=compute_image_stats([first, second], lambda _: None)
    )
    assert (finding.clip, finding.frame, finding.other) == ("b", 1, ("a", 0))


def test_two_shots_that_differ_by_one_player_are_not_duplicates(tmp_path: Path) -> None:
    other = scene(1)
    cv2.rectangle(other, (300, 100), (316, 150), (255, 255, 255), -1)
    clips = [store(tmp_path, scene(1), name="a"), store(tmp_path, other, name="b")]
    assert kinds(check_duplicates, *clips) == []


def test_footage_without_any_media_is_one_finding() -> None:
    clips = [clip(*(frame(k) for k in range(500)), name=f"c{n}") for n in range(3)]
    (finding,) = found(check_media, *clips, images=compute_image_stats(clips, lambda _: None))
    assert (finding.kind, finding.frames) == ("missing_media", 1500)


def test_missing_media_of_a_clip_are_one_finding(tmp_path: Path) -> None:
    there = store(tmp_path, scene(), name="a")
    gone = clip(frame(0), frame(1), name="b")
    findings = found(check_media, there, gone, images=compute_image_stats([there, gone], lambda _: None))
    assert [(finding.kind, finding.clip, finding.frames) for finding in findings] == [
        ("missing_media", "b", 2)
    ]


def test_truncated_empty_and_misnamed_files_are_distinguished(tmp_path: Path) -> None:
    footage = store(tmp_path, scene(), scene(2), scene(3), scene(4))
    paths = [image.image for image in footage.frames]
    paths[0].write_bytes(b"")
    paths[1].write_bytes(cv2.imencode(".jpg", scene())[1].tobytes()[:2000])
    paths[2].write_bytes(cv2.imencode(".jpg", scene())[1].tobytes())
    cv2.imwrite(str(paths[3]), scene()[:100])
    assert kinds(check_media, footage) == [
        ("unreadable", "c", 0),
        ("unreadable", "c", 1),
        ("wrong_extension", "c", 2),
        ("wrong_size", "c", 3),
    ]


def test_a_video_that_ends_early_is_unreadable_from_there_on(tmp_path: Path) -> None:
    path = tmp_path / "v.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (480, 270))
    for k in range(3):
        writer.write(scene(k))
    writer.release()
    frames = [Frame(k, path, 480, 270, in_video=True) for k in range(5)]
    assert kinds(check_media, clip(*frames)) == [("unreadable", "c", 3), ("unreadable", "c", 4)]
