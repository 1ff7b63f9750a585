"""The gate: may a challenger replace the champion? Decided on a test set that neither was trained on.

A challenger passes if it is shown to be no worse overall, and against the anchor; if no tag shows a loss; and
if no further metric is over its limit. Overall it has to prove that it is no worse (a non-inferiority test);
a tag, of which there may be many with few matches each, must only not prove the contrary: the p-values of the
losses are adjusted by Holm, so that an equal challenger is refused by any tag with probability alpha at most.
Champions that are each no worse than the one before can add up to a decay, which the anchor's margin stops.
Sources: Feng, Emerson and Simon, Approval Policies for Modifications to Machine Learning-Based Software as a
Medical Device: A Study of Bio-Creep, Biometrics 2021; Wellek, Testing Statistical Hypotheses of Equivalence
and Noninferiority, 2010; the tests: `stats.paired_difference`.
"""

from __future__ import annotations

import math
from typing import Literal

from raasid.deploy.leakage import LeakCheck
from raasid.deploy.limits import judge_limits
from raasid.deploy.options import GateOptions
from raasid.deploy.verdict import ALL_ZERO, Finding, GateRow, GateVerdict
from raasid.evaluation.paired import PairedEvaluation
from raasid.registry.names import CHALLENGER
from raasid.stats.paired_difference import PairedDifference, holm

_POWER = 2.49
"""Standard errors in a margin with which 80 % of equal models are shown to be no worse, at alpha 0.05."""
_MAX_NAMED = 5
Overall = Literal["overall", "end to end", "anchor"]
OfTag = Literal["tag", "end to end, tag"]


def judge(
    comparison: PairedEvaluation,
    options: GateOptions,
    *,
    anchor: PairedEvaluation | None = None,
    end_to_end: PairedEvaluation | str | None = None,
    leakage: LeakCheck | None = None,
    champion_leakage: LeakCheck | None = None,
    look: int = 1,
    end_to_end_look: int = 1,
) -> GateVerdict:
    """Compare a challenger with the champion on the same samples, by the task's primary metric.

    anchor: the same challenger against the best version so far, which is in the champion's place; None: the
    champion is the best. end_to_end: of a ball or pose model: the context champion's decisions on whole clips
    that the champion has seen for it, against those that the challenger has; a text says why there are none.
    leakage: of the challenger, on all of these matches; None: not checked, which refuses. champion_leakage:
    of the champion, which cannot refuse: it makes the comparison harder for the challenger. look,
    end_to_end_look: number of this comparison on its test set, see `GateLooks`.
    The same arguments give the same verdict.
    """
    rows = [_judge_leakage(leakage, champion_leakage), _judge_look(look, options)]
    decisions = end_to_end if isinstance(end_to_end, PairedEvaluation) else None
    if decisions is not None:
        rows.append(_judge_look(end_to_end_look, options, " of whole clips"))
    overall = _judge_overall("overall", comparison, options.margin, options)
    rows.append(overall)
    if decisions is not None:
        rows.append(_judge_overall("end to end", decisions, options.margin, options))
    elif isinstance(end_to_end, str):
        rows.append(GateRow(rule="end to end", finding="skipped", passes=True, note=end_to_end))
    best = overall if anchor is None else _judge_overall("anchor", anchor, options.anchor_margin, options)
    if anchor is None:
        note = "the champion is the best version so far"
        rows.append(GateRow(rule="anchor", metric=overall.metric, finding="skipped", passes=True, note=note))
    else:
        rows.append(best)
    rows += _judge_tags("tag", comparison, options)
    if decisions is not None:
        rows += _judge_tags("end to end, tag", decisions, options)
    rows += judge_limits("limit", comparison, options)
    if decisions is not None:
        rows += judge_limits("end to end, limit", decisions, options)
    return GateVerdict(
        task=comparison.task,
        metric=comparison.primary.name,
        test_set_sha256=comparison.test_set_sha256,
        test_matches=len(comparison.test_matches),
        look=look,
        beats_anchor=best.finding == "better",
        rows=tuple(rows),
        options=options.model_dump(mode="json"),
    )


def _judge_leakage(check: LeakCheck | None, of_champion: LeakCheck | None) -> GateRow:
    if check is None or CHALLENGER in check.unknown:
        note = "which matches the challenger was trained on is unknown"
        return GateRow(rule="training data", finding="undefined", passes=False, note=note)
    if check.leaks:
        note = f"the test set holds matches that were trained on: {_named(check)}"
        matches = len({leak.match for leak in check.leaks})
        return GateRow(rule="training data", finding="not met", passes=False, matches=matches, note=note)
    notes = []
    if check.unknown:
        notes.append(f"not known for {', '.join(check.unknown)}, which the challenger was built on")
    if of_champion is not None and of_champion.leaks:
        notes.append(f"the comparison favours the champion, as it was trained on {_named(of_champion)}")
    note = "; ".join(notes) or "no match of the test set was trained on"
    return GateRow(rule="training data", finding="met", passes=True, note=note)


def _named(check: LeakCheck) -> str:
    named = [*map(str, check.leaks[:_MAX_NAMED])]
    more = len(check.leaks) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _judge_look(look: int, options: GateOptions, of: str = "") -> GateRow:
    note = f"challenger {look} of {options.max_looks} on these matches{of}"
    passes = look <= options.max_looks
    if not passes:
        note = (
            f"this test set{of} has judged {look - 1} challengers, and {options.max_looks} are allowed: "
            "fresh matches are needed"
        )
    return GateRow(rule="test set", finding="met" if passes else "not met", passes=passes, note=note)


def _judge_overall(
    rule: Overall, comparison: PairedEvaluation, margin: float, options: GateOptions
) -> GateRow:
    difference = comparison.difference(comparison.primary)
    finding = _find(difference, margin, options, difference.p_at_least(0))
    passes = finding in ("better", "no worse")
    return _row(rule, comparison.primary.name, "", difference, margin, options, finding, passes)


def _judge_tags(rule: OfTag, comparison: PairedEvaluation, options: GateOptions) -> list[GateRow]:
    """Judge each tag, the largest loss first, then those with too few matches; not a tag of all samples."""
    differences = {
        tag: comparison.difference(comparison.primary, rows)
        for tag, rows in comparison.tags()
        if len(rows) < len(comparison.samples)
    }
    tested = {tag: d for tag, d in differences.items() if d.matches >= options.min_matches}
    p_of = dict(zip(tested, holm([d.p_at_least(0) for d in tested.values()]), strict=True))
    refusing = {"worse", "undefined", *(("not shown",) if options.prove_tags else ())}
    rows = []
    for tag, difference in differences.items():
        finding = _find(difference, options.tag_margin, options, p_of.get(tag, 1.0))
        passes = finding not in refusing
        name = comparison.primary.name
        rows.append(_row(rule, name, tag, difference, options.tag_margin, options, finding, passes))
    return sorted(rows, key=lambda row: (row.finding == "not enough matches", row.sort_key))


def _find(difference: PairedDifference, margin: float, options: GateOptions, p_loss: float) -> Finding:
    """Return what is shown; p_loss: of the hypothesis that nothing is lost, adjusted for other tests."""
    if difference.matches < options.min_matches:
        return "not enough matches"
    if not difference.is_defined:
        return "undefined"
    if difference.first == difference.second == 0:
        return "not shown"  # two models that find nothing say nothing about each other
    if difference.p_at_most(0) <= options.alpha:
        return "better"
    if difference.p_at_most(-margin) <= options.alpha:
        return "no worse"
    return "worse" if p_loss <= options.alpha and difference.value < -margin else "not shown"


def _row(
    rule: Overall | OfTag,
    metric: str,
    tag: str,
    difference: PairedDifference,
    margin: float,
    options: GateOptions,
    finding: Finding,
    passes: bool,
) -> GateRow:
    low, high = difference.interval(options.alpha)
    return GateRow(
        rule=rule,
        finding=finding,
        passes=passes,
        metric=metric,
        tag=tag,
        champion=difference.first,
        challenger=difference.second,
        low=low,
        high=high,
        allowed=-margin,
        matches=difference.matches,
        note=_note(finding, difference, margin, options),
    )


def _note(finding: Finding, difference: PairedDifference, margin: float, options: GateOptions) -> str:
    if finding == "not enough matches":
        return f"at least {options.min_matches} are needed"
    if finding == "not shown" and difference.first == difference.second == 0:
        return ALL_ZERO
    if finding == "not shown":
        needed = math.ceil(difference.matches * (_POWER * difference.standard_error / margin) ** 2)
        if needed > difference.matches:
            return f"about {needed} matches would show that an equal model is no worse"
    return ""
