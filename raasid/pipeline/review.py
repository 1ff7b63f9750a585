"""`raasid review`: decide about clips with all three models; each gets a decision, a video and a page."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from raasid.collect.source_discovery import Source, SourceMissing, find_sources
from raasid.console import terminal
from raasid.console.tables import Column, print_table
from raasid.errors import CheckpointUnusable, RaasidError
from raasid.escaping import printable
from raasid.footage.quarantine import Quarantine
from raasid.io.atomic import write_atomic
from raasid.io.disk_full import naming_full_disk
from raasid.io.video_reader import VideoUnreadable
from raasid.models.checkpoints import load_trained_model
from raasid.models.context.module import ContextModule
from raasid.perception.to_records import PerceptionSettings
from raasid.perception.tracker import load_perception
from raasid.pipeline.model_refs import resolve_checkpoint
from raasid.pipeline.verb_configs import ReviewConfig
from raasid.review.decision import Decision, ModelInfo, headline, restart_text
from raasid.review.judge_clip import ContextPredictor
from raasid.review.options import ReviewOptions
from raasid.review.review_clip import ReviewModels, review_clip


class ClipsFailed(RaasidError):
    """Some clips could not be reviewed; the others were."""

    def __init__(self, failed: Sequence[str], of: int) -> None:
        shown = ", ".join(failed[:5]) + (" …" if len(failed) > 5 else "")
        super().__init__(f"{len(failed)} of {of} clips could not be reviewed: {shown}")


def review(cfg: ReviewConfig, run_dir: Path) -> None:
    """Review every clip that is not done yet; one that fails is reported at the end and stops no other."""
    rejected = Quarantine()
    videos = _find_videos(cfg, rejected)
    models = load_models(cfg)
    out = cfg.out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    rows = [SummaryRow(entry.path, None, None, entry.reason) for entry in rejected]
    rows.extend(_review(source, out, models, cfg.law.edition, cfg.review) for source in videos)
    _print(rows, write_summary(out, rows))
    failed = [row.name for row in rows if row.decision is None]
    if failed:
        raise ClipsFailed(failed, len(rows))


def load_models(cfg: ReviewConfig) -> ReviewModels:
    """Load the three models; raises NotTrainedYet or CheckpointUnusable before any clip is opened."""
    logs = Path(cfg.paths.logs)
    ball, pose, context = (
        resolve_checkpoint(getattr(cfg, task), logs, task) for task in ("ball", "pose", "context")
    )
    info = {
        name: ModelInfo(file=printable(path), sha256=hashlib.sha256(path.read_bytes()).hexdigest())
        for name, path in (("ball", ball), ("pose", pose), ("context", context))
    }
    return ReviewModels(
        load_perception(
            ball, pose, cfg.device, PerceptionSettings(min_track_score=cfg.review.min_track_score)
        ),
        _load_predictor(context),
        info,
    )


def _load_predictor(path: Path) -> ContextPredictor:
    model, _ = load_trained_model(path)
    if not isinstance(model, ContextModule):
        raise CheckpointUnusable(path, f"is a {model.task} model; context= needs one of experiment=context")
    model.eval()
    return model


def _find_videos(cfg: ReviewConfig, rejected: Quarantine) -> list[Source]:
    patterns = [cfg.source] if isinstance(cfg.source, str) else list(cfg.source)
    found = find_sources(patterns, rejected)
    for source in found:
        if source.is_stream:
            raise SourceMissing(source.location, "streams have no end; `raasid collect` cuts clips from them")
    videos = [source for source in found if not source.is_image]
    if not videos:
        raise SourceMissing(patterns[0], "holds no video; name one, or a folder of them")
    return videos


def _review(
    source: Source, out: Path, models: ReviewModels, edition: str, options: ReviewOptions
) -> SummaryRow:
    try:
        with naming_full_disk(out):  # no fault of the clip, and no other clip would do better
            result = review_clip(source, out, models, edition, options, terminal.progress)
    except (VideoUnreadable, OSError) as error:
        reason = error.reason if isinstance(error, VideoUnreadable) else str(error)
        terminal.err().print(f"warning: {source.name}: {reason}", markup=False)
        return SummaryRow(source.name, None, None, reason)
    if not result.fresh:
        terminal.err().print(f"{source.name}: reviewed before", markup=False)
    return SummaryRow(source.name, result.decision, result.folder)


def _print(rows: Sequence[SummaryRow], summary: Path) -> None:
    columns = [Column(title, right=title in ("offence", "confidence")) for title in TABLE_HEAD]
    print_table(columns, summary_table(rows))
    done = [row for row in rows if row.folder is not None]
    out = terminal.out()
    if len(done) == 1 and done[0].folder is not None:
        out.print(f"\ndecision: {done[0].folder / 'decision.json'}", markup=False)
        out.print(f"page: {done[0].folder / 'review.html'}", markup=False)
    else:
        abstained = sum(row.decision is not None and row.decision.abstained for row in rows)
        out.print(f"\n{len(done)} reviewed, {abstained} without a decision", markup=False)
    out.print(f"summary: {summary}", markup=False)


FILE_NAME = "summary.csv"
TABLE_HEAD = ("clip", "decision", "offence", "confidence", "why")
_COLUMNS = (
    "clip", "decision", "abstained", "confidence", "offence_probability", "restart", "sanction", "clause",
    "edition", "reasons", "folder",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One clip: its decision, or why there is none."""

    name: str
    decision: Decision | None
    folder: Path | None
    failure: str = ""


def summary_table(rows: Sequence[SummaryRow]) -> list[tuple[str, ...]]:
    """Cells under TABLE_HEAD; the last column holds the restart, or why there is no decision."""
    return [_table_cells(row) for row in rows]


def write_summary(folder: Path, rows: Sequence[SummaryRow]) -> Path:
    """Write FOLDER/summary.csv atomically and return its path."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(_csv_cells(row) for row in rows)
    path = folder / FILE_NAME
    write_atomic(path, text.getvalue().encode("utf-8", "backslashreplace"))
    return path


def _table_cells(row: SummaryRow) -> tuple[str, ...]:
    decision = row.decision
    if decision is None:
        return row.name, "failed", "", "", row.failure
    offence = "–" if decision.offence_probability is None else f"{decision.offence_probability:.2f}"
    why = decision.reasons[0] if decision.abstained else restart_text(decision)
    return row.name, headline(decision).lower(), offence, f"{decision.confidence:.2f}", why


def _csv_cells(row: SummaryRow) -> list[object]:
    decision = row.decision
    if decision is None:
        return [row.name, "failed", *[""] * (len(_COLUMNS) - 4), row.failure, ""]
    return [
        row.name,
        decision.decision or "",
        str(decision.abstained).lower(),
        decision.confidence,
        "" if decision.offence_probability is None else decision.offence_probability,
        decision.restart or "",
        decision.sanction or "",
        decision.clause or "",
        decision.edition,
        "; ".join(decision.reasons),
        row.folder,
    ]
