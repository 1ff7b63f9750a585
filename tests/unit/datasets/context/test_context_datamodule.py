"""The context datamodule: which tracks are trained on, and which are evaluated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from made_touches import touch

from raasid.datasets.context.datamodule import ContextDataModule, ExtraClips, TrackProvider
from raasid.datasets.context.factory import EXTRA_LEAGUE_SEED_OFFSET, build_context_datamodule, extra_league
from raasid.datasets.context.tracks_config import TracksConfig
from raasid.datasets.data_config import DataConfig
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


def perturbed(tracks: ClipTracks, rng: np.random.Generator) -> ClipTracks:
    return replace(tracks, ball=tracks.ball + rng.normal(0, 3, tracks.ball.shape).astype(np.float32))


class Detector:
    """Predicts every player ten pixels too far right, and records which clips it received."""

    def __init__(self) -> None:
        self.received: list[str] = []

    def predict(self, footage: Footage) -> Footage:
        self.received += [clip.id for clip in footage.clips]
        return replace(footage, clips=[self._predicted(clip) for clip in footage.clips])

    def _predicted(self, clip: Clip) -> Clip:
        frames = tuple(
            replace(f, persons=tuple(replace(p, box=(p.box[0] + 10, *p.box[1:])) for p in f.persons))
            for f in clip.frames
        )
        return replace(clip, frames=frames)

    def provider(self) -> TrackProvider:
        return TrackProvider(self.predict, lambda truth, predicted: perturbed, perturbed)


def config(source: str = "truth", batch_size: int = 2, holdout: float = 0.1, **tracks: object) -> DataConfig:
    section = TracksConfig(source=source, edition=EDITION, **tracks)  # type: ignore[arg-type]
    return DataConfig(batch_size=batch_size, eval_batch_size=32, holdout=holdout, tracks=section)


def data(source: str = "truth", provider: TrackProvider | None = None, **tracks: object) -> ContextDataModule:
    provider = provider or TrackProvider(default_errors=perturbed)
    return ContextDataModule(footage, config(source, **tracks), 1, 12, 2, provider)


def sources(loader: Iterable[object]) -> Counter[str]:
    return Counter(ref.source for batch in loader for ref in batch.refs)  # type: ignore[attr-defined]


def test_annotated_tracks_are_trained_on_and_tested_unchanged() -> None:
    module = data()
    module.setup("fit")
    assert sources(module.train_dataloader()) == {"truth": 6}
    assert sources(module.val_dataloader()) == {"truth": 2}  # type: ignore[arg-type]
    assert sources(module.eval_dataloader("test")) == {"truth": 4}


def test_predicted_tracks_are_tested_with_the_annotated_and_trained_on_with_perturbed_ones() -> None:
    detector = Detector()
    module = data("predicted", detector.provider(), error_model_clips=4)
    module.setup("fit")
    assert sources(module.train_dataloader()) == {"noisy": 6, "predicted": 4}
    assert sources(module.eval_dataloader("test")) == {"predicted": 4, "truth": 4}
    assert sorted(detector.received) == sorted(set(detector.received)), "no clip is predicted twice"
    assert len(detector.received) == 4 + 2 + 4
    moved = module.predicted_clips["m5-hit"].frames[0].persons[0].box[0]
    assert moved == footage().clips[8].frames[0].persons[0].box[0] + 10


def test_noisy_tracks_need_no_detector() -> None:
    module = data("noisy")
    module.setup("fit")
    assert sources(module.train_dataloader()) == {"noisy": 6}
    batch = next(iter(module.eval_dataloader("test")))
    assert {ref.source for ref in batch.refs} == {"noisy", "truth"}
    assert not np.array_equal(batch.sources[0].ball, batch.sources[4].ball)


def test_without_simulated_errors_annotated_tracks_are_trained_on() -> None:
    module = data("predicted", Detector().provider(), simulate_errors=False)
    module.setup("fit")
    assert sources(module.train_dataloader()) == {"truth": 6}


def test_clips_whose_facts_allow_both_decisions_are_left_out_and_counted() -> None:
    def sparse() -> Footage:
        full = footage()
        clips = [replace(c, facts={"segment": "hand"}) if c.match == "m1" else c for c in full.clips]
        return replace(full, clips=clips)

    module = ContextDataModule(sparse, config(batch_size=32), 1, 12, 2, TrackProvider())
    module.setup("fit")
    assert module.splits is not None
    assert {clip.match for clip in module.splits.train} == {"m2", "m3"}
    assert module.footage is not None
    assert any("2 of 12 clips are left out" in note for note in module.footage.notes)


def test_extra_clips_are_trained_on_and_counted_with_the_labels() -> None:
    counted: list[list[Facts]] = []
    module = ContextDataModule(
        footage,
        config(),
        1,
        12,
        2,
        TrackProvider(),
        extra_clips=lambda: ExtraClips([touch("far", match="other")] * 2),
        set_label_counts=lambda facts: counted.append(list(facts)),
    )
    module.setup("fit")
    assert sources(module.train_dataloader()) == {"truth": 8}
    assert [len(facts) for facts in counted] == [8]


def test_validation_adds_calibration_clips_with_the_errors_of_the_training() -> None:
    held_back = [touch(f"far{n}", match="other") for n in range(3)]
    for provider, options, expected in (
        (Detector().provider(), {}, {"predicted": 2, "noisy": 3}),
        (Detector().provider(), {"simulate_errors": False}, {"predicted": 2, "truth": 3}),
    ):
        section = config("predicted", 32, **options)
        module = ContextDataModule(
            footage, section, 1, 12, 2, provider, extra_clips=lambda: ExtraClips([], held_back)
        )
        module.setup("fit")
        assert sources(module.val_dataloader()) == expected  # type: ignore[arg-type]
        assert not {clip.id for clip in held_back} & {
            ref.clip for batch in module.train_dataloader() for ref in batch.refs
        }
        assert sources(module.eval_dataloader("val")) == {"predicted": 2, "truth": 2}, (
            "an evaluation is about the split alone"
        )


def test_calibration_clips_do_not_replace_a_missing_selection_split() -> None:
    held_back = [touch("far", match="other")]
    clips = [touch(f"{match}-hit", match=match) for match in ("m1", "m2")]
    module = ContextDataModule(
        lambda: Footage(clips, {"train": ["m1-hit"], "test": ["m2-hit"]}),
        config(batch_size=32, holdout=0.0),
        1,
        12,
        2,
        TrackProvider(),
        extra_clips=lambda: ExtraClips([], held_back),
    )
    module.setup("fit")
    assert module.val_dataloader() == []


def test_extra_clips_for_training_and_calibration_are_of_other_matches(tmp_path: Path) -> None:
    section = SyntheticDataConfig(
        size=(640, 360), scenario_share=1.0, scenario_frames=4, clips_per_match=2,
        tracks=TracksConfig(source="truth", extra_clips=3, calibration_clips=3),
    )  # fmt: skip
    paths = SimpleNamespace(data=tmp_path, scratch=None)
    module = build_context_datamodule(section, paths, 1, 12, 2, TrackProvider(), lambda facts: None)
    assert module._open_extra_clips is not None
    extra = module._open_extra_clips()
    assert [len(part) for part in extra] == [3, 3]
    assert not {clip.match for clip in extra.training} & {clip.match for clip in extra.calibration}


def test_a_split_without_decisions_is_refused() -> None:
    module = ContextDataModule(
        lambda: replace(footage(), clips=[replace(c, facts={}) for c in footage().clips]),
        config(batch_size=32),
        1,
        12,
        2,
        TrackProvider(),
    )
    with pytest.raises(UsageError, match="no clip that can be ruled"):
        module.eval_dataloader("test")


def test_a_resumed_run_continues_at_the_batch_where_it_was() -> None:
    first, again = data(), data()
    first.setup("fit")
    again.setup("fit")
    whole = [[ref.clip for ref in batch.refs] for batch in first.train_dataloader()]
    again.load_state_dict({"batches_seen": 2})
    assert [[ref.clip for ref in batch.refs] for batch in again.train_dataloader()] == whole[2:]


def test_the_extra_league_has_other_matches_and_no_shift() -> None:
    shifted = SyntheticDataConfig(scenario_share=1.0, shift="fog", shift_intensity=2, league_seed=4)
    league = extra_league(shifted)
    assert (league.seed, league.shift, league.shift_intensity) == (4 + EXTRA_LEAGUE_SEED_OFFSET, None, 0)
    assert extra_league(SyntheticDataConfig()).scenario_share == 1.0
