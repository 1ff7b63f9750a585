"""Train, selection and test clips such that no match is in two of them."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from raasid.errors import DataError
from raasid.footage.records import Clip

SPLIT_PRIORITY = ("test", "val", "train")
TEST_SHARE = VAL_SHARE = 0.15
"""Shares of the frames where the data declare no splits."""


class TooFewMatches(DataError):
    """Data without declared splits, of fewer matches than splits are needed."""

    def __init__(self, matches: Sequence[str]) -> None:
        names = f" ({', '.join(matches)})" if matches else ""
        super().__init__(
            f"train, val and test need at least 3 matches, but the data hold {len(matches)}{names}; "
            "add footage of other matches, or declare the splits in the data themselves"
        )


@dataclass(frozen=True, slots=True)
class Splits:
    """Clips by use, each in the order of their ids; no match is in two of them."""

    train: tuple[Clip, ...]
    val: tuple[Clip, ...]
    """For choosing among checkpoints and hyperparameters; never for the figures of a report."""
    test: tuple[Clip, ...]
    notes: tuple[str, ...] = ()
    """What was decided for the user: moved, dropped or missing, one sentence each."""


def split_by_match(
    clips: Iterable[Clip], declared: Mapping[str, Iterable[str]], holdout: float, seed: int
) -> Splits:
    """Deal clips into train, val and test, whole matches at a time.

    declared: split name -> clip ids. `train`, `val` and `test` are taken as they are. Where one of the
    held-out two is missing, the other is the test, and about `holdout` of the training frames become the
    selection split `val`; with `holdout` 0 there is none. Without a held-out split, matches are dealt
    70/15/15 by frames. A match that the declaration has in two splits stays in the most held-out
    of them; its other clips are dropped, and the notes say so.
    The same clips, in any order, and the same seed give the same splits.
    Raises TooFewMatches. A declaration without `train` is good for evaluation: `train` is then empty.
    """
    if not 0 <= holdout < 1:
        raise ValueError(f"holdout must be at least 0 and below 1, but is {holdout}")
    ordered = sorted(clips, key=lambda clip: (clip.id, clip.match))
    notes: list[str] = []
    if declared.get("val") or declared.get("test"):
        parts = _declared(ordered, declared, notes)
        if not (parts["val"] and parts["test"]):
            parts["test"] = parts["test"] or parts["val"]
            parts["val"] = _take_selection(parts["train"], holdout, seed, notes)
    else:
        parts = _dealt(ordered, seed)
        notes.append("the data declare no held-out split: matches were dealt 70/15/15 by frames")
    held_out = {clip.match for clip in parts["val"]}
    train = [clip for clip in parts["train"] if clip.match not in held_out]
    return Splits(tuple(train), tuple(parts["val"]), tuple(parts["test"]), tuple(notes))


def _declared(
    clips: list[Clip], declared: Mapping[str, Iterable[str]], notes: list[str]
) -> dict[str, list[Clip]]:
    ids = {name: set(declared.get(name, ())) for name in SPLIT_PRIORITY}
    splits_of: dict[str, set[str]] = defaultdict(set)
    for clip in clips:
        splits_of[clip.match].update(name for name in SPLIT_PRIORITY if clip.id in ids[name])
    parts: dict[str, list[Clip]] = {name: [] for name in SPLIT_PRIORITY}
    leaked: dict[str, int] = defaultdict(int)
    undeclared = 0
    for clip in clips:
        wanted = [name for name in SPLIT_PRIORITY if name in splits_of[clip.match]]
        if wanted and clip.id in ids[wanted[0]]:
            parts[wanted[0]].append(clip)
        elif any(clip.id in ids[name] for name in wanted):
            leaked[clip.match] += 1
        else:
            undeclared += 1
    if leaked:
        names = ", ".join(f"{match} ({count})" for match, count in sorted(leaked.items())[:5])
        more = f" and {len(leaked) - 5} other matches" if len(leaked) > 5 else ""
        notes.append(
            f"{sum(leaked.values())} clips dropped from a less held-out split, because other clips of "
            f"their match are in a more held-out one: {names}{more}"
        )
    if undeclared:
        notes.append(f"{undeclared} clips dropped, because no declared split names them")
    return parts


def _take_selection(train: list[Clip], holdout: float, seed: int, notes: list[str]) -> list[Clip]:
    frames = _frames_by_match(train)
    if not frames:
        return []
    if holdout == 0 or len(frames) < 2:
        why = "holdout is 0" if holdout == 0 else f"train holds {len(frames)} match"
        notes.append(f"no selection split ({why}): the last weights are taken, not the best")
        return []
    chosen = _nearest(frames, holdout * sum(frames.values()), seed, keep=1)
    val = [clip for clip in train if clip.match in chosen]
    count = sum(len(clip.frames) for clip in val)
    notes.append(
        f"val is {len(chosen)} of {len(frames)} training matches ({count} of {sum(frames.values())} frames), "
        "held out to choose the best weights; the declared held-out split is the test"
    )
    return val


def _dealt(clips: list[Clip], seed: int) -> dict[str, list[Clip]]:
    frames = _frames_by_match(clips)
    if len(frames) < 3:
        raise TooFewMatches(sorted(frames))
    total = sum(frames.values())
    test = _nearest(frames, TEST_SHARE * total, seed, keep=2)
    rest = {match: count for match, count in frames.items() if match not in test}
    val = _nearest(rest, VAL_SHARE * total, seed, keep=1)
    return {
        "train": [clip for clip in clips if clip.match not in test and clip.match not in val],
        "val": [clip for clip in clips if clip.match in val],
        "test": [clip for clip in clips if clip.match in test],
    }


def _frames_by_match(clips: Iterable[Clip]) -> dict[str, int]:
    frames: dict[str, int] = defaultdict(int)
    for clip in clips:
        frames[clip.match] += max(1, len(clip.frames))
    return frames


def _nearest(frames: Mapping[str, int], target: float, seed: int, keep: int) -> set[str]:
    """Choose matches whose frames sum as near to `target` as possible; at least 1, leaving at least `keep`.

    Subset sum over the shuffled matches, the reachable sums being the bits of one integer; `first` says
    which match reached a sum first, which is enough to walk back. With `keep` above 1 a choice that
    takes too many gives its smallest back.
    """
    order = sorted(frames)
    random.Random(seed).shuffle(order)
    most = max(round(2 * target), min(frames.values()))
    reachable, within = 1, (1 << (most + 1)) - 1
    first: dict[int, str] = {}
    for match in order:
        new = (reachable << frames[match]) & ~reachable & within
        reachable |= new
        while new:
            first[new.bit_length() - 1] = match
            new &= ~(1 << (new.bit_length() - 1))
        if round(target) in first:
            break
    whole = sum(frames.values())
    left = min((total for total in first if total < whole), key=lambda total: (abs(total - target), total))
    chosen: set[str] = set()
    while left:
        chosen.add(first[left])
        left -= frames[first[left]]
    for match in sorted(chosen, key=lambda name: (frames[name], name))[
        : max(0, len(chosen) + keep - len(order))
    ]:
        chosen.discard(match)
    return chosen
