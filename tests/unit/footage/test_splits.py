"""No match is ever in two splits, every dropped clip is reported, and splitting is deterministic."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raasid.footage.records import Clip, Frame, Provenance
from raasid.footage.splits import Splits, TooFewMatches, split_by_match

FRAME = Frame(0, Path("x.jpg"), 8, 8)


def clip(number: int, match: str, frames: int = 1) -> Clip:
    return Clip(f"clip{number:03}", (FRAME,) * frames, Provenance("test", match=match))


def matches(clips: tuple[Clip, ...]) -> set[str]:
    return {clip.match for clip in clips}


def frames(clips: tuple[Clip, ...]) -> int:
    return sum(len(clip.frames) for clip in clips)


@st.composite
def footage(draw: st.DrawFn) -> list[Clip]:
    sizes = draw(st.lists(st.tuples(st.integers(0, 7), st.integers(1, 30)), max_size=30))
    return [clip(number, f"m{match}", size) for number, (match, size) in enumerate(sizes)]


@st.composite
def declared_footage(draw: st.DrawFn) -> tuple[list[Clip], dict[str, list[str]]]:
    clips = draw(footage())
    names = draw(st.sampled_from([("train", "val"), ("train", "test"), ("train", "val", "test"), ("val",)]))
    declared: dict[str, list[str]] = {name: [] for name in names}
    for one in clips:
        declared[draw(st.sampled_from(names))].append(one.id)
    return clips, declared


def split(clips: list[Clip], declared: dict[str, list[str]], holdout: float, seed: int) -> Splits | None:
    try:
        return split_by_match(clips, declared, holdout, seed)
    except TooFewMatches:
        assert len({clip.match for clip in clips}) < 3
        return None


EITHER = footage().map(lambda clips: (clips, {})) | declared_footage()
HOLDOUT = st.sampled_from([0.0, 0.1, 0.15, 0.5, 0.9])


@given(EITHER, HOLDOUT, st.integers(0, 9))
def test_no_match_is_in_two_splits_and_every_dropped_clip_is_reported(
    data: tuple[list[Clip], dict[str, list[str]]], holdout: float, seed: int
) -> None:
    clips, declared = data
    if (splits := split(clips, declared, holdout, seed)) is None:
        return
    parts = (splits.train, splits.val, splits.test)
    assert sum(len(matches(part)) for part in parts) == len(set().union(*map(matches, parts)))
    lost = len(clips) - sum(map(len, parts))
    assert lost == 0 or any(note.startswith(f"{lost} clips dropped") for note in splits.notes)
    assert len({clip.id for part in parts for clip in part}) + lost == len(clips)


@given(EITHER, HOLDOUT, st.integers(0, 9), st.randoms())
def test_the_order_of_the_clips_does_not_matter(
    data: tuple[list[Clip], dict[str, list[str]]], holdout: float, seed: int, random
) -> None:
    clips, declared = data
    shuffled = random.sample(clips, len(clips))
    assert split(clips, declared, holdout, seed) == split(shuffled, declared, holdout, seed)


@given(footage(), HOLDOUT.filter(bool), st.integers(0, 9))
def test_no_other_choice_of_matches_is_closer_to_the_holdout(
    clips: list[Clip], holdout: float, seed: int
) -> None:
    other = clip(999, "elsewhere")
    declared = {"train": [one.id for one in clips], "val": [other.id]}
    splits = split_by_match([*clips, other], declared, holdout, seed)
    sizes = [frames(tuple(one for one in clips if one.match == match)) for match in {c.match for c in clips}]
    assert matches(splits.test) == {"elsewhere"}
    if len(sizes) < 2:
        assert splits.val == ()
        return
    sums = {0}
    for size in sizes:
        sums |= {size + reached for reached in sums}
    target = holdout * sum(sizes)
    best = min(abs(reached - target) for reached in sums - {0, sum(sizes)})
    assert abs(frames(splits.val) - target) == pytest.approx(best)
    assert splits.train


@given(footage(), st.integers(0, 9))
def test_undeclared_footage_of_three_matches_fills_all_three_splits(clips: list[Clip], seed: int) -> None:
    clips = [*clips, clip(900, "a", 5), clip(901, "b", 1), clip(902, "c", 1)]
    splits = split_by_match(clips, {}, 0.15, seed)
    assert splits.train
    assert splits.val
    assert splits.test


def test_a_hundred_matches_are_split_70_15_15() -> None:
    splits = split_by_match([clip(n, f"m{n}") for n in range(100)], {}, 0.15, 0)
    assert [len(splits.train), len(splits.val), len(splits.test)] == [70, 15, 15]


def test_another_seed_holds_out_other_matches() -> None:
    clips = [clip(n, f"m{n}") for n in range(100)]
    assert matches(split_by_match(clips, {}, 0.15, 0).test) != matches(
        split_by_match(clips, {}, 0.15, 1).test
    )


def test_declared_train_val_test_splits_are_used_unchanged() -> None:
    clips = [clip(0, "a"), clip(1, "b"), clip(2, "c")]
    splits = split_by_match(clips, {"train": ["clip000"], "val": ["clip001"], "test": ["clip002"]}, 0.5, 0)
    assert (splits.train, splits.val, splits.test, splits.notes) == (
        (clips[0],),
        (clips[1],),
        (clips[2],),
        (),
    )


@pytest.mark.parametrize("name", ["val", "test"])
def test_the_only_held_out_split_is_the_test_and_never_chooses_weights(name: str) -> None:
    clips = [clip(n, f"m{n}") for n in range(11)]
    splits = split_by_match(clips, {"train": [c.id for c in clips[:10]], name: [clips[10].id]}, 0.2, 0)
    assert splits.test == (clips[10],)
    assert len(splits.val) == 2
    assert any("2 of 10 training matches" in note for note in splits.notes)


def test_without_holdout_a_note_says_that_the_last_weights_are_used() -> None:
    clips = [clip(n, f"m{n}") for n in range(3)]
    splits = split_by_match(clips, {"train": ["clip000", "clip001"], "val": ["clip002"]}, 0, 0)
    assert (len(splits.train), splits.val) == (2, ())
    assert "the last weights are taken" in splits.notes[0]


def test_a_leaking_match_stays_in_the_strictest_held_out_split_and_is_named() -> None:
    clips = [clip(0, "final"), clip(1, "final"), clip(2, "derby"), clip(3, "cup")]
    declared = {"train": ["clip000", "clip002"], "val": ["clip001"], "test": ["clip003"]}
    splits = split_by_match(clips, declared, 0.15, 0)
    assert matches(splits.train) == {"derby"}
    assert splits.val == (clips[1],)
    assert "final (1)" in splits.notes[0]


def test_too_few_matches_are_an_error_that_states_their_number() -> None:
    with pytest.raises(TooFewMatches, match=r"hold 2 \(a, b\)"):
        split_by_match([clip(0, "a"), clip(1, "b"), clip(2, "b")], {}, 0.15, 0)


def test_evaluation_only_footage_needs_no_training_split() -> None:
    splits = split_by_match([clip(0, "a")], {"val": ["clip000"]}, 0.15, 0)
    assert (splits.train, splits.val, len(splits.test), splits.notes) == ((), (), 1, ())


def test_twenty_thousand_matches_are_split_quickly() -> None:
    splits = split_by_match([clip(n, f"m{n}") for n in range(20_000)], {}, 0.15, 0)
    assert len(splits.test) == 3_000
