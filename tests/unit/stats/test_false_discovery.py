from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from raasid.stats.drift_report import adjust_p_values


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_adjusted_values_are_those_of_scipy(p: list[float]) -> None:
    assert adjust_p_values(p) == pytest.approx(false_discovery_control(p))


def test_features_that_were_not_tested_do_not_count() -> None:
    adjusted = adjust_p_values([0.01, np.nan, 0.04])
    assert adjusted[[0, 2]] == pytest.approx(false_discovery_control([0.01, 0.04]))
    assert np.isnan(adjusted[1])


def test_without_tests_there_is_nothing_to_adjust() -> None:
    assert adjust_p_values([]).shape == (0,)
