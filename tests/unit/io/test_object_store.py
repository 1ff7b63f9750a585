"""Objects by content: what is damaged is replaced, and nothing else is written."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from raasid.io.file_digests import FileDigests
from raasid.io.object_store import ObjectStore

CONTENT = b"pixels"
DIGEST = sha256(CONTENT).hexdigest()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(CONTENT)
    return path


@pytest.mark.parametrize("link", [False, True])
@pytest.mark.parametrize("damage", [b"", b"longer than before", b"pixelx"])
def test_a_damaged_object_is_replaced(source: Path, tmp_path: Path, damage: bytes, link: bool) -> None:
    objects = ObjectStore(tmp_path / "objects", FileDigests())
    objects.path(DIGEST).parent.mkdir(parents=True)
    objects.path(DIGEST).write_bytes(damage)
    assert not objects.is_intact(DIGEST)
    assert objects.put(source, link=link) == DIGEST
    assert objects.is_intact(DIGEST)
    assert objects.path(DIGEST).read_bytes() == CONTENT
    assert source.read_bytes() == CONTENT
    assert len(list((tmp_path / "objects").rglob("*"))) == 2


@pytest.mark.parametrize("link", [False, True])
def test_an_intact_object_stays(source: Path, tmp_path: Path, link: bool) -> None:
    objects = ObjectStore(tmp_path / "objects", FileDigests())
    objects.put(source)
    inode = objects.path(DIGEST).stat().st_ino
    objects.put(source, link=link)
    assert objects.path(DIGEST).stat().st_ino == inode
