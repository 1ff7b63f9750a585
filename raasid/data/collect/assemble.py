"""From parts to a dataset version, when the parts of all shards are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from raasid.data.collect.collect_source import Collector
from raasid.data.collect.listing import Source
from raasid.data.footage import Footage
from raasid.data.quarantine import Quarantine
from raasid.data.records import Clip


@dataclass(frozen=True, slots=True)
class Assembled:
    """What the parts of a list give together."""

    footage: Footage
    waiting: tuple[Source, ...]
    """Sources of which nothing is known yet: other processes have them."""


def assemble(collector: Collector, sources: Sequence[Source], left_out: Quarantine) -> Assembled:
    """Read the parts of all sources; whoever does it, and however the work was shared, gets the same.

    Two files with the same bytes are one: the first by name is used, the other is named in `left_out`.
    """
    clips: dict[str, Clip] = {}
    waiting: list[Source] = []
    first: dict[str, Source] = {}
    stamp = collector.stamp_key()
    for source in sources:
        outcome = collector.parts.outcome(source, stamp)
        if outcome is None:
            waiting.append(source)
            continue
        for finding in outcome.findings:
            left_out.add(source.name, finding)
        if outcome.part is None:
            continue
        same = outcome.sha256 or outcome.part
        if same in first:
            left_out.add(source.name, f"duplicate: the same content as {first[same].name}")
            continue
        first[same] = source
        clips |= {clip.id: clip for clip in collector.parts.clips(outcome.part)}
    return Assembled(Footage([clips[name] for name in sorted(clips)], {}, left_out), tuple(waiting))
