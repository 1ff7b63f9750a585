"""`raasid validate`: is this footage fit to train on, and what is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from raasid.console.terminal import err, out, progress
from raasid.datasets.factory import open_footage
from raasid.errors import Exit, NoUsableSamples, RaasidError
from raasid.footage.records import Footage
from raasid.footage.store import DatasetStore
from raasid.pipeline.verb_configs import ValidateConfig
from raasid.validation.drift import Drift, compare_features
from raasid.validation.image_stats import compute_image_stats
from raasid.validation.report import write_validation_page
from raasid.validation.runner import ValidationResult, check_footage


class NothingUsable(RaasidError):
    """Footage of which nothing can be checked, let alone trained on."""

    exit = Exit.REFUSED


class LimitsExceeded(RaasidError):
    """Footage with more faults than the configuration tolerates."""

    exit = Exit.REFUSED

    def __init__(self, found: ValidationResult, report: Path) -> None:
        message = "; ".join(
            f"{row.kind.title.lower()} {row.share:.2%}, limit {row.limit:.2%}" for row in found.over
        )
        count = "1 limit is" if len(found.over) == 1 else f"{len(found.over)} limits are"
        tolerated = " ".join(f"limits.{row.name}={_rounded_up(row.share)}" for row in found.over)
        super().__init__(
            f"{count} exceeded: {message}\n"
            f"next: look at {report}, then mend or leave out what quarantine.json lists; "
            f"or tolerate it: {tolerated}"
        )


def validate(cfg: ValidateConfig, run_dir: Path) -> None:
    """Check footage, write the report and the lists, print the table.

    Raises NothingUsable and LimitsExceeded (exit status 3).
    """
    try:
        footage = open_footage(cfg.data, Path(cfg.paths.data))
    except NoUsableSamples as error:
        raise NothingUsable(str(error)) from error
    if not footage.clips:
        raise NothingUsable(f"no clip could be read; left out: {footage.left_out.describe() or 'nothing'}")
    found = check_footage(footage, cfg.thresholds, cfg.limits, cfg.seed)
    if cfg.reference is not None:
        found = replace(found, drifts=_drifts(cfg, found))
    root = Path(getattr(cfg.data, "root", cfg.paths.data))
    found.quarantine(root).write(run_dir / "quarantine.json")
    found.write(run_dir / "validation.json")
    config = run_dir / ".hydra" / "config.yaml"
    report = write_validation_page(
        run_dir / "validation.html",
        _title(cfg),
        found,
        cfg.max_images,
        config.read_text() if config.exists() else "",
    )
    _show(found, run_dir)
    if found.over:
        raise LimitsExceeded(found, report)
    out().print(f"next: {_next(cfg)}", markup=False)


def _drifts(cfg: ValidateConfig, found: ValidationResult) -> list[Drift]:
    assert cfg.reference is not None
    reference: Footage = DatasetStore(Path(cfg.paths.store)).find(cfg.reference).footage()
    total = sum(len(clip.frames) for clip in reference.clips)
    with progress(f"looking at {cfg.reference}", total=total) as advance:
        images = compute_image_stats(reference.clips, advance)
    return compare_features(found.footage.clips, found.images, reference.clips, images, cfg.drift, cfg.seed)


def _show(found: ValidationResult, run_dir: Path) -> None:
    """Print one table: kind, findings, share, limit, state; and where the files are."""
    console = out()
    for note in found.notes:
        err().print(f"note: {note}", markup=False)
    having = [row for row in found.rows if row.findings]
    console.print(
        f"{found.frames} frames in {len(found.footage.clips)} clips, {len(found.images.by_frame)} pictures seen\n"
    )
    names = max([len("kind"), *(len(row.name) for row in having)])
    if having:
        console.print(f"{'kind':<{names}}  findings   frames    share    limit  state", markup=False)
    for row in having:
        limit = "any" if row.limit is None else f"{row.limit:.2%}"
        counts = f"{row.findings:>8}  {row.frames:>7}  {row.share:>7.2%}  {limit:>7}"
        console.print(f"{row.name:<{names}}  {counts}  {row.state}", markup=False)
    others = len(found.rows) - len(having)
    if others:
        console.print(f"{others} {'other ' if having else ''}kinds of fault: none found", markup=False)
    _show_drifts(found)
    console.print()
    for name, path in (
        ("report", "validation.html"),
        ("list", "quarantine.json"),
        ("data", "validation.json"),
    ):
        console.print(f"{name:<7} {run_dir / path}", markup=False)


def _show_drifts(found: ValidationResult) -> None:
    if not found.drifts:
        return
    console = out()
    moved = [drift for drift in found.drifts if drift.drifted]
    silent = sum(drift.effect is None for drift in found.drifts)
    rest = f"; {silent} have too few clips to say" if silent else ""
    console.print(
        f"\n{len(moved)} of {len(found.drifts)} features differ from the reference{rest}", markup=False
    )
    for drift in moved:
        console.print(
            f"  {drift.feature}: {drift.mean:.4g} against {drift.reference_mean:.4g}, "
            f"effect {drift.effect:.2f}, p {drift.p:.4f}",
            markup=False,
        )


def _title(cfg: ValidateConfig) -> str:
    root = getattr(cfg.data, "root", None)
    named = getattr(cfg.data, "dataset", None) or (root.name if root else None)
    return f"{cfg.data.format}: {named}" if named else f"{cfg.data.format} footage"


def _next(cfg: ValidateConfig) -> str:
    words = [f"data={cfg.data.format}"]
    if cfg.data.format == "store":
        return f"raasid train {words[0]} data.dataset={getattr(cfg.data, 'dataset', '')}"
    if root := getattr(cfg.data, "root", None):
        words.append(f"data.root={root}")
        return f"raasid import {' '.join(words)} name={root.name}"
    return f"raasid train {' '.join(words)}"


def _rounded_up(share: float) -> float:
    """A limit that tolerates the share, to two digits after the point."""
    return min(1.0, -(-share * 100 // 1) / 100)
