from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from label_files import FIXTURES, written

from raasid.footage import coco_format
from raasid.footage.coco_format import AnnotationsUnreadable
from raasid.footage.formats.coco import read_native

OURS = FIXTURES / "coco" / "annotations" / "ours.json"


def test_our_own_file_is_read_back_unchanged() -> None:
    assert read_native(OURS) == coco_format.read(OURS.parent, OURS.name)


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("videos.0.name", " ", "clip id is empty"),
        ("videos.0.raasid.frame_rate_hz", 0, "frame_rate_hz outside"),
        ("videos.0.raasid.contact.side", "LEFT", "contact side is none of"),
        ("videos.0.raasid.facts.deliberate", 1, "facts: deliberate is 1"),
        ("videos.0.raasid.provenance.match", 3, "match is no text"),
        ("videos.0.raasid.ruling.decision", "perhaps", "decision is none of"),
        ("videos.0.raasid.events.0.frame", 2.0, "event frame is no whole number: 2.0"),
        ("images.0.width", -1, "width or height outside"),
        ("images.0.file_name", "../../../secret.jpg", "leads out of the data root"),
        ("images.0.file_name", "/etc/passwd", "leads out of the data root"),
        ("images.0.raasid.in_video", 1, "in_video is neither true nor false"),
        ("annotations.0.bbox.0", "7", "bbox is no number: '7'"),
        ("annotations.0.bbox.0", 1e308, "bbox outside"),
        ("annotations.0.keypoints.2", 7, "keypoint visibility not 0, 1 or 2"),
        ("annotations.0.raasid.role", "Player", "role is none of"),
        ("annotations.0.raasid.mark.confidence", 2, "confidence outside"),
    ],
)
def test_a_value_that_no_record_can_hold_is_a_typed_error(
    path: str, value: Any, reason: str, tmp_path: Path
) -> None:
    document = json.loads(OURS.read_text())
    *parents, last_key = [int(part) if part.isdecimal() else part for part in path.split(".")]
    node = document
    for key in parents:
        node = node[key]
    node[last_key] = value
    with pytest.raises(AnnotationsUnreadable, match=reason):
        read_native(written(tmp_path / "ours.json", document))
