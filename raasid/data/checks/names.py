"""Annotations: roles, body segments and facts that nothing knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import get_args

from raasid.data.checks.finding import Finding
from raasid.data.checks.subject import Subject
from raasid.data.records import Clip, Role
from raasid.laws.facts import FactsUnreadable, Segment, read_facts

_ROLES: set[str] = set(get_args(Role))
_SEGMENTS: set[str] = set(get_args(Segment))


def check(subject: Subject) -> Iterator[Finding]:
    """Find names outside the lists of `records.Role`, `facts.Segment` and `facts.Facts`."""
    for clip in subject.clips:
        yield from _roles(clip)
        if clip.contact is not None and clip.contact.segment not in _SEGMENTS:
            told = f"body segment {clip.contact.segment!r}; known are {', '.join(sorted(_SEGMENTS))}"
            yield Finding("unknown_name", clip.id, clip.contact.frame, told, clip.contact.person)
        try:
            read_facts(clip.facts)
        except FactsUnreadable as error:
            yield Finding("unknown_name", clip.id, None, str(error), frames=len(clip.frames))


def _roles(clip: Clip) -> Iterator[Finding]:
    seen: dict[str, list[int]] = defaultdict(list)
    for frame in clip.frames:
        for role in {str(person.role) for person in frame.persons} - _ROLES:
            seen[role].append(frame.index)
    for role, frames in sorted(seen.items()):
        told = f"role {role!r} in {len(frames)} frames; known are {', '.join(sorted(_ROLES))}"
        yield Finding("unknown_name", clip.id, frames[0], told, frames=len(frames))
