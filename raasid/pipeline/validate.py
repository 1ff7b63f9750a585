"""`raasid validate`: check whether footage is fit to train on, and list what is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from raasid.console.terminal import err, out, progress
from raasid.datasets.factory import open_footage
from raasid.errors import Exit, NoUsableSamples, RaasidError
from raasid.footage.records import Footage
from raasid.footage.store import DatasetStore
from raasid.pipeline.verb_configs import ValidateConfig
from raasid.validation.drift import Comparison, compare_features
from raasid.validation.image_stats import compute_image_stats
from raasid.validation.report import write_validation_page
from raasid.validation.runner import ValidationResult, check_footage


class NothingUsable(RaasidError):
    """Footage without a readable clip."""

    exit = Exit.REFUSED


class LimitsExceeded(RaasidError):
    """Footage with more faults than the configuration tolerates."""

    exit = Exit.REFUSED

    def __init__(self, result: ValidationResult, report: Path) -> None:
        message = "; ".join(
            f"{row.kind.title.lower()} {row.share:.2%}, limit {row.limit:.2%}" for row in result.over
        )
        count = "1 limit is" if len(result.over) == 1 else f"{len(result.over)} limits are"
        tolerated = " ".join(f"limits.{row.name}={_round_up(row.share)}" for row in result.over)
        super().__init__(
            f"{count} exceeded: {message}\n"
            f"next: look at {report}, then correct or remove what quarantine.json lists; "
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
        raise NothingUsable(f"no clip could be read; left out: {footage.quarantine.describe() or 'nothing'}")
    result = check_footage(footage, cfg.thresholds, cfg.limits, cfg.seed)
    if cfg.reference is not None:
        result = replace(result, comparison=_comparison(cfg, result))
    root = Path(getattr(cfg.data, "root", cfg.paths.data))
    result.quarantine(root).write(run_dir / "quarantine.json")
    result.write(run_dir / "validation.json")
    config = run_dir / ".hydra" / "config.yaml"
    report = write_validation_page(
        run_dir / "validation.html",
        _title(cfg),
        result,
        cfg.max_images,
        config.read_text() if config.exists() else "",
    )
    _print(result, run_dir)
    if result.over:
        raise LimitsExceeded(result, report)
    out().print(f"next: {_next_command(cfg)}", markup=False)


def _comparison(cfg: ValidateConfig, result: ValidationResult) -> Comparison:
    assert cfg.reference is not None
    reference: Footage = DatasetStore(Path(cfg.paths.store)).find(cfg.reference).footage()
    total = sum(len(clip.frames) for clip in reference.clips)
    with progress(f"measuring {cfg.reference}", total=total) as update:
        images = compute_image_stats(reference.clips, update)
    return compare_features(result.footage.clips, result.images, reference.clips, images, cfg.drift, cfg.seed)


def _print(result: ValidationResult, run_dir: Path) -> None:
    """Print a table of kind, findings, share, limit and state, and where the files are."""
    console = out()
    for note in result.notes:
        err().print(f"note: {note}", markup=False)
    found_kinds = [row for row in result.rows if row.findings]
    clips, images = len(result.footage.clips), len(result.images.by_frame)
    console.print(f"{result.frames} frames in {clips} clips, {images} images measured\n")
    names = max([len("kind"), *(len(row.name) for row in found_kinds)])
    if found_kinds:
        console.print(f"{'kind':<{names}}  findings   frames    share    limit  state", markup=False)
    for row in found_kinds:
        limit = "any" if row.limit is None else f"{row.limit:.2%}"
        counts = f"{row.findings:>8}  {row.frames:>7}  {row.share:>7.2%}  {limit:>7}"
        console.print(f"{row.name:<{names}}  {counts}  {row.state}", markup=False)
    num_others = len(result.rows) - len(found_kinds)
    if num_others:
        console.print(
            f"{num_others} {'other ' if found_kinds else ''}kinds of fault: none found", markup=False
        )
    _print_drift(result.comparison)
    console.print()
    for name, path in (
        ("report", "validation.html"),
        ("list", "quarantine.json"),
        ("data", "validation.json"),
    ):
        console.print(f"{name:<7} {run_dir / path}", markup=False)


def _print_drift(comparison: Comparison | None) -> None:
    if comparison is None:
        return
    console = out()
    console.print(f"\nagainst the reference: {comparison.sentence}", markup=False)
    for drift in comparison.drifts:
        if drift.drifted:
            console.print(
                f"  {drift.feature}: {drift.mean:.4g} against {drift.reference_mean:.4g}, "
                f"effect {drift.effect:.2f}, p {drift.p:.4f}",
                markup=False,
            )


def _title(cfg: ValidateConfig) -> str:
    root = getattr(cfg.data, "root", None)
    name = getattr(cfg.data, "dataset", None) or (root.name if root else None)
    return f"{cfg.data.format}: {name}" if name else f"{cfg.data.format} footage"


def _next_command(cfg: ValidateConfig) -> str:
    words = [f"data={cfg.data.format}"]
    if cfg.data.format == "store":
        return f"raasid train {words[0]} data.dataset={getattr(cfg.data, 'dataset', '')}"
    if root := getattr(cfg.data, "root", None):
        words.append(f"data.root={root}")
        return f"raasid import {' '.join(words)} name={root.name}"
    return f"raasid train {' '.join(words)}"


def _round_up(share: float) -> float:
    """Return a limit that tolerates the share, to two decimals."""
    return min(1.0, -(-share * 100 // 1) / 100)
