"""`raasid collect`: new footage becomes a dataset version, however often it is interrupted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path

from raasid.collect.annotators import Annotator, NoAnnotator, PeopleAnnotator
from raasid.collect.collector import Collector, assemble
from raasid.collect.options import CollectSettings, Origin, Shard
from raasid.collect.report import write_report
from raasid.collect.source_discovery import Source, sources_of
from raasid.collect.staging import Parts
from raasid.console import terminal
from raasid.errors import NoUsableSamples
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Footage
from raasid.footage.store import Store
from raasid.pipeline.collect_config import CollectConfig, CollectSection
from raasid.validation.image_stats import see
from raasid.validation.runner import CHECKS, run_checks
from raasid.validation.types import Finding, Subject, Thresholds


def collect(cfg: CollectConfig, run_dir: Path) -> None:
    """List the sources, make the parts of this share, and, if all parts are there, the dataset version."""
    words = [cfg.source] if isinstance(cfg.source, str) else list(cfg.source)
    left_out = Quarantine()
    sources = sources_of(words, left_out)
    store = Path(cfg.paths.store)
    parts = Parts(store)
    parts.remove_abandoned()
    with _annotator(cfg.collect) as annotator:
        collector = Collector(parts, _settings(cfg.collect), _origin(cfg.collect), annotator)
        _collect_share(collector, Shard.parse(cfg.collect.shard).of(sources))
    assembled = assemble(collector, sources, left_out)
    listed = run_dir / "quarantine.json"
    left_out.write(listed)
    for entry in left_out:
        terminal.err().print(f"warning: {entry.path}: {entry.reason}", markup=False)
    if assembled.waiting:
        names = ", ".join(source.name for source in assembled.waiting[:3])
        terminal.out().print(
            f"{len(sources) - len(assembled.waiting)} of {len(sources)} sources are collected; other shards "
            f"have {len(assembled.waiting)} to go, such as {names}; the last to finish stores the dataset",
            markup=False,
        )
        return
    if not assembled.footage.clips:
        raise NoUsableSamples(Path(words[0]), left_out.describe() or "expected videos or pictures")
    _store(cfg, assembled.footage, run_dir)


def _collect_share(collector: Collector, share: Sequence[Source]) -> None:
    """Make what is not there yet; what failed before is tried again."""
    stamp = collector.stamp_key()
    for number, source in enumerate(share, start=1):
        known = collector.parts.outcome(source, stamp)
        if known is not None and known.part is not None and not source.is_stream:
            continue
        title = f"collecting {source.name} ({number}/{len(share)})"
        collector.parts.stamp(source, stamp, collector.collect(source, title))


def _store(cfg: CollectConfig, footage: Footage, run_dir: Path) -> None:
    frames = sum(len(clip.frames) for clip in footage.clips)
    findings = _checked(footage, frames)
    document = [asdict(finding) for finding in findings]
    (run_dir / "findings.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    version = Store(Path(cfg.paths.store)).add(cfg.collect.name, footage, made_by="collect", own_files=True)
    report = write_report(run_dir / "report.html", version.ref, footage, findings)
    people = [person for clip in footage.clips for frame in clip.frames for person in frame.persons]
    posed = sum(bool(person.keypoints) for person in people)
    if footage.left_out:
        terminal.err().print(
            f"named in {run_dir / 'quarantine.json'}: {footage.left_out.describe()}", markup=False
        )
    lines = [
        f"{version.ref}: {len(footage.clips)} clips, {frames} frames",
        f"people, not reviewed: {len(people)}, {posed} of them with joints",
        f"checks: {len(findings)} findings",
        f"report: {report}",
        f"next: raasid validate data=store data.dataset={version.ref}",
    ]
    terminal.out().print("\n".join(lines), markup=False)


def _checked(footage: Footage, frames: int) -> list[Finding]:
    """Look at every frame that is to be stored, and run all checks over it."""
    with terminal.progress("looking at the frames", frames) as advance:
        sight = see(footage.clips, advance)
    subject = Subject(footage.clips, sight, footage.splits, Thresholds())
    with terminal.progress("checking", len(CHECKS)) as advance:
        return run_checks(subject, advance)


@contextmanager
def _annotator(section: CollectSection) -> Iterator[Annotator]:
    if not section.annotate:
        yield NoAnnotator()
    elif section.pose_model is None:
        yield PeopleAnnotator(None)
    else:
        from raasid.models.pose.mediapipe import MediaPipePose

        with MediaPipePose(section.pose_model) as pose:
            yield PeopleAnnotator(pose)


def _settings(section: CollectSection) -> CollectSettings:
    return CollectSettings(**{field.name: getattr(section, field.name) for field in fields(CollectSettings)})


def _origin(section: CollectSection) -> Origin:
    return Origin(**{field.name: getattr(section, field.name) for field in fields(Origin)})
