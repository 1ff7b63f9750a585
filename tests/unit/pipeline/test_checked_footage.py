"""Which matches a champion is judged by: those that are held out, or all that it was not trained on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from made_touches import touch
from tiny_models import TINY, registered

from raasid.config.compose import compose
from raasid.datasets.source_configs import StoreDataConfig
from raasid.footage.records import AnnotationSource, Footage
from raasid.footage.store import DatasetStore
from raasid.pipeline.checked_footage import CheckedFootage, NothingNew, ignore_unreviewed, stored_version
from raasid.pipeline.model_refs import load_registered
from raasid.pipeline.verb_configs import CheckConfig
from raasid.registry.registry import Registry


def checked(root: Path, footage: Footage, *words: str) -> CheckedFootage:
    """Footage and a context champion that was trained on the matches m-3 and m-4, and tested on m-1."""
    version = registered(Registry(root / "registry"), TINY["context_transformer"])
    DatasetStore(root / "store").add("week", footage, made_by="a test")
    cfg = compose("check", CheckConfig, ["data=store", "data.dataset=week", f"paths.root={root}", *words])
    tracks = cfg.data.tracks.model_copy(update={"source": "truth"})
    data = cfg.data.model_copy(update={"tracks": tracks})
    return CheckedFootage(cfg, load_registered(f"context_model@{version}", cfg.paths), data, root / "run")


def played(*matches: str, **splits: list[str]) -> Footage:
    return Footage([touch(f"clip {match}", match=match) for match in matches], splits)


def judged(footage: CheckedFootage) -> list[str]:
    splits = footage.open().splits
    assert splits is not None
    return [clip.match for clip in splits.test]


def test_footage_without_a_held_out_split_is_measured_as_far_as_it_is_new(tmp_path: Path) -> None:
    assert judged(checked(tmp_path, played("m-1", "m-3", "m-8", "m-9"))) == ["m-1", "m-8", "m-9"]


def test_a_held_out_split_is_taken_as_declared_unless_all_is_asked_for(tmp_path: Path) -> None:
    footage = played("m-7", "m-8", "m-9", test=["clip m-8"], train=["clip m-7", "clip m-9"])
    assert judged(checked(tmp_path / "one", footage)) == ["m-8"]
    assert judged(checked(tmp_path / "two", footage, "split=all")) == ["m-7", "m-8", "m-9"]


def test_footage_that_was_trained_on_judges_nothing(tmp_path: Path) -> None:
    with pytest.raises(NothingNew, match="trained on each of the 2 matches"):
        checked(tmp_path, played("m-3", "m-4")).open()


def test_clips_without_labels_are_kept_unless_nothing_is_estimated(tmp_path: Path) -> None:
    footage = played("m-8", "m-9")
    footage = replace(footage, clips=[footage.clips[0], replace(footage.clips[1], facts={}, contact=None)])
    assert judged(checked(tmp_path / "one", footage)) == ["m-8", "m-9"]
    off = checked(tmp_path / "two", footage, "trigger.performance.label_free=off")
    assert judged(off) == ["m-8"]


def test_people_whom_only_a_model_has_annotated_are_not_counted_as_truth() -> None:
    clip = touch()
    first, second = clip.frames[0].persons
    proposed = replace(first, source=AnnotationSource("mediapipe", 0.9))
    confirmed = replace(second, source=AnnotationSource("mediapipe", 0.9, reviewed=True))
    frame = replace(clip.frames[0], persons=(first, proposed, confirmed))

    found = ignore_unreviewed(Footage([replace(clip, frames=(frame,))]))

    assert [person.crowd for person in found.clips[0].frames[0].persons] == [False, True, False]


def test_a_stored_version_is_read_with_the_settings_of_the_check(tmp_path: Path) -> None:
    cfg = compose("check", CheckConfig, ["data.num_workers=3", f"paths.root={tmp_path}"])
    found = stored_version("week@abc", cfg.data, tmp_path / "store")
    assert isinstance(found, StoreDataConfig)
    assert (found.dataset, found.root, found.num_workers) == ("week@abc", tmp_path / "store", 3)
    assert found.size is None, "each model's input is as in its training"
