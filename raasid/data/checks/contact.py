"""Annotations: contacts that point at nothing."""

from __future__ import annotations

from collections.abc import Iterator

from raasid.data.checks.finding import Finding
from raasid.data.checks.subject import Subject


def check(subject: Subject) -> Iterator[Finding]:
    """Find contacts whose frame or person the clip does not have; clips without persons are not judged."""
    for clip in subject.clips:
        contact = clip.contact
        if contact is None or not clip.frames:
            continue
        tracks = {person.track for frame in clip.frames for person in frame.persons}
        first, last = clip.frames[0].index, clip.frames[-1].index
        if not first <= contact.frame <= last:
            told = f"contact in frame {contact.frame}; the clip has {first} to {last}"
            yield Finding("bad_contact", clip.id, contact.frame, told, contact.person)
        elif tracks and contact.person not in tracks:
            told = f"contact with person {contact.person}, who is in no frame"
            yield Finding("bad_contact", clip.id, contact.frame, told, contact.person)
