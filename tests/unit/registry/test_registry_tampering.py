"""A manipulated registry reports the change, and neither reads nor exports it."""

from __future__ import annotations

import shutil
import tarfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from operations import NAME, files, newest, prepared, registry_at
from soak import rounds

from raasid.registry.archive import export_version, import_version
from raasid.registry.errors import BadName, PackageRefused, RegistryDamaged
from raasid.registry.fsck import fsck
from raasid.registry.gc import RetentionPolicy, collect_garbage
from raasid.registry.names import Version, alias_name, member_name, model_name
from raasid.registry.record_chain import decode_record, encode_record
from raasid.registry.records import MetricValue, Route
from raasid.registry.registry import Registry

ESCAPES = (
    "../../x",
    "..",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "a\0b",
    "",
    "x" * 200,
    ".hidden",
    "ä",
    "con:",
    "a..b",
)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with something of everything."""
    root = tmp_path_factory.mktemp("tampering") / "registry"
    registry = prepared(root)
    registry.add_evaluation(NAME, newest(registry), "test", {}, {"f1": MetricValue(value=0.5)}, "again")
    registry.register(NAME, files(9))
    collect_garbage(registry, RetentionPolicy(newest=1, window=1, grace_s=-1e10), "room")
    assert fsck(registry) == []
    return root


@pytest.mark.soak
def test_any_flipped_byte_in_any_file_is_reported(sample: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(sample, tmp_path / "registry"))
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    assert {path.relative_to(root).parts[0] for path in paths} == {"log", "models", "objects", "routes"}
    missed = []
    for path in paths:
        whole = path.read_bytes()
        for at in {*range(0, len(whole), rounds(23, 1)), *range(len(whole))[-1:]}:
            path.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :])
            named = {finding.path for finding in fsck(registry_at(root))}
            if str(path.relative_to(root)) not in named:
                missed.append((str(path.relative_to(root)), at))
        path.write_bytes(whole)
    assert missed == []
    assert fsck(registry_at(root)) == []


@pytest.mark.parametrize("junk", [b"\n", b" ", b"{}\n", b"\0"])
def test_trailing_bytes_are_reported(junk: bytes, sample: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(sample, tmp_path / "registry"))
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        whole = path.read_bytes()
        path.write_bytes(whole + junk)
        named = {finding.path for finding in fsck(registry_at(root))}
        assert str(path.relative_to(root)) in named, path
        path.write_bytes(whole)


def test_missing_and_foreign_files_are_reported(sample: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(sample, tmp_path / "registry"))
    foreign = root / "models" / NAME / "notes.txt"
    foreign.write_text("mine")
    assert [f.path for f in fsck(registry_at(root))] == [f"models/{NAME}/notes.txt"]
    foreign.unlink()
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        relative = path.relative_to(root)
        if relative.parts[1] == "freed":
            continue  # on its way out
        kept = path.read_bytes()
        path.unlink()
        assert fsck(registry_at(root)) != [], relative
        path.write_bytes(kept)


def test_a_record_whose_log_line_is_missing_is_reported(sample: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(sample, tmp_path / "registry"))
    log = max((root / "log").iterdir(), key=lambda path: path.stat().st_size)
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:2]))
    assert any("a line of the log was lost" in finding.what for finding in fsck(registry_at(root)))


def test_damaged_weights_are_never_read_or_exported(tmp_path: Path) -> None:
    registry = prepared(tmp_path / "registry")
    version = newest(registry)
    sha256 = registry.versions(NAME).manifest(version).files["card.json"].sha256
    registry.objects.path(sha256).write_bytes(b"[]")
    with pytest.raises(RegistryDamaged, match="was changed"):
        registry.read(NAME, version, "card.json")
    with pytest.raises(RegistryDamaged, match="was changed"):
        export_version(registry, NAME, version, tmp_path / "x.tar")
    assert not (tmp_path / "x.tar").exists()


@pytest.mark.parametrize("name", ESCAPES)
def test_a_name_that_escapes_the_registry_is_refused(name: str, tmp_path: Path) -> None:
    registry = prepared(tmp_path / "registry")
    version = newest(registry)
    before = sorted(tmp_path.rglob("*"))
    attempts = [
        lambda: registry.register(name, files(1)),
        lambda: registry.register(NAME, {name: b"{}"}),
        lambda: registry.set_alias(NAME, name, version, "x"),
        lambda: registry.set_alias(name, "champion", version, "x"),
        lambda: registry.resolve(NAME, name),
        lambda: Version.parse(name),
        lambda: registry.objects.path(name),
        lambda: registry.switch_routes([Route(edition="*", name=name, version=str(version), share=1.0)], "x"),
        lambda: registry.switch_routes([Route(edition="*", name=NAME, version=name, share=1.0)], "x"),
        lambda: registry.switch_routes(
            [Route(edition=name, name=NAME, version=str(version), share=1.0)], "x"
        ),
    ]
    for attempt in attempts:
        with pytest.raises((BadName, RegistryDamaged)):
            attempt()
    assert sorted(tmp_path.rglob("*")) == before


@given(st.text(max_size=120))
@settings(deadline=None)
def test_an_accepted_name_is_a_single_path_component(text: str) -> None:
    for check in (model_name, alias_name, member_name):
        try:
            name = check(text)
        except BadName:
            continue
        assert Path("/r", name).resolve().parent == Path("/r")
        assert name.isascii()


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_arbitrary_bytes_are_not_decoded_as_a_record(data: bytes) -> None:
    with pytest.raises(RegistryDamaged):
        decode_record(data, "x")


@given(st.dictionaries(st.text(max_size=5), st.recursive(st.integers() | st.text(), st.lists, max_leaves=4)))
@settings(deadline=None)
def test_an_encoded_record_decodes_to_its_body(body: dict[str, object]) -> None:
    body.pop("seal", None)
    assert decode_record(encode_record(body), "x") == body


def archive(members: dict[str, bytes], member_type: bytes = tarfile.REGTYPE) -> bytes:
    out = BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.type, info.linkname = len(data), member_type, "/etc/passwd"
            tar.addfile(info, BytesIO(data))
    return out.getvalue()


def exported(registry: Registry, folder: Path) -> tuple[Path, dict[str, bytes]]:
    path = folder / "x.tar"
    export_version(registry, NAME, newest(registry), path)
    with tarfile.open(path) as tar:
        return path, {info.name: tar.extractfile(info).read() for info in tar}  # type: ignore[union-attr]


def test_a_manipulated_archive_is_refused_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    registry = prepared(tmp_path / "registry")
    path, members = exported(registry, tmp_path)
    blob = next(name for name in members if name.startswith("objects/"))
    broken = {
        "escape": archive({**members, "../../x": b"evil"}),
        "absolute": archive({**members, "/tmp/x": b"evil"}),
        "foreign": archive({**members, "weights.pkl": b"evil"}),
        "link": archive(members, tarfile.SYMTYPE),
        "changed object": archive({**members, blob: b"evil"}),
        "missing object": archive({k: v for k, v in members.items() if k != blob}),
        "changed manifest": archive(
            {**members, "manifest.json": members["manifest.json"].replace(b"1", b"2")}
        ),
        "no manifest": archive({k: v for k, v in members.items() if k != "manifest.json"}),
        "aliases": archive({**members, "aliases.json": b'["../x"]'}),
        "torn": path.read_bytes()[:700],
        "text": b"hello",
        "empty": b"",
    }
    for why, data in broken.items():
        (tmp_path / "bad.tar").write_bytes(data)
        other = registry_at(tmp_path / "other")
        with pytest.raises((PackageRefused, BadName)):
            import_version(other, tmp_path / "bad.tar", why)
        assert other.names() == [], why
        assert not (tmp_path / "x").exists()
    with pytest.raises(PackageRefused):
        import_version(registry_at(tmp_path / "other"), tmp_path / "none.tar", "x")


def test_an_exported_and_imported_version_is_identical(tmp_path: Path) -> None:
    registry = prepared(tmp_path / "registry")
    version = registry.resolve(NAME, "champion")
    registry.add_evaluation(
        NAME, version, "test", {}, {"f1": MetricValue(value=0.5, low=0.4, high=0.6)}, "again"
    )
    export_version(registry, NAME, version, tmp_path / "a.tar")
    export_version(registry, NAME, version, tmp_path / "b.tar")
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()
    other = registry_at(tmp_path / "elsewhere" / "deep")
    for _ in range(2):  # twice is once
        assert import_version(other, tmp_path / "a.tar", "moved") == (NAME, version)
    assert fsck(other) == []
    assert other.versions(NAME).manifest_and_digest(version) == registry.versions(NAME).manifest_and_digest(
        version
    )
    assert other.evaluations(NAME, version) == registry.evaluations(NAME, version)
    assert other.aliases(NAME) == {"champion": version}
    for member, content in files(2).items():
        assert other.read(NAME, version, member) == content
    export_version(other, NAME, version, tmp_path / "c.tar")
    assert (tmp_path / "c.tar").read_bytes() == (tmp_path / "a.tar").read_bytes()


def test_another_version_of_the_same_number_is_not_replaced(tmp_path: Path) -> None:
    registry, other = prepared(tmp_path / "one"), prepared(tmp_path / "two")
    export_version(registry, NAME, newest(registry), tmp_path / "x.tar")
    known = other.versions(NAME).manifest_and_digest(newest(other))
    with pytest.raises(PackageRefused, match="another version"):
        import_version(other, tmp_path / "x.tar", "x")
    assert registry_at(tmp_path / "two").versions(NAME).manifest_and_digest(newest(other)) == known
