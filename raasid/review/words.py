"""Decisions in the words that people read."""

from __future__ import annotations

from raasid.review.decision import Decision, EditionSaid

_DECISIONS = {"offence": "Handball offence", "no_offence": "No offence"}


def headline(said: Decision) -> str:
    """The answer in two or three words."""
    return "No decision" if said.decision is None else _DECISIONS[said.decision]


def restart_in_words(said: Decision | EditionSaid) -> str:
    """How play goes on, and the card: `penalty, red card`."""
    if said.decision is None:
        return "–"
    restart = {None: "restart open", "play_on": "play on"}.get(said.restart) or _plain(said.restart)
    card = {None: ", card open", "none": ""}.get(said.sanction, f", {said.sanction} card")
    return restart + ("" if said.decision == "no_offence" else card)


def touch_in_words(said: Decision) -> str:
    """What happens at the moment that decides: `touch: left forearm of player 7`."""
    contact = said.contact
    if contact is None:
        return "nothing to judge"
    part = _plain(contact.segment) if contact.segment not in (None, "none") else "arm"
    side = "" if contact.side == "none" else f"{contact.side} "
    who = "" if contact.person is None else f" of player {contact.person}"
    return f"{'touch' if contact.seen else 'nearest approach'}: {side}{part}{who}"


def _plain(word: str | None) -> str:
    return (word or "").replace("_", " ")
