"""New footage joined with what the champion was trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from filmed_matches import film, footage, without_ball

from raasid.config.section import PathsConfig
from raasid.datasets.source_configs import StoreDataConfig
from raasid.footage.join import ClipsDiffer
from raasid.footage.records import Clip
from raasid.footage.store import DatasetStore
from raasid.footage.version import DatasetVersion
from raasid.pipeline.replay import (
    ChampionFootageLost,
    champion_source,
    choose_replay,
    join_with_replay,
    one_split_per_match,
    open_source,
)
from raasid.registry.lineage import VersionRef
from raasid.registry.registry import Registry

SEED = 5


class Season:
    """A store, and a champion that was trained on a version of it."""

    def __init__(self, root: Path, **splits: list[Clip]) -> None:
        self.paths = PathsConfig(
            root=root, data=root / "data", store=root / "store", registry=root / "registry"
        )
        self.store = DatasetStore(self.paths.store)
        self.old = self.store.add("old", footage(**splits), made_by="a test")
        lineage: dict[str, Any] = {"dataset": self.old.ref, "dataset_sha256": self.old.digest}
        for split, clips in splits.items():
            lineage[split] = {"matches": sorted({clip.match for clip in clips}), "frames": len(clips)}
        registry = Registry(self.paths.registry)
        version = registry.register(
            "ball_model",
            {"card.json": b"{}"},
            config={"data": self.section("old"), "seed": 1},
            metrics={},
            lineage={"data": lineage},
            reason="a test",
        )
        self.champion = VersionRef("ball_model", version)

    def section(self, dataset: str) -> dict[str, Any]:
        config = StoreDataConfig(dataset=dataset, root=self.paths.store)
        return config.model_dump(mode="json", by_alias=True)

    def champion_source(self) -> Any:
        manifest = Registry(self.paths.registry).versions("ball_model").manifest(self.champion.version)
        return champion_source(self.champion, manifest, self.paths, "ball")

    def join(self, replay: float = 0.5, **splits: list[Clip]) -> DatasetVersion:
        splits = {"val": film(self.paths.root / "filmed", "new val", clips=1)} | splits
        self.store.add("new", footage(**splits), made_by="a test")
        new = open_source(StoreDataConfig(dataset="new", root=self.paths.store), self.paths, SEED, "ball")
        old = self.champion_source()
        return join_with_replay("joined", new, old, self.champion, self.paths, replay, SEED)


def films(folder: Path, kind: str, count: int, *tags: str) -> list[Clip]:
    return [clip for number in range(count) for clip in film(folder, f"{kind} {number}", *tags)]


@pytest.fixture
def season(tmp_path: Path) -> Season:
    folder = tmp_path / "filmed"
    rare = film(folder, "fog", "fog")
    return Season(
        tmp_path,
        train=[*films(folder, "day", 9, "day"), *rare],
        val=film(folder, "day val", "day"),
        test=films(folder, "day test", 3, "day"),
    )


def matches(version: DatasetVersion, split: str) -> set[str]:
    names = set(version.manifest["splits"][split])
    return {clip.match for clip in version.clips() if clip.id in names}


@pytest.mark.parametrize(("replay", "expected"), [(0.0, 0), (0.5, 4), (0.75, 10)])
def test_the_share_of_replayed_frames_is_the_configured_one_by_whole_matches(
    replay: float, expected: int, season: Season, tmp_path: Path
) -> None:
    """Of 10 old matches; with 4 new ones, half are 4, and three quarters would be 12."""
    folder = tmp_path / "filmed"
    snow = {"train": films(folder, "snow", 4, "snow"), "test": films(folder, "snow test", 2, "snow")}
    joined = season.join(replay, **snow)
    old = {match for match in matches(joined, "train") if not match.startswith("snow")}
    assert len(old) == expected
    assert len(matches(joined, "train")) == 4 + expected
    assert matches(joined, "test") == {*(f"day test {n}" for n in range(3)), "snow test 0", "snow test 1"}
    assert matches(joined, "val") == {"day val", "new val"}
    assert joined.manifest["parents"] == [season.store.find("new").digest, season.old.digest]
    assert season.join(replay, **snow).digest == joined.digest, "the same for every process"


def test_no_situation_is_left_out_of_the_sample_by_chance(tmp_path: Path) -> None:
    clips = [
        *films(tmp_path, "day", 30, "day"),
        *film(tmp_path, "fog", "fog"),
        *film(tmp_path, "hail", "hail"),
    ]
    for seed in range(20):
        chosen = choose_replay(clips, 6, seed)
        assert {tag for clip in chosen for tag in clip.tags} == {"day", "fog", "hail"}
        assert len(chosen) == 6
    assert len({tuple(clip.id for clip in choose_replay(clips, 6, seed)) for seed in range(20)}) > 10
    assert choose_replay(clips, 0, 1) == []
    assert choose_replay(reversed(clips), 6, 1) == choose_replay(clips, 6, 1)


def test_a_match_that_is_or_was_trained_on_is_not_tested_on(tmp_path: Path) -> None:
    a, b, c, d = (film(tmp_path, name) for name in "abcd")
    new = {"train": a, "val": [], "test": [*b, *c]}
    old = {"train": b, "val": [], "test": [*a, *d]}
    (fresh, known), lost = one_split_per_match([new, old], trained={"c"})
    assert (fresh["train"], fresh["test"]) == (a, [])
    assert (known["train"], known["test"]) == (b, d)
    assert lost == ["a", "b", "c"]


def test_a_dataset_that_grew_keeps_its_mended_labels_and_no_match_twice(
    season: Season, tmp_path: Path
) -> None:
    mended = [*map(without_ball, film(tmp_path / "filmed", "day 0", "day"))]
    snow, test = (film(tmp_path / "filmed", name) for name in ("snow", "snow test"))
    joined = season.join(0.9, train=[*mended, *snow], test=test)
    by_id = {clip.id: clip for clip in joined.clips()}
    assert len(by_id) == len(joined.clips()) == 20 + 2 + 2 + 1 + 6 + 2
    assert by_id["day 0-0"].frames[0].balls == ()
    assert by_id["day 1-0"].frames[0].balls != ()


def test_other_images_under_the_names_of_known_clips_are_refused(season: Season, tmp_path: Path) -> None:
    with pytest.raises(ClipsDiffer, match="'day 0-0' of the new footage is not that of that of ball_model"):
        season.join(0.9, train=film(tmp_path / "other", "day 0", "day", shade=7))


def test_the_version_that_was_trained_on_is_replayed_and_not_the_newest(
    season: Season, tmp_path: Path
) -> None:
    season.store.add("old", footage(train=film(tmp_path, "later")), made_by="a test")
    assert {clip.match for clip in season.champion_source().parts["test"]} == {
        f"day test {n}" for n in range(3)
    }


def test_footage_of_the_champion_that_is_gone_refuses(season: Season) -> None:
    season.old.folder.rename(season.old.folder.with_name(".away"))
    with pytest.raises(ChampionFootageLost, match=r"ball_model v.*cannot be replayed.*not there") as lost:
        season.champion_source()
    assert "restore that footage" in str(lost.value)
    season.old.folder.with_name(".away").rename(season.old.folder)
    image = next(season.old.folder.rglob("*.png"))
    image.unlink()
    with pytest.raises(ChampionFootageLost, match="missing"):
        season.champion_source()


def test_a_folder_that_lost_matches_or_frames_since_the_training_refuses(season: Season) -> None:
    manifest = Registry(season.paths.registry).versions("ball_model").manifest(season.champion.version)
    for split, matches, frames, reason in (
        ("train", ["day 0", "gone"], 2, "its train split lacks match 'gone'"),
        ("test", ["day 0"], 2, "its test split lacks match 'day 0'"),
        ("test", ["day test 0"], 3, "its test split has 2 frames, and had 3"),
    ):
        data = manifest.lineage["data"] | {split: {"matches": matches, "frames": frames}}
        changed = manifest.model_copy(update={"lineage": {"data": data}})
        with pytest.raises(ChampionFootageLost, match=reason):
            champion_source(season.champion, changed, season.paths, "ball")
    with pytest.raises(ChampionFootageLost, match="its record names no 'data'"):
        champion_source(season.champion, manifest.model_copy(update={"config": {}}), season.paths, "ball")
