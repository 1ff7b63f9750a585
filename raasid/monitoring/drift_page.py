"""`drift.html`: what a drift check found, for a person: the verdict, frames of both sides, every feature."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from raasid.footage.frame_reader import FrameReader
from raasid.footage.records import Clip, Frame
from raasid.io.image_reader import ImageUnreadable
from raasid.reports.distributions import DISTRIBUTION_KEY, level_shares, numeric_distributions, quantile
from raasid.reports.document import write_document
from raasid.reports.frame_figure import frame_figure
from raasid.stats.drift_by_slice import MixOrWorld
from raasid.stats.drift_report import DriftReport, FeatureDrift, overall
from raasid.stats.embedding_profile import NAME as EMBEDDING

MAX_EXAMPLES = 4
"""Frames of each side."""
_MAX_NAMED = 3
_VERDICTS = {"drift": "drift", "no drift": "no drift", "too few": "too few matches", "no values": "no values"}
_BAR_WIDTH = 150.0
_DECADES = 1.5
"""From the threshold to either end of a bar."""
_PARTS = {
    "footage": "how the footage looks",
    "predictions": "what the model says of it",
    EMBEDDING: "what the model sees in it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftFindings:
    """What the page shows of one check."""

    version: str
    """`ball_model v20261123.1`"""
    reason: str
    """Of the decision: a sentence that says what follows."""
    reports: Mapping[str, DriftReport]
    """By what was compared: footage, predictions, embedding; one at least."""
    mixes: Mapping[str, MixOrWorld] = field(default_factory=dict)
    """Kind of slice (light, stadium) -> whether the mix of matches has changed or the world."""
    current: Sequence[Clip] = ()
    reference: Sequence[Clip] = ()
    """Clips that example frames are taken from."""
    note: str = ""
    """Why there are no example frames of the reference, if there are none."""

    @property
    def features(self) -> list[tuple[str, FeatureDrift]]:
        """Pairs of the part and a feature, the worst first."""
        pairs = [(part, feature) for part, report in self.reports.items() for feature in report.features]
        return sorted(pairs, key=lambda pair: _worst_first(pair[1]))

    @property
    def drifted(self) -> list[str]:
        """Names of the features that drift, the worst first."""
        return [feature.name for _, feature in self.features if feature.verdict == "drift"]


def write_drift_page(path: Path, found: DriftFindings) -> Path:
    """Write the page and return its path."""
    title = f"Drift check of {found.version}"
    parts = [*_answer(title, found), *_examples(found), *_features(found), *_method(found)]
    return write_document(path, title, parts)


def example_frames(clips: Sequence[Clip], limit: int = MAX_EXAMPLES) -> list[tuple[Clip, Frame]]:
    """Choose the middle frame of the middle clip of matches that are evenly spread over all matches."""
    by_match: dict[str, list[Clip]] = {}
    for clip in sorted(clips, key=lambda clip: (clip.match, clip.id)):
        if clip.frames:
            by_match.setdefault(clip.match, []).append(clip)
    groups = list(by_match.values())
    count = min(limit, len(groups))
    chosen = [groups[(2 * k + 1) * len(groups) // (2 * count)] for k in range(count)]
    middle = [group[len(group) // 2] for group in chosen]
    return [(clip, clip.frames[len(clip.frames) // 2]) for clip in middle]


def _answer(title: str, found: DriftFindings) -> Iterator[str]:
    yield f'<header><div class="kicker">RAASID · drift check</div><h1>{escape(title)}</h1>'
    yield f'<p class="answer">{_verdict(found)}</p>'
    for kind, mix in found.mixes.items():
        yield f'<p class="answer">{escape(_sentence(f"by {kind}: {mix.sentence()}"))}</p>'
    yield f'<p class="note">{escape(found.reason)}</p>'
    yield f"{_headline(found)}</header>"


def _verdict(found: DriftFindings) -> str:
    names = [escape(name) for name in found.drifted]
    verdict = overall([report.verdict for report in found.reports.values()])
    if names:
        more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
        return (
            "<b>Drift.</b> The current footage differs from what this version is known to handle in "
            f"<b>{', '.join(names[:_MAX_NAMED])}</b>{more}."
        )
    if verdict == "too few":
        needed = max(report.more_units_needed for report in found.reports.values())
        return (
            "<b>Too few matches to tell.</b> With so few matches no p-value can be "
            f"low enough to report drift. Further matches needed: {needed}."
        )
    if verdict == "no drift":
        return "<b>No drift.</b> The current footage looks like what this version is known to handle."
    return "<b>Nothing to compare.</b> No feature has values on both sides."


def _headline(found: DriftFindings) -> str:
    tested = [feature for _, feature in found.features if feature.verdict != "no values"]
    thresholds = {part: report.min_effect for part, report in found.reports.items()}
    times, largest = max(
        (
            (feature.effect / thresholds[part], feature.name)
            for part, feature in found.features
            if feature.verdict != "no values" and thresholds[part]
        ),
        default=(math.nan, ""),
    )
    reports = found.reports.values()
    cells = [
        ("features that drift", f"{len(found.drifted)}", f"of {len(tested)} that were compared"),
        ("largest effect", f"{_number(times, 1)} ×", f"its threshold: {escape(largest)}"),
        ("matches now", f"{max(report.units for report in reports):,}", ""),
        ("matches before", f"{max(report.reference_units for report in reports):,}", ""),
    ]
    figures = "".join(
        f'<div class="figure{" first" if k < 2 else ""}"><div class="name">{name}</div>'
        f'<div class="value num">{value}</div><div class="between">{note}</div></div>'
        for k, (name, value, note) in enumerate(cells)
    )
    return f'<div class="headline">{figures}</div>'


def _examples(found: DriftFindings) -> Iterator[str]:
    with FrameReader() as media:
        sides = [
            ("Now: the footage that was checked", _figures(media, found.current)),
            ("Before: the held-out matches of its training", _figures(media, found.reference)),
        ]
    if not any(figures for _, figures in sides):
        return
    yield '<h2>What it looks like</h2><div class="sides">'
    for head, figures in sides:
        note = f'<p class="note">{escape(found.note or "No image can be read here")}.</p>'
        shown = f'<div class="pictures">{"".join(figures)}</div>' if figures else note
        yield f"<div><h3>{head}</h3>{shown}</div>"
    yield "</div>"


def _figures(media: FrameReader, clips: Sequence[Clip]) -> list[str]:
    figures = []
    for clip, frame in example_frames(clips):
        try:
            image = media.read(frame)
        except ImageUnreadable:  # raasid validate lists such frames; here others show the same
            continue
        tags = f" · {escape(', '.join(clip.tags))}" if clip.tags else ""
        plain = Frame(frame.index, frame.image, frame.width, frame.height)
        caption = f"<b>{escape(clip.match)}</b> {escape(clip.id)}, frame {frame.index}{tags}"
        figures.append(frame_figure(image, plain, caption))
    return figures


def _features(found: DriftFindings) -> Iterator[str]:
    yield f'<h2>Feature by feature, worst first</h2><p class="note">{DISTRIBUTION_KEY}</p>'
    cards = "".join(_card(part, feature, found.reports[part]) for part, feature in found.features)
    yield f'<div class="features">{cards}</div>'


def _card(part: str, feature: FeatureDrift, report: DriftReport) -> str:
    verdict = _VERDICTS[feature.verdict]
    drifts = feature.verdict == "drift"
    mark = f'<span class="mark">{"▲ " if drifts else ""}{verdict}</span>'
    facts = "".join(
        f"<dt>{name}</dt><dd>{value}</dd>"
        for name, value in (
            (
                "effect",
                f"{_number(feature.effect, 3)}{_effect_bar(feature.effect, report.min_effect)}",
            ),
            ("drifts from", f"{report.min_effect:g}"),
            ("p", _p_text(feature.p)),
            ("adjusted p", f"{_p_text(feature.adjusted_p)} (drifts below {report.alpha:.3g})"),
            ("matches", f"{report.units:,} now, {report.reference_units:,} before"),
            ("values", f"{feature.rows:,} now, {feature.reference_rows:,} before"),
        )
    )
    return (
        f'<section class="feature-card{" drifts" if drifts else ""}">'
        f"<div><h3>{escape(feature.name)} {mark}</h3>"
        f'<p class="note">{_PARTS.get(part, escape(part))}</p>{_change(part, feature)}</div>'
        f"<figure>{_distributions(feature)}</figure><dl>{facts}</dl></section>"
    )


def _change(part: str, feature: FeatureDrift) -> str:
    """Say in words how the feature has changed."""
    if not feature.rows or not feature.reference_rows or not feature.points:
        return ""
    if feature.kind == "categorical":
        k = max(
            range(len(feature.points)),
            key=lambda k: (abs(feature.shares[k] - feature.reference_shares[k]), str(feature.points[k])),
        )
        level, now, before = feature.points[k], feature.shares[k], feature.reference_shares[k]
        return f'<p class="note">{escape(str(level))}: {before:.0%} before, <b>{now:.0%}</b> now</p>'
    points = [float(point) for point in feature.points]
    before, now = (quantile(points, side, 0.5) for side in (feature.reference_shares, feature.shares))
    what = "distance of a clip from what is known, " if part == EMBEDDING else ""
    return f'<p class="note">{what}median {before:.3g} before, <b>{now:.3g}</b> now</p>'


def _distributions(feature: FeatureDrift) -> str:
    if not feature.points:
        return '<p class="note">No values to draw.</p>'
    label = f"Distribution of {feature.name}, now and before"
    if feature.kind == "categorical":
        levels = [str(point) for point in feature.points]
        return level_shares(levels, feature.shares, feature.reference_shares, label)
    points = [float(point) for point in feature.points]
    return numeric_distributions(points, feature.shares, feature.reference_shares, label)


def _effect_bar(effect: float, threshold: float) -> str:
    """Draw a bar up to the effect on a logarithmic scale, and a tick at the threshold in its middle."""
    if math.isnan(effect) or not threshold:
        return ""
    decades = math.log10(max(effect / threshold, 1e-9))
    width = _BAR_WIDTH * min(max(0.5 + decades / (2 * _DECADES), 0.0), 1.0)
    return (
        f'<svg width="{_BAR_WIDTH:.0f}" height="12" viewBox="0 0 {_BAR_WIDTH:.0f} 12" aria-hidden="true">'
        f'<rect y="3" width="{_BAR_WIDTH:.0f}" height="6" fill="#eceff2"/>'
        f'<rect y="3" width="{width:.1f}" height="6" fill="#7f8c99"/>'
        f'<path d="M{_BAR_WIDTH / 2:.1f} 0v12" stroke="#1b1f24" stroke-width="1.5"/></svg>'
    )


def _method(found: DriftFindings) -> Iterator[str]:
    alpha = sum(report.alpha for report in found.reports.values())
    yield "<h2>How it was decided</h2>"
    yield (
        "<p>A feature drifts if it has moved by more than chance, and far enough to matter. Chance: whole "
        "matches were exchanged between now and before; p is the share of exchanges that make as large a "
        "difference as was observed. It is adjusted for the number of features (Benjamini and Hochberg), and "
        "the level is divided among what is compared: footage like that before raises an alarm, in any "
        f"feature, in at most {alpha:.0%} of checks. Effect: the distance of the two distributions, in "
        "standard deviations of that before (Wasserstein) or as a share (categories), minus what chance "
        "alone makes; of the embedding the maximum mean discrepancy. The tick on its bar is the threshold; "
        "the ends are 30 times as far, and 30 times less far.</p>"
    )
    for part, report in found.reports.items():
        yield (
            f"<p>{_sentence(_PARTS.get(part, escape(part)))} {escape(_sentence(report.sentence()))} At least "
            f"{report.permutations:,} exchanges; p can be as small as {report.smallest_p:.2g}.</p>"
        )
    for kind, mix in found.mixes.items():
        yield _mix_table(kind, mix)


def _mix_table(kind: str, mix: MixOrWorld) -> str:
    (slices,) = mix.mix.features
    rows = "".join(
        f'<tr><td>{escape(str(name))}</td><td class="right num">{before:.0%}</td>'
        f'<td class="right num">{now:.0%}</td></tr>'
        for name, now, before in zip(slices.points, slices.shares, slices.reference_shares, strict=True)
    )
    right = '<th class="right">'
    return (
        f"<h3>Matches by {escape(kind)}</h3><table><thead><tr><th>{escape(kind)}</th>{right}of the matches "
        f"before</th>{right}of those now</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _worst_first(feature: FeatureDrift) -> tuple[bool, bool, float, float, str]:
    undefined = math.isnan(feature.adjusted_p)
    return feature.verdict != "drift", undefined, feature.adjusted_p, -feature.effect, feature.name


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _number(value: float, digits: int) -> str:
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


def _p_text(p: float) -> str:
    return "–" if math.isnan(p) else f"{p:.4f}" if p >= 0.0001 else f"{p:.1e}"
