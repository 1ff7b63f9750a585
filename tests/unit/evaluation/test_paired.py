from __future__ import annotations

from dataclasses import replace

import pytest
from paired_models import paired

from raasid.evaluation.paired import PairedSample, SamplesDiffer, require_same_samples


def sample(number, **changes):
    return replace(PairedSample(("clip", number), "m1", ("night",), "labels"), **changes)


def test_the_same_samples_can_be_paired():
    require_same_samples([sample(1), sample(2)], [sample(1), sample(2)])
    require_same_samples([], [])


def test_the_first_sample_that_only_one_model_was_measured_on_is_named():
    three = [sample(1), sample(2), sample(3)]
    with pytest.raises(SamplesDiffer, match=r"^clip 2: the challenger was not measured on it; evaluate both"):
        require_same_samples(three, three[:1])
    with pytest.raises(SamplesDiffer, match=r"^clip 1: the champion was not measured on it"):
        require_same_samples(three[1:], three)


@pytest.mark.parametrize("changed", [{"match": "m2"}, {"tags": ()}, {"labels": "corrected"}])
def test_samples_with_other_labels_cannot_be_paired(changed):
    (what,) = changed
    with pytest.raises(SamplesDiffer, match=f"clip 2: its {what} differ between champion and challenger"):
        require_same_samples([sample(1), sample(2)], [sample(1), sample(2, **changed)])


def test_a_test_set_is_identified_by_its_samples_in_any_order():
    one = paired(matches=3, samples=4)
    assert replace(one, samples=one.samples[::-1]).test_set_sha256 == one.test_set_sha256
    assert paired(0.1, 0.2, matches=3, samples=4, seed=5).test_set_sha256 == one.test_set_sha256
    assert paired(matches=4, samples=4).test_set_sha256 != one.test_set_sha256
    assert one.test_matches == ["m000", "m001", "m002"]


def test_tags_come_with_the_rows_of_their_samples():
    tags = dict(paired(matches=2, samples=2, tags=lambda m, s: (f"m{m}", "all")).tags())
    assert {tag: rows.tolist() for tag, rows in tags.items()} == {
        "all": [0, 1, 2, 3],
        "m0": [0, 1],
        "m1": [2, 3],
    }
