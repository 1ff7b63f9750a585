"""`validation.html`: the answer, example images of each kind of finding, the tables, the configuration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from raasid.footage.frame_reader import FrameReader
from raasid.footage.records import Frame
from raasid.io.image_reader import ImageUnreadable
from raasid.reports.document import write_document
from raasid.reports.frame_figure import FRAME_KEY, frame_figure
from raasid.validation.drift import Comparison
from raasid.validation.image_stats import FrameKey
from raasid.validation.runner import KindSummary, ValidationResult
from raasid.validation.types import Finding


def example_figures(result: ValidationResult, kind: str, max_images: int) -> list[str]:
    """Return up to `max_images` figures of a kind; findings about two frames show both side by side."""
    visible = [
        finding
        for finding in result.findings
        if finding.kind == kind
        and finding.frame is not None
        and (finding.clip, finding.frame) in result.images.by_frame
    ]
    frames = {(clip.id, frame.index): frame for clip in result.footage.clips for frame in clip.frames}
    figures: list[str] = []
    with FrameReader() as media:
        for finding in _across_clips(visible):
            pair = _figures(media, frames, finding)
            if len(figures) + len(pair) > max(max_images, len(pair)):
                break
            figures += pair
    return figures if max_images else []


def _across_clips(findings: Sequence[Finding]) -> list[Finding]:
    """Order findings: the first of each clip, then the second of each, and so on."""
    count: Counter[str] = Counter()
    ranked = []
    for rank, finding in enumerate(findings):
        ranked.append((count[finding.clip], rank, finding))
        count[finding.clip] += 1
    return [finding for *_, finding in sorted(ranked, key=lambda entry: entry[:2])]


def _figures(media: FrameReader, frames: dict[FrameKey, Frame], finding: Finding) -> list[str]:
    assert finding.frame is not None
    keys = [(finding.clip, finding.frame)]
    if finding.other in frames:
        keys.insert(0, finding.other)
    figures = []
    for key in keys:
        try:
            image = media.read(frames[key])
        except ImageUnreadable:  # it was readable when it was measured; the tables list the finding
            return []
        message = finding.message if key == keys[-1] else "the other frame"
        caption = f"<b>{escape(key[0])}</b> frame {key[1]} · {escape(message)}"
        place = finding.place if key == keys[-1] else None
        figures.append(frame_figure(image, frames[key], caption, focus=place))
    return figures


_LEFT_OUT_SHOWN = 200


def write_validation_page(
    path: Path, title: str, result: ValidationResult, max_images: int, config_yaml: str
) -> Path:
    """Write the report and return its path; max_images: of each kind."""
    parts = [
        *_answer(title, result),
        *_examples(result, max_images),
        *_tables(result),
        *_drift(result.comparison),
        *_left_out(result),
        f"<h2>Configuration</h2><pre>{escape(config_yaml.strip())}</pre>",
    ]
    return write_document(path, title, parts)


def _answer(title: str, result: ValidationResult) -> Iterator[str]:
    yield f'<header><div class="kicker">RAASID · validation</div><h1>{escape(title)}</h1>'
    found_kinds = [row for row in result.rows if row.findings]
    if result.over:
        worst = ", ".join(
            f'{row.kind.title.lower()} <b class="num">{row.share:.1%}</b>' for row in result.over
        )
        yield f'<p class="answer">Not fit for training as it is: {worst}.</p>'
    elif found_kinds:
        yield '<p class="answer">Fit for training: everything found is within its limit.</p>'
    else:
        yield '<p class="answer">Fit for training: nothing was found.</p>'
    matches = len({clip.match for clip in result.footage.clips})
    yield (
        f'<p class="note">{result.frames:,} frames in {len(result.footage.clips):,} clips of {matches:,} '
        "matches; "
        f"{len(result.images.by_frame):,} images were measured.</p>"
    )
    for note in result.notes:
        yield f'<p class="note">{escape(note)}.</p>'
    yield f"</header>{_table(found_kinds)}" if found_kinds else "</header>"


def _examples(result: ValidationResult, max_images: int) -> Iterator[str]:
    figures_by_kind = {
        row.name: example_figures(result, row.name, max_images) for row in result.rows if row.findings
    }
    if not any(figures_by_kind.values()):
        return
    yield f'<h2>What it looks like</h2><p class="note">{FRAME_KEY}</p>'
    for row in result.rows:
        if figures := figures_by_kind.get(row.name):
            yield f"<h3>{row.kind.title}: {row.frames:,} frames</h3>"
            two = ' style="grid-template-columns: repeat(2, 1fr)"' if row.kind.paired else ""
            yield f'<p class="note">{row.kind.meaning}</p>'
            yield f'<div class="pictures"{two}>{"".join(figures)}</div>'


def _tables(result: ValidationResult) -> Iterator[str]:
    yield f"<h2>All kinds</h2>{_table(result.rows)}"


def _table(rows: Sequence[KindSummary]) -> str:
    body = "".join(
        f"<tr><td>{row.kind.title}</td><td class=soft>{row.kind.meaning}</td>"
        f'<td class="right num">{row.findings:,}</td><td class="right num">{row.share:.2%}</td>'
        f'<td class="right num">{"any" if row.limit is None else f"{row.limit:.2%}"}</td>'
        f"<td>{f'<b>{row.state}</b>' if row.over else row.state}</td></tr>"
        for row in rows
    )
    right = '<th class="right">'
    return (
        f"<table><thead><tr><th>kind</th><th>meaning</th>{right}findings</th>{right}of the frames</th>"
        f"{right}limit</th><th></th></tr></thead><tbody>{body}</tbody></table>"
    )


def _drift(comparison: Comparison | None) -> Iterator[str]:
    if comparison is None:
        return
    yield f"<h2>Against the reference</h2><p>{escape(comparison.sentence)}.</p>"
    if not comparison.drifts:
        return
    right = '<th class="right">'
    rows = "".join(
        f'<tr><td>{escape(d.feature)}</td><td class="right num">{d.mean:.4g}</td>'
        f'<td class="right num">{d.reference_mean:.4g}</td>'
        f'<td class="right num">{"–" if d.effect is None else f"{d.effect:.3f}"}</td>'
        f'<td class="right num">{"–" if d.p is None else f"{d.p:.4f}"}</td>'
        f"<td>{'too few matches' if d.effect is None else '<b>differs</b>' if d.drifted else 'no drift'}</td>"
        "</tr>"
        for d in comparison.drifts
    )
    yield (
        f"<table><thead><tr><th>feature</th>{right}mean here</th>{right}in the reference</th>"
        f"{right}effect</th>{right}p (adjusted)</th><th></th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _left_out(result: ValidationResult) -> Iterator[str]:
    entries = list(result.footage.quarantine)
    if not entries:
        return
    yield f"<h2>What the reader left out</h2><p>{escape(result.footage.quarantine.describe(10))}.</p>"
    rows = "".join(
        f"<tr><td><code>{escape(entry.path)}</code></td>"
        f'<td class="right num">{entry.line or ""}</td><td>{escape(entry.reason)}</td></tr>'
        for entry in entries[:_LEFT_OUT_SHOWN]
    )
    yield (
        '<table><thead><tr><th>file</th><th class="right">line</th><th>reason</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )
    if len(entries) > _LEFT_OUT_SHOWN:
        yield f'<p class="note">… and {len(entries) - _LEFT_OUT_SHOWN:,} more in quarantine.json.</p>'
