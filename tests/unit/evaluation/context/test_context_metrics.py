from __future__ import annotations

import numpy as np
import pytest
from context_samples import NO_TOUCH, OFFENCE, TUCKED, facts, predict, ref

from raasid.evaluation.context.matched import PredictionUnusable, match_clips
from raasid.evaluation.context.metrics import context_metrics
from raasid.laws.facts import Facts


def metrics(*pairs):
    """Metrics of (truth, predicted) facts, or of complete (ref, prediction) pairs."""
    whole = [
        pair if hasattr(pair[0], "clip") else (ref(str(i), pair[0]), predict(str(i), pair[1]))
        for i, pair in enumerate(pairs)
    ]
    outcomes, _ = match_clips([r for r, _ in whole], [j for _, j in whole])
    found = context_metrics(outcomes)(np.ones((1, len(outcomes))))
    return {name: float(values[0]) for name, values in found.items()}


def test_decisions_are_counted_per_class():
    # 3 offences of which 2 are detected, 5 others of which 1 is called an offence
    found = metrics(*[(OFFENCE, OFFENCE)] * 2, (OFFENCE, TUCKED), *[(TUCKED, TUCKED)] * 4, (TUCKED, OFFENCE))
    assert found["accuracy"] == 6 / 8
    assert found["precision"] == found["recall"] == pytest.approx(2 / 3)
    assert found["macro_precision"] == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert found["macro_recall"] == found["balanced_accuracy"] == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert found["macro_f1"] == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert found["brier"] == pytest.approx((6 * 0.1**2 + 2 * 0.9**2) / 8)
    assert found["false_offences"] == pytest.approx(1 / 5)


def test_a_constant_answer_has_a_balanced_accuracy_of_one_half():
    found = metrics(*[(OFFENCE, TUCKED)] * 4, *[(TUCKED, TUCKED)] * 6)
    assert found["accuracy"] == 0.6
    assert found["macro_recall"] == 0.5
    assert found["macro_precision"] == pytest.approx(0.6 / 2)  # a class that is never predicted has none
    assert np.isnan(found["precision"])


def test_a_class_that_does_not_occur_is_excluded_from_the_mean():
    found = metrics((TUCKED, TUCKED), (TUCKED, TUCKED), (NO_TOUCH, OFFENCE))
    assert found["macro_recall"] == pytest.approx(2 / 3)
    assert found["macro_precision"] == 1.0
    assert np.isnan(found["recall"])
    assert np.isnan(found["pr_auc_offence"])
    assert found["pr_auc_no_offence"] == 1.0


def test_an_abstention_counts_by_the_more_probable_decision_but_not_as_answered():
    unsure = (ref("a", OFFENCE), predict("a", TUCKED, 0.45, abstained=True))
    found = metrics(unsure, (ref("b", OFFENCE), predict("b", OFFENCE)))
    assert found["accuracy"] == 0.5
    assert found["coverage"] == 0.5
    assert found["accuracy_answered"] == 1.0


def test_if_the_most_likely_facts_allow_both_the_probability_decides():
    open_facts = facts(deliberate=None)
    assert predict("a", open_facts, 0.7).ruling.decision is None
    predicted_offence = (ref("a", OFFENCE), predict("a", open_facts, 0.7))
    predicted_no_offence = (ref("b", OFFENCE), predict("b", open_facts, 0.3))
    assert metrics(predicted_offence)["accuracy"] == 1.0
    assert metrics(predicted_no_offence)["accuracy"] == 0.0


def test_touches_count_as_found_near_their_frame():
    found = metrics(
        *(
            (ref(str(off), TUCKED), predict(str(off), TUCKED, contact_frame=10 + off))
            for off in (0, -1, 2, 6)
        ),
        (ref("unseen", TUCKED), predict("unseen", NO_TOUCH)),
        (ref("ghost", NO_TOUCH), predict("ghost", TUCKED)),
        (ref("none", NO_TOUCH), predict("none", NO_TOUCH)),
        (ref("other arm", TUCKED), predict("other arm", TUCKED, side="right")),
    )
    assert found["contact_found"] == pytest.approx(5 / 6)
    assert found["contact_within_1"] == pytest.approx(3 / 6)
    assert found["contact_within_2"] == pytest.approx(4 / 6)
    assert found["contact_within_5"] == pytest.approx(4 / 6)
    assert found["contact_error_frames"] == pytest.approx((0 + 1 + 2 + 6 + 0) / 5)
    assert found["false_contact"] == 0.5
    assert found["side_accuracy"] == pytest.approx(4 / 6)


def test_clips_whose_annotation_allows_both_decisions_are_returned_separately():
    refs = [ref("a", Facts(segment="hand", goalkeeper=False)), ref("b", OFFENCE)]
    outcomes, unruled = match_clips(refs, [predict("a", OFFENCE), predict("b", OFFENCE)])
    assert [outcome.ref.clip for outcome in outcomes] == ["b"]
    assert [clip.clip for clip in unruled] == ["a"]


@pytest.mark.parametrize("offence", [float("nan"), -0.1, 1.5])
def test_an_invalid_probability_is_refused(offence):
    with pytest.raises(PredictionUnusable, match="clip-7: offence has the probability"):
        match_clips([ref("clip-7", OFFENCE)], [predict("clip-7", OFFENCE, offence)])


def test_a_prediction_for_another_clip_is_refused():
    with pytest.raises(PredictionUnusable, match="a: predicted as b"):
        match_clips([ref("a", OFFENCE)], [predict("b", OFFENCE)])
