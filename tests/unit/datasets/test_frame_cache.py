"""Cached, uncached and forked frames have the same pixels, and labels scale with them."""

from __future__ import annotations

import errno
import hashlib
import logging
import multiprocessing
import os
import pickle
import signal
import sys
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from soak import rounds

from raasid.datasets import frame_cache
from raasid.datasets.frame_cache import FrameCache, decode_image
from raasid.io.drafts import Draft
from raasid.io.file_digests import CACHE_NAME, sha256_of
from raasid.io.image_reader import ImageUnreadable


def random_image(path: Path, width: int = 64, height: int = 36, seed: int = 0) -> Path:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (max(2, height // 8), max(2, width // 8), 3), dtype=np.uint8)
    cv2.imwrite(str(path), cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))
    return path


@pytest.fixture
def frames(tmp_path: Path) -> list[Path]:
    return [random_image(tmp_path / f"{number}.jpg", seed=number) for number in range(5)]


def test_cached_and_uncached_frames_are_the_same(frames: list[Path], tmp_path: Path) -> None:
    cached = FrameCache(frames, (32, 20), tmp_path / "cache", 1.0)
    direct = FrameCache(frames, (32, 20), tmp_path / "cache", 0)
    assert cached.file is not None
    assert direct.file is None
    for index in range(len(frames)):
        np.testing.assert_array_equal(cached[index], direct[index])
        np.testing.assert_array_equal(cached[index], decode_image(frames[index], (32, 20)))
        assert (cached[index].shape, cached[index].dtype) == ((20, 32, 3), np.uint8)
        assert not cached[index].flags.writeable
        assert not direct[index].flags.writeable


def test_a_second_process_decodes_nothing(
    frames: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = FrameCache(frames, (32, 18), tmp_path / "cache", 1.0)[2].copy()
    monkeypatch.setattr(frame_cache, "decode_image", None)
    np.testing.assert_array_equal(FrameCache(frames, (32, 18), tmp_path / "cache", 1.0)[2], first)


def test_a_changed_image_is_decoded_again(frames: list[Path], tmp_path: Path) -> None:
    before = FrameCache(frames, (32, 18), tmp_path / "cache", 1.0)[0].copy()
    random_image(frames[0], seed=99)
    os.utime(frames[0], ns=(1, 1))
    assert (FrameCache(frames, (32, 18), tmp_path / "cache", 1.0)[0] != before).any()


def test_frames_are_found_by_content_where_it_is_known(frames: list[Path], tmp_path: Path) -> None:
    """A replaced image of equal size and time is decoded; the same images elsewhere are not."""
    digests = {frame: sha256_of(frame) for frame in frames}
    first = FrameCache(frames, (32, 18), tmp_path / "cache", 1.0, digests)
    before = first[0].copy()
    moved = [frame.rename(frame.with_name(f"moved-{frame.name}")) for frame in frames]
    elsewhere = {frame: sha256_of(frame) for frame in moved}
    assert FrameCache(moved, (32, 18), tmp_path / "cache", 1.0, elsewhere).file == first.file

    random_image(frames[0], seed=99).rename(moved[0])
    replaced = FrameCache(moved, (32, 18), tmp_path / "cache", 1.0, {**elsewhere, moved[0]: "another"})
    assert (replaced[0] != before).any()


def test_an_unchanged_size_is_not_resampled_and_comes_as_rgb(tmp_path: Path) -> None:
    path = tmp_path / "red.png"
    pixels = np.zeros((4, 6, 3), np.uint8)
    pixels[1, 2] = (255, 10, 20)
    Image.fromarray(pixels).save(path)
    np.testing.assert_array_equal(decode_image(path, (6, 4)), pixels)


@given(st.integers(8, 90), st.integers(8, 90), st.sampled_from([".png", ".jpg"]))
@settings(max_examples=60, deadline=None)
def test_a_label_scaled_with_the_image_stays_on_its_object(
    tmp_path_factory: pytest.TempPathFactory, width: int, height: int, suffix: str
) -> None:
    # the corner of a white lower right quarter is the label; the scaled corner must be where white begins
    pixels = np.zeros((height, width, 3), np.uint8)
    x, y = width // 2, height // 2
    pixels[y:, x:] = 255
    path = tmp_path_factory.mktemp("frame") / f"frame{suffix}"
    cv2.imwrite(str(path), pixels, [cv2.IMWRITE_JPEG_QUALITY, 100])
    cache = FrameCache([path], (32, 24), path.parent, 0)
    scale, frame = cache.scale_of(0), cache[0][:, :, 0].astype(float) / 255
    assert scale == min(32 / width, 24 / height)
    right, bottom = round(width * scale), round(height * scale)
    assert not frame[:, right:].any()
    assert not frame[bottom:].any()
    assert right - frame[bottom - 1, :right].sum() == pytest.approx(x * scale, abs=0.75)
    assert bottom - frame[:bottom, right - 1].sum() == pytest.approx(y * scale, abs=0.75)


def test_halving_while_decoding_is_close_to_decoding_and_averaging(shared: Path) -> None:
    path = next(iter(sorted((shared / "data" / "dfl_ball" / "images" / "val").iterdir())))
    averaged = cv2.resize(cv2.imread(str(path)), (960, 540), interpolation=cv2.INTER_AREA)[:, :, ::-1]
    halved = decode_image(path, (960, 544))
    assert np.abs(halved[:540].astype(int) - averaged).mean() < 0.5
    assert not halved[540:].any()
    (dx, dy), _ = cv2.phaseCorrelate(averaged.mean(2), halved[:540].mean(2))
    assert abs(dx) < 0.02
    assert abs(dy) < 0.02


def test_a_rotated_photo_is_decoded_upright_even_when_halved(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = np.zeros((64, 128, 3), np.uint8)
    pixels[:, :64] = 255  # the left half, which the rotation makes the upper half
    Image.fromarray(pixels).save(tmp_path / "turned.jpg", exif=exif)
    frame = decode_image(tmp_path / "turned.jpg", (32, 64))
    assert frame[:30].min() > 240
    assert frame[34:].max() < 15


def test_above_the_budget_frames_are_decoded_on_access(frames: list[Path], tmp_path: Path) -> None:
    needed = len(frames) * 32 * 18 * 3 / 2**30
    assert FrameCache(frames, (32, 18), tmp_path / "cache", needed * 0.99).file is None
    assert not (tmp_path / "cache").exists()
    assert FrameCache(frames, (32, 18), tmp_path / "cache", needed).file is not None


def test_only_recent_frames_stay_in_memory(
    frames: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_cache, "_RECENT_BYTES", 2 * 32 * 18 * 3)
    cache = FrameCache(frames, (32, 18), tmp_path, 0)
    assert cache[0] is cache[0]
    kept = cache[0]
    for index in (1, 0, 2):
        _ = cache[index]
    assert cache[0] is kept
    for index in (1, 2):
        _ = cache[index]
    assert cache[0] is not kept


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_full_disk_slows_the_run_and_does_not_end_it(
    frames: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: int,
) -> None:
    def no_room(file: int, size: int) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(frame_cache, "_reserve", no_room)
    with caplog.at_level(logging.WARNING):
        cache = FrameCache(frames, (32, 18), tmp_path / "cache", 1.0)
    assert cache[3].any()
    assert os.strerror(error) in caplog.text
    assert list((tmp_path / "cache").iterdir()) == []


def test_frames_without_room_on_a_local_disk_are_kept_on_the_shared_one(
    frames: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_room(file: int, size: int) -> None:
        if "/local/" in str(Path(f"/proc/self/fd/{file}").readlink()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(frame_cache, "_reserve", no_room)
    shared = tmp_path / "shared"
    for _ in range(2):
        cache = FrameCache(frames, (32, 18), tmp_path / "local", 1.0, fallback=shared)
        assert cache.file is not None
        assert cache.file.parent == shared
    assert f"Frames are kept in {shared} instead" in caplog.text


def test_a_really_full_disk_is_noticed_while_writing(
    frames: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not os.access("/dev/full", os.W_OK):
        pytest.skip("this system has no /dev/full")
    folder = tmp_path / "cache"
    folder.mkdir()

    class OnFullDisk(Draft):
        def __init__(self, parent: Path, stem: str) -> None:
            super().__init__(parent, stem)
            self.path.unlink()
            self.path.symlink_to("/dev/full")

    monkeypatch.setattr(frame_cache, "Draft", OnFullDisk)
    cache = FrameCache(frames, (320, 180), folder, 1.0)
    assert cache.file is None
    assert cache[1].any()
    assert list(folder.iterdir()) == []


def test_a_damaged_image_is_named_and_leaves_no_half_cache(frames: list[Path], tmp_path: Path) -> None:
    frames[3].write_bytes(frames[3].read_bytes()[:300])
    with pytest.raises(ImageUnreadable, match=r"3\.jpg: truncated JPEG"):
        FrameCache(frames, (32, 18), tmp_path / "cache", 1.0)
    assert list((tmp_path / "cache").iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_fills_is_not(
    frames: list[Path], tmp_path: Path
) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    Draft(folder, "frames").close()
    living = Draft(folder, "frames")
    file = FrameCache(frames, (32, 18), folder, 1.0).file
    assert file is not None
    assert sorted(folder.iterdir()) == sorted([file, living.path])
    living.remove()


@pytest.mark.parametrize("damage", ["black", "short", "long", "empty"])
def test_a_damaged_file_is_made_anew(
    frames: list[Path], tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    first = FrameCache(frames, (32, 18), tmp_path / "cache", 1.0)
    pixels = [first[index].copy() for index in range(len(first))]
    assert first.file is not None
    whole = first.file.read_bytes()
    half = len(whole) // 2
    contents = {
        "black": whole[:half] + bytes(len(whole) - half),
        "short": whole[:half],
        "long": whole + whole,
        "empty": b"",
    }
    first.file.with_suffix(".new").write_bytes(contents[damage])
    first.file.with_suffix(".new").replace(first.file)
    second = FrameCache(frames, (32, 18), tmp_path / "cache", 1.0)
    assert f"{first.file} is damaged; the frames are decoded anew" in caplog.text
    for index, expected in enumerate(pixels):
        np.testing.assert_array_equal(first[index], expected)  # its mapping outlives the replaced file
        np.testing.assert_array_equal(second[index], expected)
    assert first.file.read_bytes() == whole


def test_the_pixels_of_an_unchanged_file_are_digested_once(
    frames: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = FrameCache(frames, (32, 18), tmp_path / "cache", 1.0).file
    assert file is not None
    os.utime(file, (1, 1))
    monkeypatch.setattr(FrameCache, "_fill", None)
    assert FrameCache(frames, (32, 18), tmp_path / "cache", 1.0).file == file
    monkeypatch.setattr(hashlib, "file_digest", None)
    assert FrameCache(frames, (32, 18), tmp_path / "cache", 1.0).file == file


@pytest.mark.soak
def test_containers_that_fill_one_cache_at_once_never_read_a_black_frame(tmp_path: Path) -> None:
    """Two processes with one process id and one host name; one of them is killed at some moment."""
    images = [random_image(tmp_path / f"{number}.jpg", 160, 90, number) for number in range(60)]
    rng = np.random.default_rng(5)
    for number in range(rounds(12, 200)):
        folder = tmp_path / f"cache-{number}"
        fork = multiprocessing.get_context("fork")
        start = fork.Barrier(3)
        both = [fork.Process(target=_fill_in_container, args=(images, folder, start)) for _ in range(2)]
        for process in both:
            process.start()
        start.wait()
        time.sleep(rng.uniform(0, 0.15))
        both[0].kill()
        for process in both:
            process.join()
        assert both[0].exitcode in (0, -signal.SIGKILL)
        assert both[1].exitcode == 0
        cache = FrameCache(images, (96, 54), folder, 1.0)
        assert cache.file is not None
        assert _num_black(cache) == 0
        left = {path.name for path in folder.iterdir() if ".lease" not in path.name}  # by the killed one
        assert left <= {cache.file.name, CACHE_NAME}


def _fill_in_container(images: list[Path], folder: Path, start: Barrier) -> None:
    os.getpid = lambda: 7
    cv2.setNumThreads(0)
    start.wait()
    sys.exit(_num_black(FrameCache(images, (96, 54), folder, 1.0)))


def _num_black(cache: FrameCache) -> int:
    return sum(not cache[index].any(axis=(1, 2)).all() for index in range(len(cache)))


def _mean_of(cache: FrameCache, index: int) -> float:
    return float(cache[index].mean())


@pytest.mark.parametrize(("method", "budget"), [("fork", 0.0), ("fork", 1.0), ("spawn", 1.0)])
def test_a_worker_process_sees_the_same_frames(
    method: str, budget: float, frames: list[Path], tmp_path: Path
) -> None:
    cache = FrameCache(frames, (32, 18), tmp_path / "cache", budget)
    expected = [_mean_of(cache, index) for index in range(len(cache))]
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.starmap(_mean_of, [(cache, index) for index in range(len(cache))]) == expected


def test_a_pickled_cache_carries_no_pixels(tmp_path: Path) -> None:
    cache = FrameCache([random_image(tmp_path / "a.jpg", 640, 360)], (640, 360), tmp_path, 1.0)
    _ = cache[0]
    assert len(pickle.dumps(cache)) < 2_000


def test_an_index_past_the_end_is_an_index_error(frames: list[Path], tmp_path: Path) -> None:
    cache = FrameCache(frames, (32, 18), tmp_path, 0)
    np.testing.assert_array_equal(cache[-1], cache[4])
    with pytest.raises(IndexError, match="frame 5 of 5"):
        _ = cache[5]


def test_no_frames_need_no_file(tmp_path: Path) -> None:
    assert len(FrameCache([], (32, 18), tmp_path / "cache", 1.0)) == 0
