"""`raasid collect`: new footage becomes a dataset version, however often it is interrupted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from raasid.collect.annotators import Annotator, NoAnnotator, PeopleAnnotator
from raasid.collect.collector import Collector, assemble
from raasid.collect.options import CollectOptions
from raasid.collect.report import write_report
from raasid.collect.source_discovery import Source, find_sources, select_shard
from raasid.collect.staging import StagingArea
from raasid.config.section import PathsConfig
from raasid.console import terminal
from raasid.errors import NoUsableSamples, RaasidError
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Footage
from raasid.footage.store import DatasetStore
from raasid.io.atomic import write_atomic
from raasid.pipeline.verb_configs import CollectConfig
from raasid.triggers.options import CollectFirst
from raasid.validation.image_stats import compute_image_stats
from raasid.validation.options import Thresholds
from raasid.validation.runner import CHECKS, run_checks
from raasid.validation.types import CheckInput, Finding


class CollectionFailed(RaasidError):
    """What was to be collected first could not be, so that nothing is decided on older footage alone."""

    def __init__(self, error: RaasidError) -> None:
        super().__init__(f"retrain.collect: {error}\nnothing was decided; without it, older footage decides")


def collect_first(options: CollectFirst, paths: PathsConfig, run_dir: Path) -> None:
    """Collect before champions are checked; where there is no video or image yet, nothing is new.

    Raises CollectionFailed.
    """
    patterns = [options.source] if isinstance(options.source, str) else options.source
    try:
        if not find_sources(patterns, Quarantine()):
            terminal.out().print(f"{', '.join(patterns)}: nothing to collect", markup=False)
            return
        run_dir.mkdir(parents=True, exist_ok=True)
        settings = CollectOptions(**options.model_dump(exclude={"source"}))
        collect(CollectConfig(source=options.source, collect=settings, paths=paths), run_dir)
    except RaasidError as error:
        raise CollectionFailed(error) from error


def collect(cfg: CollectConfig, run_dir: Path) -> None:
    """Collect the sources of this shard, and store the dataset version once all shards are done."""
    patterns = [cfg.source] if isinstance(cfg.source, str) else list(cfg.source)
    rejected = Quarantine()
    sources = find_sources(patterns, rejected)
    staging = StagingArea(Path(cfg.paths.store))
    staging.remove_abandoned()
    with _annotator(cfg.collect) as annotator:
        collector = Collector(staging, cfg.collect, annotator)
        _collect_shard(collector, select_shard(sources, cfg.collect.shard))
    collected = assemble(collector, sources, rejected)
    rejected.write(run_dir / "quarantine.json")
    for entry in rejected:
        terminal.err().print(f"warning: {entry.path}: {entry.reason}", markup=False)
    if collected.pending:
        names = ", ".join(source.name for source in collected.pending[:3])
        terminal.out().print(
            f"{len(sources) - len(collected.pending)} of {len(sources)} sources are collected; other shards "
            f"have {len(collected.pending)} to go, such as {names}; the last to finish stores the dataset",
            markup=False,
        )
        return
    if not collected.footage.clips:
        raise NoUsableSamples(Path(patterns[0]), rejected.describe() or "expected videos or images")
    _store(cfg, collected.footage, run_dir)


def _collect_shard(collector: Collector, shard: Sequence[Source]) -> None:
    """Make the missing parts; a source that failed before is tried again."""
    settings = collector.settings_key()
    for number, source in enumerate(shard, start=1):
        known = collector.staging.result(source, settings)
        if known is not None and known.part is not None and not source.is_stream:
            continue
        result = collector.collect(source, f"collecting {source.name} ({number}/{len(shard)})")
        collector.staging.record(source, settings, result)


def _store(cfg: CollectConfig, footage: Footage, run_dir: Path) -> None:
    num_frames = sum(len(clip.frames) for clip in footage.clips)
    findings = _check(footage, num_frames)
    document = [asdict(finding) for finding in findings]
    write_atomic(run_dir / "findings.json", json.dumps(document, indent=1) + "\n")
    store = DatasetStore(Path(cfg.paths.store))
    version = store.add(cfg.collect.name, footage, made_by="collect", link_media=True)
    report = write_report(run_dir / "report.html", version.ref, footage, findings)
    people = [person for clip in footage.clips for frame in clip.frames for person in frame.persons]
    num_posed = sum(bool(person.keypoints) for person in people)
    if footage.quarantine:
        terminal.err().print(
            f"named in {run_dir / 'quarantine.json'}: {footage.quarantine.describe()}", markup=False
        )
    lines = [
        f"{version.ref}: {len(footage.clips)} clips, {num_frames} frames",
        f"people, not reviewed: {len(people)}, {num_posed} of them with joints",
        f"checks: {len(findings)} findings",
        f"report: {report}",
        f"next: raasid validate data=store data.dataset={version.ref}",
    ]
    terminal.out().print("\n".join(lines), markup=False)


def _check(footage: Footage, num_frames: int) -> list[Finding]:
    """Measure every frame that will be stored, and run all checks."""
    with terminal.progress("measuring frames", num_frames) as update:
        images = compute_image_stats(footage.clips, update)
    data = CheckInput(footage.clips, images, footage.splits, Thresholds())
    with terminal.progress("checking", len(CHECKS)) as update:
        return run_checks(data, update)


@contextmanager
def _annotator(options: CollectOptions) -> Iterator[Annotator]:
    if not options.annotate:
        yield NoAnnotator()
    elif options.pose_model is None:
        yield PeopleAnnotator(None)
    else:
        from raasid.models.pose.mediapipe import MediaPipePose

        with MediaPipePose(options.pose_model) as pose:
            yield PeopleAnnotator(pose)
