"""Pictures of findings: from as many clips as there are, the finding marked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from raasid.data.checks.examination import Examination
from raasid.data.checks.finding import Finding
from raasid.data.checks.sight import FrameKey
from raasid.data.frame_picture import frame_picture
from raasid.data.image_probe import ImageUnreadable
from raasid.data.media import Media
from raasid.data.records import Frame


def gallery(found: Examination, kind: str, most: int) -> list[str]:
    """Return up to `most` figures of a kind; where two frames are one, both stand side by side."""
    able = [
        finding
        for finding in found.findings
        if finding.kind == kind
        and finding.frame is not None
        and (finding.clip, finding.frame) in found.sight.looks
    ]
    frames = {(clip.id, frame.index): frame for clip in found.footage.clips for frame in clip.frames}
    figures: list[str] = []
    with Media() as media:
        for finding in _spread(able):
            pair = _figures(media, frames, finding)
            if len(figures) + len(pair) > max(most, len(pair)):
                break
            figures += pair
    return figures if most else []


def _spread(findings: Sequence[Finding]) -> list[Finding]:
    """The first of each clip, then the second of each, and so on."""
    seen: Counter[str] = Counter()
    turns = []
    for rank, finding in enumerate(findings):
        turns.append((seen[finding.clip], rank, finding))
        seen[finding.clip] += 1
    return [finding for *_, finding in sorted(turns, key=lambda turn: turn[:2])]


def _figures(media: Media, frames: dict[FrameKey, Frame], finding: Finding) -> list[str]:
    assert finding.frame is not None
    places = [(finding.clip, finding.frame)]
    if finding.other in frames:
        places.insert(0, finding.other)
    figures = []
    for key in places:
        try:
            image = media.read(frames[key])
        except ImageUnreadable:  # it could be read when it was looked at; the table tells of it all the same
            return []
        message = finding.message if key == places[-1] else "the other one"
        caption = f"<b>{escape(key[0])}</b> frame {key[1]} · {escape(message)}"
        place = finding.place if key == places[-1] else None
        figures.append(frame_picture(image, frames[key], caption, focus=place))
    return figures
