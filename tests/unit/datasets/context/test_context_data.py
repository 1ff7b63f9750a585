"""The context model's datamodule: who is trained on with which tracks, and what evaluation sees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from made_touches import touch

from raasid.datasets.context.datamodule import ContextData, Dealing, Further, Upstream
from raasid.datasets.context.factory import ANOTHER_LEAGUE, context_data, league_beside
from raasid.datasets.context.tracks_config import TracksConfig
from raasid.datasets.source_configs import SyntheticDataConfig
from raasid.errors import UsageError
from raasid.footage.records import Clip, Footage
from raasid.laws.facts import Facts
from raasid.tracks.track_arrays import ClipTracks

EDITION = "ifab_2025_26"
NAMES = {"train": ("m1", "m2", "m3"), "val": ("m4",), "test": ("m5", "m6")}


def footage() -> Footage:
    clips = [
        touch(f"{match}-{kind}", match=match, hits=kind == "hit")
        for matches in NAMES.values()
        for match in matches
        for kind in ("hit", "miss")
    ]
    splits = {name: [c.id for c in clips if c.match in matches] for name, matches in NAMES.items()}
    return Footage(clips, splits)


def shaken(tracks: ClipTracks, rng: np.random.Generator) -> ClipTracks:
    return replace(tracks, ball=tracks.ball + rng.normal(0, 3, tracks.ball.shape).astype(np.float32))


class Eye:
    """Sees every player ten pixels to the right, and remembers whom it was shown."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def perceive(self, footage: Footage) -> Footage:
        self.shown += [clip.id for clip in footage.clips]
        return replace(footage, clips=[self._seen(clip) for clip in footage.clips])

    def _seen(self, clip: Clip) -> Clip:
        frames = tuple(
            replace(f, persons=tuple(replace(p, box=(p.box[0] + 10, *p.box[1:])) for p in f.persons))
            for f in clip.frames
        )
        return replace(clip, frames=frames)

    def lent(self) -> Upstream:
        return Upstream(self.perceive, lambda truth, seen: shaken, shaken)


def data(source: str = "truth", upstream: Upstream | None = None, **options: object) -> ContextData:
    dealing = Dealing(frames=12, players=2, edition=EDITION, source=source, batch_size=2, **options)  # type: ignore[arg-type]
    return ContextData(footage, dealing, 1, upstream or Upstream(usual=shaken))


def sources(loader: Iterable[object]) -> Counter[str]:
    return Counter(ref.source for batch in loader for ref in batch.refs)  # type: ignore[attr-defined]


def test_truth_is_trained_and_tested_as_it_is() -> None:
    module = data()
    module.setup("fit")
    assert sources(module.train_dataloader()) == {"truth": 6}
    assert sources(module.val_dataloader()) == {"truth": 2}  # type: ignore[arg-type]
    assert sources(module.held_out("test")) == {"truth": 4}


def test_predicted_tracks_are_tested_beside_the_truth_and_trained_beside_shaken_ones() -> None:
    eye = Eye()
    module = data("predicted", eye.lent(), errors_from=4)
    module.setup("fit")
    assert sources(module.train_dataloader()) == {"noisy": 6, "predicted": 4}
    assert sources(module.held_out("test")) == {"predicted": 4, "truth": 4}
    assert sorted(eye.shown) == sorted(set(eye.shown)), "nobody is looked at twice"
    assert len(eye.shown) == 4 + 2 + 4
    moved = module.as_seen["m5-hit"].frames[0].persons[0].box[0]
    assert moved == footage().clips[8].frames[0].persons[0].box[0] + 10


def test_noisy_tracks_need_no_detector() -> None:
    module = data("noisy")
    module.setup("fit")
    assert sources(module.train_dataloader()) == {"noisy": 6}
    batch = next(iter(module.held_out("test")))
    assert {ref.source for ref in batch.refs} == {"noisy", "truth"}
    assert not np.array_equal(batch.sources[0].ball, batch.sources[4].ball)


def test_without_errors_training_sees_the_truth() -> None:
    module = data("predicted", Eye().lent(), errors=False)
    module.setup("fit")
    assert sources(module.train_dataloader()) == {"truth": 6}


def test_clips_on_which_the_law_cannot_rule_are_left_out_and_counted() -> None:
    def sparse() -> Footage:
        full = footage()
        clips = [replace(c, facts={"segment": "hand"}) if c.match == "m1" else c for c in full.clips]
        return replace(full, clips=clips)

    module = ContextData(sparse, Dealing(12, 2, EDITION), 1, Upstream())
    module.setup("fit")
    assert module.splits is not None
    assert {clip.match for clip in module.splits.train} == {"m2", "m3"}
    assert module.footage is not None
    assert any("2 of 12 clips are left out" in note for note in module.footage.notes)


def test_further_clips_are_trained_on_and_what_is_known_of_all_is_told() -> None:
    told: list[list[Facts]] = []
    module = ContextData(
        footage,
        Dealing(12, 2, EDITION, batch_size=2),
        1,
        Upstream(),
        further=lambda: Further([touch("far", match="other")] * 2),
        acquaint=lambda facts: told.append(list(facts)),
    )
    module.setup("fit")
    assert sources(module.train_dataloader()) == {"truth": 8}
    assert [len(facts) for facts in told] == [8]


def test_a_selection_is_heard_with_further_clips_that_are_spoilt_as_training_is() -> None:
    held_back = [touch(f"far{n}", match="other") for n in range(3)]
    for eye, options, expected in (
        (Eye().lent(), {}, {"predicted": 2, "noisy": 3}),
        (Eye().lent(), {"errors": False}, {"predicted": 2, "truth": 3}),
    ):
        dealing = Dealing(12, 2, EDITION, source="predicted", **options)  # type: ignore[arg-type]
        module = ContextData(footage, dealing, 1, eye, further=lambda: Further([], held_back))
        module.setup("fit")
        assert sources(module.val_dataloader()) == expected  # type: ignore[arg-type]
        assert not {clip.id for clip in held_back} & {
            ref.clip for batch in module.train_dataloader() for ref in batch.refs
        }
        assert sources(module.held_out("val")) == {"predicted": 2, "truth": 2}, "figures are about the split"


def test_no_further_clip_stands_in_for_a_selection_split() -> None:
    held_back = [touch("far", match="other")]
    clips = [touch(f"{match}-hit", match=match) for match in ("m1", "m2")]
    module = ContextData(
        lambda: Footage(clips, {"train": ["m1-hit"], "test": ["m2-hit"]}),
        Dealing(12, 2, EDITION, holdout=0.0),
        1,
        Upstream(),
        further=lambda: Further([], held_back),
    )
    module.setup("fit")
    assert module.val_dataloader() == []


def test_further_clips_for_training_and_calibration_are_of_other_matches(tmp_path: Path) -> None:
    section = SyntheticDataConfig(
        size=(640, 360), scenario_share=1.0, scenario_frames=4, clips_per_match=2,
        tracks=TracksConfig(source="truth", further=3, calibration=3),
    )  # fmt: skip
    paths = SimpleNamespace(data=tmp_path)
    module = context_data(section, paths, 1, 12, 2, Upstream(), lambda facts: None)
    assert module._open_further is not None
    more = module._open_further()
    assert [len(part) for part in more] == [3, 3]
    assert not {clip.match for clip in more.training} & {clip.match for clip in more.calibration}


def test_a_split_with_nothing_to_judge_is_refused() -> None:
    module = ContextData(
        lambda: replace(footage(), clips=[replace(c, facts={}) for c in footage().clips]),
        Dealing(12, 2, EDITION),
        1,
        Upstream(),
    )
    with pytest.raises(UsageError, match="no clip that can be ruled"):
        module.held_out("test")


def test_a_resumed_run_goes_on_at_the_batch_where_it_was() -> None:
    first, again = data(), data()
    first.setup("fit")
    again.setup("fit")
    whole = [[ref.clip for ref in batch.refs] for batch in first.train_dataloader()]
    again.load_state_dict({"batches_seen": 2})
    assert [[ref.clip for ref in batch.refs] for batch in again.train_dataloader()] == whole[2:]


def test_the_league_beside_shows_other_matches_under_usual_conditions() -> None:
    shifted = SyntheticDataConfig(scenario_share=1.0, shift="fog", shift_intensity=2, league_seed=4)
    league = league_beside(shifted)
    assert (league.seed, league.shift, league.shift_intensity) == (4 + ANOTHER_LEAGUE, None, 0)
    assert league_beside(SyntheticDataConfig()).scenario_share == 1.0
