"""The same figures from a library that others trust."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from context_samples import league
from torchmetrics.functional.classification import (
    binary_average_precision,
    multiclass_f1_score,
    multiclass_precision,
    multiclass_recall,
)

from raasid.evaluation.context.matched import match_clips
from raasid.evaluation.context.metrics import decision_metrics


@pytest.fixture(scope="module")
def both():
    outcomes, _ = match_clips(*league(20, 10, seed=7))
    ours = {name: float(v[0]) for name, v in decision_metrics(outcomes)(np.ones((1, 200))).items()}
    truth = torch.tensor([outcome.truth == "offence" for outcome in outcomes]).long()
    predicted = torch.tensor([outcome.predicted == "offence" for outcome in outcomes]).long()
    offence = torch.tensor([outcome.prediction.offence for outcome in outcomes], dtype=torch.float64)
    return ours, truth, predicted, offence


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("macro_precision", multiclass_precision),
        ("macro_recall", multiclass_recall),
        ("macro_f1", multiclass_f1_score),
    ],
)
def test_macro_means_of_the_two_decisions(both, name, metric):
    ours, truth, predicted, _ = both
    assert 0.5 < ours[name] < 1
    assert ours[name] == pytest.approx(
        float(metric(predicted, truth, num_classes=2, average="macro")), abs=1e-6
    )


def test_areas_under_precision_and_recall(both):
    ours, truth, _, offence = both
    theirs = binary_average_precision(offence, truth), binary_average_precision(1 - offence, 1 - truth)
    assert ours["pr_auc_offence"] == pytest.approx(float(theirs[0]), abs=1e-6)
    assert ours["pr_auc_no_offence"] == pytest.approx(float(theirs[1]), abs=1e-6)
