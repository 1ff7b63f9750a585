"""`RUN/report.html` of a collection: the new clips, example images with the proposed people, the problems."""

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

_MAX_FRAMES = 4
_MAX_CLOSE_UPS = 12
_TWO_COLUMNS = '<div class="pictures" style="grid-template-columns:1fr 1fr">'
"""People are small in whole frames, so that these are shown large."""
_MAX_ROWS = 200
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
        *_examples(footage.clips),
        "<h2>Clips</h2>",
        _clips(footage.clips),
        "<h2>What is wrong</h2>",
        _problems(footage, findings),
    ]
    return write_document(path, f"{ref}: new footage", parts)


def _examples(clips: Sequence[Clip]) -> list[str]:
    """Show whole frames, spread over the clips, and close-ups of the persons with the most visible arms."""
    frames = [(clip, frame) for clip in clips for frame in clip.frames]
    with_people = [(clip, frame) for clip, frame in frames if frame.persons] or frames
    step = max(1, len(with_people) // _MAX_FRAMES)
    whole = [_figure(clip, frame, None, 540) for clip, frame in with_people[step // 2 :: step][:_MAX_FRAMES]]
    posed = [
        (_arm_visibility(person), clip, frame, person)
        for clip, frame in with_people
        for person in frame.persons
        if person.keypoints
    ]
    posed.sort(key=lambda entry: -entry[0])
    close = [
        _figure(clip, frame, person, 540)
        for _, clip, frame, person in _one_per_person(posed)[:_MAX_CLOSE_UPS]
    ]
    parts = [
        "<h2>Examples</h2>",
        f'<p class="note">{FRAME_KEY}</p>{_TWO_COLUMNS}{"".join(whole)}</div>',
    ]
    if close:
        note = "The skeletons whose arms reach farthest, one a person."
        parts.append(f'<h3>Close up</h3><p class="note">{note}</p>{_TWO_COLUMNS}{"".join(close)}</div>')
    return parts


def _one_per_person(
    entries: Sequence[tuple[float, Clip, Frame, Person]],
) -> list[tuple[float, Clip, Frame, Person]]:
    """Return one entry per person: consecutive frames look alike."""
    found: dict[tuple[str, int], tuple[float, Clip, Frame, Person]] = {}
    for entry in entries:
        found.setdefault((entry[1].id, entry[3].track), entry)
    return list(found.values())


def _arm_visibility(person: Person) -> float:
    """Return how visible the arms are: their reach in heights of the box, times the confidence."""
    reach = sum(_reach(person.keypoints, arm) for arm in (_LEFT_ARM, _RIGHT_ARM))
    confidence = 0.0 if person.source is None else person.source.confidence
    return confidence * reach / person.box[3]


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
    confidence = "" if person.source is None else f", confidence {person.source.confidence:.2f}"
    return frame_figure(
        image, frame, f"{caption}; person {person.track}{confidence}", focus=person.box, width=width
    )


def _clips(clips: Sequence[Clip]) -> str:
    rows = []
    for clip in clips[:_MAX_ROWS]:
        provenance, first = clip.provenance, clip.frames[0]
        people = sum(len(frame.persons) for frame in clip.frames)
        values = [
            escape(clip.id),
            escape(clip.match),
            *(
                escape(value or "–")
                for value in (provenance.competition, provenance.season, provenance.camera)
            ),
            f"{first.width} × {first.height}",
            f"{clip.frame_rate_hz:g}",
            escape(str(clip.facts.get("source_codec", "–"))),
        ]
        cells = "".join(f"<td>{value}</td>" for value in values)
        counts = "".join(f'<td class="right num">{value}</td>' for value in (len(clip.frames), people))
        rows.append(f"<tr>{cells}{counts}</tr>")
    names = ("clip", "match", "competition", "season", "camera", "pixels", "frames/s", "codec")
    head = "".join(f"<th>{name}</th>" for name in names)
    head += "".join(f'<th class="right">{name}</th>' for name in ("kept", "people"))
    more = f'<p class="note">and {len(clips) - _MAX_ROWS} more</p>' if len(clips) > _MAX_ROWS else ""
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>{more}"


def _problems(footage: Footage, findings: Sequence[Finding]) -> str:
    rows = [
        f"<tr><td>{escape(entry.path)}</td><td>{escape(entry.reason)}</td></tr>"
        for entry in footage.quarantine
    ][:_MAX_ROWS]
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
