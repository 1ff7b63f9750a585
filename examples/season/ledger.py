"""The same weeks under other policies, with the same first model, footage, epochs and gate.

Each policy has a folder of its own, in which the real commands run. A policy decides when to retrain; what is
trained on is in every case all footage that has labels by then.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from statistics import fmean

from raasid.console.terminal import out

from .amounts import Amounts
from .ball_service import BallService, WeekOfChampion

BARE_LIMIT = 0.10
"""Of the rule without a test: a Wasserstein distance above this many standard deviations is called drift."""

_OUTPUT = "output.txt"


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """What a policy cost, and what it brought."""

    policy: str
    short: str
    """Its name in a chart."""
    trainings: int
    promoted: int
    minutes: float
    """Processor time of checks, trainings and gate."""
    accuracy: float
    """Detection rate: the mean over the weeks of the mean over the kinds of matches played in a week."""
    weeks: Sequence[WeekOfChampion]


def row_of(policy: str, short: str, service: BallService) -> LedgerRow:
    """Add up what a policy has done."""
    by_week: dict[int, list[float]] = {}
    for one in service.weeks:
        by_week.setdefault(one.week, []).append(one.detection_rate.value)
    done = service.retrainings
    return LedgerRow(
        policy=policy,
        short=short,
        trainings=len(done),
        promoted=sum(one.promoted for one in done),
        minutes=service.seconds / 60,
        accuracy=fmean(fmean(rates) for rates in by_week.values()),
        weeks=tuple(service.weeks),
    )


def _leave(service: BallService) -> None:
    for week in range(1, service.amounts.last_week + 1):
        service.measure_week(week)


def _play(service: BallService, *, by_bare_rule: bool = False) -> None:
    amounts = service.amounts
    for week in range(1, amounts.last_week + 1):
        service.measure_week(week)
        if week == amounts.last_week or (by_bare_rule and not _bare_rule_fires(service, week)):
            continue
        # `calendar` always asks for a training in a new slot, and so does what the policy has decided
        service.retrain("calendar", f"week_{week}", labelled_by(week + 1, amounts), amounts.monday(week + 1))


def _bare_rule_fires(service: BallService, week: int) -> bool:
    decision = service.check("drift", f"week_{week}", service.amounts.sunday(week))
    above = [
        str(row["feature"])
        for row in decision.evidence
        if row.get("kind") == "numeric" and float(str(row["distance"])) > BARE_LIMIT
    ]
    named = f": {', '.join(above[:3])}" + (", …" if len(above) > 3 else "") if above else ""
    out().print(
        f"bare rule: {len(above)} of {len(decision.evidence)} distances above {BARE_LIMIT:g}{named}",
        markup=False,
    )
    return bool(above)


def labelled_by(week: int, amounts: Amounts) -> str:
    """Return the dataset of all footage that has labels on the Monday of a week."""
    if week <= amounts.night_week:
        return "day"
    return "day_and_night" if week <= amounts.snow_week else "day_night_and_snow"


@dataclass(frozen=True, slots=True)
class Policy:
    """When to retrain."""

    name: str
    short: str
    title: str
    play: Callable[[BallService], None]
    """Plays all weeks in a service that has the first version."""


POLICIES = (
    Policy("calendar", "calendar", "the calendar alone: every Monday", _play),
    Policy("bare_rule", "bare rule", "the bare 10 % rule, without a test", partial(_play, by_bare_rule=True)),
    Policy("none", "none", "nothing: the first version stays", _leave),
)


def play_policies(services: Sequence[BallService]) -> list[LedgerRow]:
    """Play all policies, each in a process of its own, and return their rows.

    services: one for each policy, with the first version. What the commands print is in a file.
    """
    for policy, service in zip(POLICIES, services, strict=True):
        out().print(f"\nThe same weeks, with {policy.title}: {service.root / _OUTPUT}", markup=False)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=spawn) as pool:
        return list(pool.map(_play_policy, range(len(POLICIES)), services))


def _play_policy(number: int, service: BallService) -> LedgerRow:
    policy = POLICIES[number]
    with (service.root / _OUTPUT).open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        policy.play(service)
    return row_of(policy.title, policy.short, service)
