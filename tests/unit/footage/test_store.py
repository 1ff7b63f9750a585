from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from raasid.errors import UsageError
from raasid.footage.records import AnnotationSource, Ball, Clip, Footage, Frame, Person, Provenance
from raasid.footage.store import DatasetMissing, DatasetStore, NothingToStore
from raasid.footage.version import DatasetVersion, VersionDamaged, content_digest
from raasid.io.file_digests import CACHE_NAME, FileDigests
from raasid.io.object_store import MediaUnreadable
from raasid.laws.edition import Ruling

CHANGES = {"open", "os.rename", "os.link", "os.mkdir", "os.chmod", "os.remove", "os.rmdir"}
LONG_AGO_NS = 1_700_000_000_000_000_000


@pytest.fixture
def footage(tmp_path: Path) -> Footage:
    """Two matches of two frames; one image exists twice under two names."""
    source = tmp_path / "given set"
    clips = []
    for match in range(2):
        frames = []
        for index in range(2):
            image = source / f"Spiel {match}" / f"bild_ü{index}.png"
            image.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(image), np.full((8, 8, 3), 40 * index, np.uint8))
            person = Person(1, "player", (0.0, 0.0, 4.0, 8.0), source=AnnotationSource("model", 0.5))
            frames.append(Frame(index, image, 8, 8, (Ball(3, 4, 2, 2),), (person,)))
        clips.append(Clip(f"c{match}", tuple(frames), Provenance("test", match=f"m{match}")))
    return Footage(clips, {"train": ["c0"], "test": ["c1"]})


def as_stored(footage: Footage, version: DatasetVersion) -> list[Clip]:
    """The footage's clips with the names that their media have in the version."""
    return [
        replace(
            clip,
            frames=tuple(
                replace(f, image=version.folder / "media" / f.image.parent.name / f.image.name)
                for f in clip.frames
            ),
        )
        for clip in footage.clips
    ]


def files_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_stored_footage_is_read_back_with_its_images(footage: Footage, tmp_path: Path) -> None:
    version = DatasetStore(tmp_path / "store").add("league", footage, made_by="a test")
    read = version.footage()
    assert read.clips == as_stored(footage, version)
    assert read.splits == footage.splits
    assert cv2.imread(str(read.clips[0].frames[1].image))[0, 0, 0] == 40
    assert version.find_damage() == {}


def test_identical_content_gives_the_same_version_and_stores_nothing(
    footage: Footage, tmp_path: Path
) -> None:
    store = DatasetStore(tmp_path / "store")
    first = store.add("league", footage, made_by="one")
    before = files_below(store.root)
    assert store.add("league", footage, made_by="another").digest == first.digest
    assert files_below(store.root) == before


def test_the_digest_does_not_depend_on_the_location_of_the_files(footage: Footage, tmp_path: Path) -> None:
    elsewhere = tmp_path / "moved"
    (tmp_path / "given set").rename(elsewhere)
    moved = [
        replace(c, frames=tuple(
            replace(f, image=elsewhere / f.image.parent.name / f.image.name) for f in c.frames))
        for c in footage.clips
    ]  # fmt: skip
    digest = DatasetStore(tmp_path / "a").add("x", Footage(moved, footage.splits), made_by="t").digest
    elsewhere.rename(tmp_path / "given set")
    assert DatasetStore(tmp_path / "b").add("y", footage, made_by="t").digest == digest


def test_identical_files_are_stored_once(footage: Footage, tmp_path: Path) -> None:
    store = DatasetStore(tmp_path / "store")
    store.add("league", footage, made_by="t")
    assert len(files_below(store.root / "objects")) == 2


@pytest.mark.parametrize("what", ["ruling", "splits", "pixels"])
def test_different_content_gives_a_different_version(footage: Footage, tmp_path: Path, what: str) -> None:
    store = DatasetStore(tmp_path / "store")
    first = store.add("league", footage, made_by="t")
    clips, splits = list(footage.clips), dict(footage.splits)
    if what == "ruling":
        clips[0] = replace(clips[0], ruling=Ruling("offence"))
    elif what == "splits":
        splits = {"train": ["c1"], "test": ["c0"]}
    else:
        cv2.imwrite(str(clips[0].frames[0].image), np.full((8, 8, 3), 99, np.uint8))
    second = store.add("league", Footage(clips, splits), made_by="t", parents=[first.digest])
    assert second.digest != first.digest
    assert first.find_damage() == {}
    assert store.find("league").digest == second.digest
    assert second.manifest["parents"] == [first.digest]


def test_footage_of_a_version_is_stored_again_without_reading_its_media(
    footage: Footage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DatasetStore(tmp_path / "store")
    first = store.add("league", footage, made_by="t").footage()
    ruled = [replace(clip, ruling=Ruling("no_offence")) for clip in first.clips]
    monkeypatch.setattr(store.objects, "put", None)
    assert store.add("league", replace(first, clips=ruled), made_by="t").find_damage() == {}


def test_media_are_hard_linked_on_request(footage: Footage, tmp_path: Path) -> None:
    version = DatasetStore(tmp_path / "store").add("league", footage, made_by="t", link_media=True)
    mine, stored = footage.clips[0].frames[1].image, version.clips()[0].frames[1].image
    other = footage.clips[1].frames[1].image
    assert stored.stat().st_ino in {mine.stat().st_ino, other.stat().st_ino}


def test_missing_media_are_kept_by_name_and_counted(footage: Footage, tmp_path: Path) -> None:
    footage.clips[0].frames[0].image.unlink()
    version = DatasetStore(tmp_path / "store").add("league", footage, made_by="t")
    assert version.manifest["missing_media"] == 1
    assert version.clips() == as_stored(footage, version)


def test_an_unreadable_file_is_named_and_leaves_no_partial_version(
    footage: Footage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, real = footage.clips[1].frames[0].image, Path.open

    def refuse(path: Path, *args: Any, **kwargs: Any) -> Any:
        if path == bad:
            raise PermissionError(13, "Permission denied")
        return real(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    store = DatasetStore(tmp_path / "store")
    with pytest.raises(MediaUnreadable, match=r"bild_ü0\.png: cannot be stored: Permission denied"):
        store.add("league", footage, made_by="t")
    assert store.versions() == []
    assert list((store.root / "datasets/league").iterdir()) == []


def test_a_version_is_found_by_name_digest_or_both(footage: Footage, tmp_path: Path) -> None:
    store = DatasetStore(tmp_path / "store")
    version = store.add("league", footage, made_by="t")
    for ref in ("league", version.ref, f"league@{version.digest[:4]}", version.digest[:6], version.digest):
        assert store.find(ref).digest == version.digest
    for ref in ("leauge", "league@0000", "", "league@xyz"):
        with pytest.raises(DatasetMissing):
            store.find(ref)


def test_invalid_names_and_empty_footage_are_rejected(footage: Footage, tmp_path: Path) -> None:
    store = DatasetStore(tmp_path / "store")
    for name in ("../up", "", ".hidden", "a b", "x/y"):
        with pytest.raises(UsageError, match="dataset name"):
            store.add(name, footage, made_by="t")
    with pytest.raises(NothingToStore):
        store.add("empty", Footage([]), made_by="t")
    assert not store.root.exists()


def test_corruption_is_reported_by_file(footage: Footage, tmp_path: Path) -> None:
    version = DatasetStore(tmp_path / "store").add("league", footage, made_by="t")
    image_path = version.clips()[0].frames[0].image
    image_path.chmod(0o644)
    image_path.write_bytes(b"x" + image_path.read_bytes()[1:])
    version.clips()[1].frames[1].image.unlink()
    assert sorted(what.partition(":")[0] for what in version.find_damage().values()) == [
        "changed", "changed", "missing"
    ]  # fmt: skip
    manifest = version.folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"train"', '"val"'))
    with pytest.raises(VersionDamaged, match="digest"):
        DatasetVersion.open(version.folder)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the media that are read to verify them."""
    names: list[str] = []
    real = FileDigests._read

    def read(self: FileDigests, path: Path) -> str:
        names.append(path.name)
        return real(self, path)

    monkeypatch.setattr(FileDigests, "_read", read)
    return names


def test_unchanged_media_are_read_once_for_a_version_and_its_relabelling(
    footage: Footage, tmp_path: Path, reads: list[str]
) -> None:
    store = DatasetStore(tmp_path / "store")
    version = store.add("league", footage, made_by="t")
    for file in files_below(store.root / "objects"):
        os.utime(file, ns=(LONG_AGO_NS, LONG_AGO_NS))
    del reads[:]
    read = version.footage()
    assert len(reads) == 4
    ruled = [replace(clip, ruling=Ruling("no_offence")) for clip in read.clips]
    newer = DatasetStore(store.root).add("league", replace(read, clips=ruled), made_by="t")
    del reads[:]
    assert version.footage().clips == read.clips
    assert newer.footage().media.keys() == {frame.image for clip in newer.clips() for frame in clip.frames}
    assert reads == []


@pytest.mark.parametrize("name", ["annotations.json", "manifest.json", "media/Spiel 0/bild_ü1.png"])
@pytest.mark.parametrize("how", ["emptied", "changed", "deleted"])
def test_storing_the_same_footage_again_repairs_a_version(
    footage: Footage, tmp_path: Path, name: str, how: str
) -> None:
    store = DatasetStore(tmp_path / "store")
    version = store.add("league", footage, made_by="t")
    damage(version.folder / name, how)
    again = DatasetStore(store.root).add("league", footage, made_by="t")
    assert (again.folder, again.digest) == (version.folder, version.digest)
    assert again.find_damage() == {}
    assert again.footage().clips == as_stored(footage, version)


def damage(path: Path, how: str) -> None:
    path.chmod(0o644)
    if how == "deleted":
        path.unlink()
    else:
        path.write_bytes(b"" if how == "emptied" else b"x" + path.read_bytes()[1:])


def test_digests_are_kept_elsewhere_where_the_store_cannot_be_written(
    footage: Footage, tmp_path: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    version = DatasetStore(tmp_path / "store").add("league", footage, made_by="t")
    for file in files_below(tmp_path / "store/objects"):
        os.utime(file, ns=(LONG_AGO_NS, LONG_AGO_NS))
    monkeypatch.setattr(os, "access", lambda *_: False)
    version.footage(cache=tmp_path / "data")
    del reads[:]
    version.footage(cache=tmp_path / "data")
    assert reads == []
    assert not (tmp_path / "store" / CACHE_NAME).exists()


def test_a_damaged_dataset_does_not_hide_another(footage: Footage, tmp_path: Path) -> None:
    store = DatasetStore(tmp_path / "store")
    version = store.add("league", footage, made_by="t")
    other = store.add("other", Footage(footage.clips[:1]), made_by="t")
    damage(other.folder / "manifest.json", "emptied")
    assert store.find("league").digest == store.find(version.ref).digest == version.digest
    with pytest.raises(VersionDamaged, match="the manifest cannot be used"):
        store.find("other")


def test_changed_media_of_a_version_are_not_stored_as_a_new_one(footage: Footage, tmp_path: Path) -> None:
    store = DatasetStore(tmp_path / "store")
    version = store.add("league", footage, made_by="t")
    read = version.footage()
    damage(read.clips[0].frames[0].image, "changed")
    with pytest.raises(VersionDamaged, match=r"bild_ü0\.png: changed since it was verified"):
        store.add("copy", read, made_by="t")


def test_the_error_for_a_damaged_version_counts_and_names_its_files(footage: Footage, tmp_path: Path) -> None:
    version = DatasetStore(tmp_path / "store").add("league", footage, made_by="t")
    damage(version.clips()[0].frames[0].image, "changed")  # the other clip has the same image
    with pytest.raises(VersionDamaged, match=r"(?s)2 of 5 files are damaged.*bild_ü0\.png: changed: SHA-256"):
        version.footage()


def test_a_manifest_cannot_name_other_content_or_files_outside(footage: Footage, tmp_path: Path) -> None:
    version = DatasetStore(tmp_path / "store").add("league", footage, made_by="t")
    for change in (lambda files: files.popitem(), lambda files: files.update({"../x": files.popitem()[1]})):
        manifest = json.loads(json.dumps(version.manifest))
        change(manifest["files"])
        manifest["digest"] = content_digest(manifest["files"], manifest["splits"])
        folder = version.folder.with_name(manifest["digest"][:12])
        for place in (version.folder, folder):
            place.mkdir(exist_ok=True)
            (place / "manifest.json").write_text(json.dumps(manifest))
        with pytest.raises(VersionDamaged, match="digest that it and its folder state"):
            DatasetVersion.open(version.folder)
    with pytest.raises(VersionDamaged, match="names a file outside"):
        DatasetVersion.open(folder)


def test_a_kill_at_any_filesystem_call_leaves_no_partial_version(footage: Footage, tmp_path: Path) -> None:
    """A child process kills itself at its n-th change, for every n until it gets through."""
    digest = DatasetStore(tmp_path / "undisturbed").add("league", footage, made_by="t").digest
    for n in range(1, 500):
        root = tmp_path / f"store{n}"
        pid = os.fork()
        if pid == 0:
            _add_and_exit_at(DatasetStore(root), footage, n)
        _, status = os.waitpid(pid, 0)
        store = DatasetStore(root)
        assert all(version.find_damage() == {} for version in store.versions())
        assert store.add("league", footage, made_by="t").digest == digest
        assert [path.name for path in (root / "datasets/league").iterdir()] == [digest[:12]]
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            assert n > 20
            return
        assert os.WTERMSIG(status) == signal.SIGKILL
    pytest.fail("the child was always killed")


def _add_and_exit_at(store: DatasetStore, footage: Footage, n: int) -> None:
    count, armed = 0, True

    def hook(event: str, args: tuple[Any, ...]) -> None:
        nonlocal count
        if armed and event in CHANGES and str(store.root) in str(args):
            count += 1
            if count == n:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    store.add("league", footage, made_by="t")
    armed = False
    os._exit(0)
