"""A probe reports what OpenCV would decode, and rejects files that OpenCV would decode wrongly."""

from __future__ import annotations

import pickle
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from raasid.io.image_reader import ImageUnreadable, probe_image

PIXELS = np.random.default_rng(7).integers(0, 255, (40, 61, 3), dtype=np.uint8)


def encoded(suffix: str, pixels: np.ndarray = PIXELS) -> bytes:
    return cv2.imencode(suffix, pixels)[1].tobytes()


def reason(path: Path) -> str:
    with pytest.raises(ImageUnreadable) as caught:
        probe_image(path)
    assert str(path) in str(caught.value)
    return caught.value.reason


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".tif"])
def test_the_size_is_what_opencv_decodes(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"frame{suffix}"
    path.write_bytes(encoded(suffix))
    assert (probe_image(path).height, probe_image(path).width) == cv2.imread(str(path)).shape[:2]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_a_rotated_image_has_the_size_that_opencv_gives_it(
    kind: str, orientation: int, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"turned.{kind}"
    Image.fromarray(PIXELS).save(path, exif=exif)
    facts = probe_image(path)
    assert (facts.height, facts.width) == cv2.imread(str(path)).shape[:2]


def test_the_content_determines_the_format_not_the_file_name(tmp_path: Path) -> None:
    path = tmp_path / "really_a_png.jpg"
    path.write_bytes(encoded(".png"))
    assert probe_image(path).format == "png"


def test_a_progressive_jpeg_with_large_metadata_is_read(tmp_path: Path) -> None:
    path = tmp_path / "frame.jpg"
    Image.fromarray(PIXELS).save(path, progressive=True, icc_profile=bytes(200_000), comment=b"\xff\xd9" * 99)
    assert (probe_image(path).width, probe_image(path).height) == (61, 40)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".tif"])
@given(share=st.floats(0, 0.99))
@settings(max_examples=25, deadline=None)
def test_every_truncated_file_is_rejected(
    suffix: str, share: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = encoded(suffix)
    path = tmp_path_factory.mktemp("cut") / f"frame{suffix}"
    path.write_bytes(whole[: int(share * len(whole))])
    assert ":" in reason(path)


def test_opencv_accepts_the_truncated_jpeg(tmp_path: Path) -> None:
    whole = encoded(".jpg")
    path = tmp_path / "frame.jpg"
    path.write_bytes(whole[: len(whole) // 2])
    assert cv2.imread(str(path)) is not None
    assert reason(path).startswith("truncated JPEG: ")


def test_a_truncated_jpeg_padded_with_zeros_is_rejected(tmp_path: Path) -> None:
    whole = encoded(".jpg")
    path = tmp_path / "frame.jpg"
    path.write_bytes(whole[: len(whole) // 2].ljust(len(whole), b"\0"))
    assert reason(path).startswith("truncated JPEG: ")


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_trailing_data_is_ignored(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"frame{suffix}"
    path.write_bytes(encoded(suffix) + b"appended by a camera")
    assert probe_image(path).width == 61


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\xff\xd8\xff\xe0", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]),
)
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_facts_or_the_typed_error(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes, head: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.jpg"
    path.write_bytes(head + tail)
    assert reason(path)


def test_an_empty_and_a_missing_file_are_distinguished(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    assert reason(tmp_path / "empty.jpg").startswith("zero bytes")
    assert reason(tmp_path / "none.jpg").startswith("missing")
    (tmp_path / "folder.jpg").mkdir()
    assert reason(tmp_path / "folder.jpg").startswith("cannot be opened")


def test_text_is_not_an_image(tmp_path: Path) -> None:
    (tmp_path / "frame.jpg").write_text("<html>404</html>")
    assert reason(tmp_path / "frame.jpg") == "not an image: it starts with b'<html>40'"


def test_an_absurd_size_is_rejected_before_memory_is_allocated(tmp_path: Path) -> None:
    header = b"IHDR" + struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    (tmp_path / "bomb.png").write_bytes(png)
    assert reason(tmp_path / "bomb.png").startswith("absurd size: 50000x50000")


def test_a_corrupted_png_header_is_rejected(tmp_path: Path) -> None:
    damaged = bytearray(encoded(".png"))
    damaged[19] ^= 1  # the width, which the checksum covers
    (tmp_path / "frame.png").write_bytes(damaged)
    assert reason(tmp_path / "frame.png").startswith("damaged PNG")


def test_the_error_can_be_pickled_out_of_a_worker_process() -> None:
    error = pickle.loads(pickle.dumps(ImageUnreadable(Path("a.jpg"), "zero bytes: 0")))
    assert (error.path, error.reason) == (Path("a.jpg"), "zero bytes: 0")


def test_every_real_frame_is_accepted(shared: Path) -> None:
    frames = sorted((shared / "data" / "dfl_ball" / "images" / "val").iterdir())
    assert {(probe_image(path).width, probe_image(path).height) for path in frames} == {(1920, 1080)}
