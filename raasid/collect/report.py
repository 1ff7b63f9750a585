"""`RUN/report.html` of a collection: what came in, and pictures that show what was seen in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape
from pathlib import Path

from raasid.footage.frame_reader import FrameReader
from raasid.footage.records import Clip, Footage, Frame, Keypoint, Person
from raasid.io.image_reader import ImageUnreadable
from raasid.reports.document import write_document
from raasid.reports.frame_figure import FRAME_KEY, frame_figure
from raasid.validation.types import Finding

_MOST_PICTURES = 4
_MOST_CLOSE_UPS = 12
_TWO_A_ROW = '<div class="pictures" style="grid-template-columns:1fr 1fr">'
"""People are small in whole frames."""
_MOST_ROWS = 200
_LEFT_ARM, _RIGHT_ARM = (5, 7, 9), (6, 8, 10)


def write_report(path: Path, ref: str, footage: Footage, findings: Sequence[Finding]) -> Path:
    """Write the page and return it."""
    people = [person for clip in footage.clips for frame in clip.frames for person in frame.persons]
    posed = sum(bool(person.keypoints) for person in people)
    frames = sum(len(clip.frames) for clip in footage.clips)
    joints = f", <b>{posed}</b> of them with joints" if posed else ""
    parts = [
        f'<div class="kicker">collected as {escape(ref)}</div><h1>New footage</h1>',
        f'<p class="answer"><b>{len(footage.clips)}</b> clips, <b>{frames}</b> frames, '
        f"<b>{len(people)}</b> people proposed{joints}. Nobody has reviewed them yet.</p>",
        *_pictures(footage.clips),
        "<h2>Clips</h2>",
        _clips(footage.clips),
        "<h2>What is wrong</h2>",
        _wrong(footage, findings),
    ]
    return write_document(path, f"{ref}: new footage", parts)


def _pictures(clips: Sequence[Clip]) -> list[str]:
    """Whole frames, spread over the clips, and close-ups of the persons whose arms are seen best."""
    rest = [(clip, frame) for clip in clips for frame in clip.frames]
    seen = [(clip, frame) for clip, frame in rest if frame.persons] or rest
    step = max(1, len(seen) // _MOST_PICTURES)
    whole = [_figure(clip, frame, None, 540) for clip, frame in seen[step // 2 :: step][:_MOST_PICTURES]]
    posed = [
        (_arms(person), clip, frame, person)
        for clip, frame in seen
        for person in frame.persons
        if person.keypoints
    ]
    posed.sort(key=lambda entry: -entry[0])
    close = [_figure(clip, frame, person, 540) for _, clip, frame, person in _spread(posed)[:_MOST_CLOSE_UPS]]
    parts = [
        "<h2>What was seen</h2>",
        f'<p class="note">{FRAME_KEY}</p>{_TWO_A_ROW}{"".join(whole)}</div>',
    ]
    if close:
        note = "The skeletons whose arms reach farthest, one a person."
        parts.append(f'<h3>Close up</h3><p class="note">{note}</p>{_TWO_A_ROW}{"".join(close)}</div>')
    return parts


def _spread(
    entries: Sequence[tuple[float, Clip, Frame, Person]],
) -> list[tuple[float, Clip, Frame, Person]]:
    """One picture of each person: pictures in a row say little."""
    found: dict[tuple[str, int], tuple[float, Clip, Frame, Person]] = {}
    for entry in entries:
        found.setdefault((entry[1].id, entry[3].track), entry)
    return list(found.values())


def _arms(person: Person) -> float:
    """Return how well the arms can be judged: their reach in heights of the box, times the confidence."""
    reach = sum(_reach(person.keypoints, arm) for arm in (_LEFT_ARM, _RIGHT_ARM))
    trust = 0.0 if person.mark is None else person.mark.confidence
    return trust * reach / person.box[3]


def _reach(points: Sequence[Keypoint], arm: tuple[int, int, int]) -> float:
    shoulder, _, wrist = (points[joint] for joint in arm)
    if not all(points[joint][2] for joint in arm):
        return 0.0
    return float(((wrist[0] - shoulder[0]) ** 2 + (wrist[1] - shoulder[1]) ** 2) ** 0.5)


def _figure(clip: Clip, frame: Frame, person: Person | None, width: int) -> str:
    try:
        with FrameReader() as media:
            image = media.read(frame)
    except ImageUnreadable as error:
        return f"<figure><figcaption>{escape(str(error))}</figcaption></figure>"
    time_s = frame.index / clip.frame_rate_hz
    caption = f"<b>{escape(clip.id)}</b>, {time_s:.1f} s"
    if person is None:
        return frame_figure(image, frame, f"{caption}; {len(frame.persons)} people", width=width)
    trust = "" if person.mark is None else f", confidence {person.mark.confidence:.2f}"
    return frame_figure(
        image, frame, f"{caption}; person {person.track}{trust}", focus=person.box, width=width
    )


def _clips(clips: Sequence[Clip]) -> str:
    rows = []
    for clip in clips[:_MOST_ROWS]:
        origin, first = clip.provenance, clip.frames[0]
        people = sum(len(frame.persons) for frame in clip.frames)
        told = [
            escape(clip.id),
            escape(clip.match),
            *(escape(value or "–") for value in (origin.competition, origin.season, origin.camera)),
            f"{first.width} × {first.height}",
            f"{clip.frame_rate_hz:g}",
            escape(str(clip.facts.get("source_codec", "–"))),
        ]
        cells = "".join(f"<td>{value}</td>" for value in told)
        counts = "".join(f'<td class="right num">{value}</td>' for value in (len(clip.frames), people))
        rows.append(f"<tr>{cells}{counts}</tr>")
    names = ("clip", "match", "competition", "season", "camera", "pixels", "frames/s", "codec")
    head = "".join(f"<th>{name}</th>" for name in names)
    head += "".join(f'<th class="right">{name}</th>' for name in ("kept", "people"))
    more = f'<p class="note">and {len(clips) - _MOST_ROWS} more</p>' if len(clips) > _MOST_ROWS else ""
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>{more}"


def _wrong(footage: Footage, findings: Sequence[Finding]) -> str:
    rows = [
        f"<tr><td>{escape(entry.path)}</td><td>{escape(entry.reason)}</td></tr>" for entry in footage.left_out
    ][:_MOST_ROWS]
    kinds = Counter(finding.kind for finding in findings)
    example = {finding.kind: finding for finding in reversed(findings)}
    rows += [
        f"<tr><td>{escape(kind)}: {count}</td><td>such as {escape(example[kind].clip)}: "
        f"{escape(example[kind].message)}</td></tr>"
        for kind, count in kinds.most_common()
    ]
    if not rows:
        return "<p>Nothing: every source could be read, and no check found anything.</p>"
    return f"<table>{''.join(rows)}</table>"
