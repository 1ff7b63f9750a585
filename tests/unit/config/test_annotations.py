"""Annotations put into words."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from annotated_types import Ge, Gt, Lt

from raasid.config.error_messages import describe
from raasid.config.schema_tree import discriminator, union_branches
from raasid.config.section import Count, File, Fraction, Probability, Size
from raasid.models.config import Model


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (Count, "an integer ≥ 1"),
        (Fraction, "a number between 0 and 1"),
        (Probability | Literal["auto"], "a number > 0 and < 1 or 'auto'"),
        (Annotated[float, Gt(0)] | None, "a number > 0 or null"),
        (Annotated[int, Ge(0), Lt(5)], "an integer ≥ 0 and < 5"),
        (Size, "a list of 2, each an integer ≥ 8 in steps of 8"),
        (list[str], "a list, each text"),
        (Literal["max", "min"], "one of 'max', 'min'"),
        (bool | None, "true or false or null"),
        (File, "a path"),
        (dict[str, int], "a section with keys"),
    ],
)
def test_a_type_is_described_in_plain_words(annotation: Any, words: str) -> None:
    assert describe(annotation) == words


def test_the_branches_of_a_tagged_union_are_named_by_their_classes() -> None:
    tagged_by = discriminator(Model)
    assert tagged_by is not None
    tags = [tagged_by.tag_of_branch(branch.annotation) for branch in union_branches(Model)]

    assert tags[0] == "<raasid.models.ball.heatmap.BallHeatmap>"
    assert tags[-1] == "<custom>"
