"""A verdict in the words of `decision.json`.

Decisions in the words that people read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict

from raasid.laws.edition import Ruling
from raasid.laws.facts import Value
from raasid.models.context.module import ClipJudgement
from raasid.review.arm_distance import Reach
from raasid.review.decision import (
    ContactSaid,
    Decision,
    EditionSaid,
    FactSaid,
    ModelSaid,
    StandsOn,
    WindowSaid,
)
from raasid.review.judge_clip import Judged, Verdict
from raasid.review.video_source import Film


def said(film: Film, verdict: Verdict, edition: str, models: Mapping[str, ModelSaid], key: str) -> Decision:
    """Return the record of one review."""
    decisive = verdict.decisive
    judgement = None if decisive is None else decisive.judgement
    told = decisive.judgement if decisive is not None and decisive.told else None
    kept = Ruling(None) if judgement is None or verdict.abstained else judgement.ruling
    return Decision(
        clip=film.path.stem,
        source=film.name,
        decision=kept.decision,
        abstained=verdict.abstained,
        confidence=_share(verdict.confidence),
        offence_probability=None if told is None else _share(told.offence),
        facts={} if told is None else facts_said(told),
        edition=edition,
        clause=kept.clause,
        restart=kept.restart,
        sanction=kept.sanction,
        wording=kept.confidence,
        contact=None if decisive is None else _contact(film, verdict.reach, decisive),
        reasons=list(verdict.reasons),
        limits=list(verdict.limits),
        stands_on=_stands_on(film, verdict),
        windows=_windows(verdict),
        other_editions=[] if told is None else _editions(verdict),
        models=dict(models),
        key=key,
    )


def facts_said(judgement: ClipJudgement) -> dict[str, FactSaid]:
    """Every fact of the Laws, with what the model thinks of it."""
    found = {}
    for name, value in asdict(judgement.likeliest).items():
        likely = judgement.facts.get(name, {})
        found[name] = FactSaid(
            value=value,
            probability=_share(likely[value]) if value in likely else None,
            probabilities={_word(choice): _share(p) for choice, p in likely.items()},
        )
    return found


def _word(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else value


def _contact(film: Film, reach: Reach, decisive: Judged) -> ContactSaid:
    judgement, at = decisive.judgement, decisive.at
    track = judgement.contact_track
    if track is None and reach.track[at] >= 0:
        track = int(reach.track[at])
    side = judgement.side if judgement.side in ("left", "right") else reach.side_names[at]
    return ContactSaid(
        frame=at,
        time_s=round(at / film.frame_rate_hz, 3),
        person=track,
        side="left" if side == "left" else "right" if side == "right" else "none",
        segment=judgement.likeliest.segment if decisive.told else None,
        seen=decisive.told and judgement.contact_frame is not None,
    )


def _stands_on(film: Film, verdict: Verdict) -> StandsOn:
    reach = verdict.reach
    return StandsOn(
        frames=film.frames,
        frames_stated=film.frames_stated,
        frame_rate_hz=film.frame_rate_hz,
        width=film.width,
        height=film.height,
        players=verdict.tracks,
        players_per_frame=round(float(reach.people.mean()), 2),
        ball_seen=_share(float(reach.seen.mean())),
        ball_known=_share(float(reach.known.mean())),
        windows_passed_over=verdict.choice.passed_over,
    )


def _windows(verdict: Verdict) -> list[WindowSaid]:
    return [
        WindowSaid(
            start=one.window.start,
            stop=one.window.stop,
            nearest=one.window.nearest,
            gap_px=_finite(float(verdict.reach.gap_px[one.window.nearest])),
            offence_probability=_share(one.judgement.offence) if one.told else None,
            abstained=not one.told or one.judgement.abstained or one.judgement.ruling.abstained,
        )
        for one in verdict.judged
    ]


def _editions(verdict: Verdict) -> list[EditionSaid]:
    return [
        EditionSaid(
            edition=name,
            decision=judgement.ruling.decision,
            restart=judgement.ruling.restart,
            sanction=judgement.ruling.sanction,
            clause=judgement.ruling.clause,
            offence_probability=_share(judgement.offence),
        )
        for name, judgement in verdict.editions.items()
    ]


def _share(value: float) -> float:
    """A probability in four decimals, whatever rounding made of its ends."""
    return round(min(max(float(value), 0.0), 1.0), 4)


def _finite(value: float) -> float | None:
    return round(value, 2) if math.isfinite(value) else None


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
