"""Queued uploads arrive once and in order, whatever is interrupted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from faulty_filesystems import counted, killing
from mirrored_registry import DATA, NAME, checkpoint, prepared, queue, register, registry_at
from recording_mirror import RecordingMirror, brief, model_of

from raasid.errors import Exit
from raasid.registry.errors import RegistryDamaged
from raasid.registry.fsck import fsck
from raasid.registry.gc import RetentionPolicy, collect_garbage
from raasid.registry.outbox import Outbox
from raasid.registry.registry import Registry
from raasid.wandb_tracking.sync import sync

ORDER = [
    "run run1",
    f"dataset sha256-{DATA[:16]}",
    "model v20261118.1",
    "link run1",
    "run run2",
    f"dataset sha256-{DATA[:16]}",
    "model v20261118.2",
    "link run2",
    "champion v20261118.1",
    "champion v20261118.2",
]
"""Uploads queued by `prepared`; the second run's data are not sent again."""
ARRIVING = [each for n, each in enumerate(ORDER) if n != 5]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sample") / "registry"
    prepared(root)
    return root


@pytest.fixture
def registry(sample: Path, tmp_path: Path) -> Registry:
    return registry_at(Path(shutil.copytree(sample, tmp_path / "registry")))


@pytest.fixture
def mirror(tmp_path: Path) -> RecordingMirror:
    return RecordingMirror(tmp_path / "wandb.jsonl")


def silent(line: str) -> None:
    """Discard a line of output."""


def arrived(mirror: RecordingMirror) -> list[str]:
    return [brief(message) for message, _ in mirror.taken()]


def killed(work: Callable[..., Any], *args: Any) -> bool:
    """Whether the process that ran it was killed."""
    child = os.fork()
    if child == 0:
        try:
            work(*args)
        finally:
            os._exit(77)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_everything_arrives_in_order_and_once(registry: Registry, mirror: RecordingMirror) -> None:
    done = sync(registry, mirror, silent)
    assert (done.sent, done.left, done.exit) == (len(ARRIVING), 0, Exit.DONE)
    assert arrived(mirror) == ARRIVING
    again = sync(registry, mirror, silent)
    assert (again.sent, again.found, again.exit) == (0, 0, Exit.DONE)
    assert arrived(mirror) == ARRIVING
    assert fsck(registry) == []


def test_a_model_arrives_with_its_files_metrics_and_inputs(
    registry: Registry, mirror: RecordingMirror
) -> None:
    sync(registry, mirror, silent)
    (first, content), (second, _) = [t for t in mirror.taken() if t[0].get("type") == "model"]
    message = model_of(first)
    assert message.aliases == ["v20261118.1", "challenger"]
    assert content["model.safetensors"].endswith("weights 1" * 40)
    assert message.metadata["metrics"]["detection_rate"] == {"value": 0.51, "low": 0.4, "high": 0.9}
    manifest = registry.root / "models" / NAME / "versions" / "v20261118.1" / "manifest.json"
    assert message.texts["registry_manifest.json"] == manifest.read_text()
    assert model_of(second).uses == [f"ball_data:sha256-{DATA[:16]}", f"{NAME}:v20261118.1"]
    (link, _) = next(t for t in mirror.taken() if t[0]["kind"] == "link")
    assert link["target"] == f"wandb-registry-model/{NAME}"
    run = next(t for t, _ in mirror.taken() if t["kind"] == "run")
    assert run["summary"] == {
        "detection_rate": 0.51,
        "detection_rate_low": 0.4,
        "detection_rate_high": 0.9,
    }


def test_without_a_network_pending_uploads_are_listed_and_kept(
    registry: Registry, mirror: RecordingMirror
) -> None:
    mirror.down, lines = "no network to example.org", list[str]()
    done = sync(registry, mirror, lines.append)
    assert (done.exit, done.sent, done.left) == (Exit.FAILED, 0, len(ORDER))
    assert lines[0] == f"would send {len(ORDER)} to W&B:"
    assert "model ball_model:v20261118.1 (challenger), 3 files" in "\n".join(lines)
    assert "W&B cannot be reached: no network to example.org" in lines[-1]
    mirror.down = None
    assert sync(registry, mirror, silent).exit == Exit.DONE
    assert arrived(mirror) == ARRIVING


def test_a_long_queue_is_abbreviated(registry: Registry, mirror: RecordingMirror) -> None:
    for number in range(3, 9):
        queue(registry, register(registry, number), number)
    mirror.down, lines = "no key", list[str]()
    sync(registry, mirror, lines.append)
    assert len(lines) == 23
    assert "and 14 more" in lines[-2]


@pytest.mark.parametrize("call", range(1, len(ARRIVING) + 1))
def test_a_refused_upload_stays_queued_with_all_later_ones(
    call: int, registry: Registry, mirror: RecordingMirror
) -> None:
    mirror.refuse, lines = frozenset({call}), list[str]()
    done = sync(registry, mirror, lines.append)
    assert (done.exit, done.sent) == (Exit.FAILED, call - 1)
    assert "HTTP 500" in lines[-1]
    assert arrived(mirror) == ARRIVING[: call - 1]
    assert sync(registry, mirror, silent).exit == Exit.DONE
    assert arrived(mirror) == ARRIVING


@pytest.mark.parametrize("when", ["die_before", "die_after"])
@pytest.mark.parametrize("call", range(1, len(ARRIVING) + 1))
def test_a_kill_while_sending_sends_nothing_twice(
    call: int, when: str, registry: Registry, mirror: RecordingMirror
) -> None:
    dying = RecordingMirror(mirror.log, **{when: call})
    assert killed(sync, registry_at(registry.root), dying, silent)
    assert fsck(registry) == []
    done = sync(registry, mirror, silent)
    assert done.exit == Exit.DONE
    assert arrived(mirror) == ARRIVING
    assert len(Outbox(registry).answers()) == len(ORDER)


@pytest.mark.soak
def test_a_kill_at_any_filesystem_call_of_a_sync_sends_nothing_twice(
    registry: Registry, mirror: RecordingMirror, tmp_path: Path
) -> None:
    mirror.refuse = frozenset({7})  # so that one entry is left, and the changes of the aliases
    half = sync(registry, mirror, silent)
    assert half.sent == 6
    mirror.refuse = frozenset()
    log, root = mirror.log.read_bytes(), tmp_path / "killed"

    def fresh() -> Path:
        shutil.rmtree(root, ignore_errors=True)
        mirror.log.write_bytes(log)
        return Path(shutil.copytree(registry.root, root))

    disk = counted()
    sync(registry_at(fresh(), disk), mirror, silent)
    for at in disk.kill_points:
        fresh()
        assert killed(sync, registry_at(root, killing(at)), mirror, silent), at
        assert fsck(registry_at(root)) == []
        assert sync(registry_at(root), mirror, silent).exit == Exit.DONE
        assert arrived(mirror) == ARRIVING, at


@pytest.mark.soak
def test_a_kill_at_any_filesystem_call_of_queueing_leaves_a_sound_registry(
    sample: Path, tmp_path: Path
) -> None:
    """Earlier entries stay queued; the version itself is unaffected."""
    disk, root = counted(), tmp_path / "registry"

    def work(registry: Registry) -> None:
        version = registry.resolve(NAME, "latest")
        queue(registry, version, 2)

    shutil.copytree(sample, root)
    work(registry_at(root, disk))
    for at in disk.kill_points:
        shutil.rmtree(root)
        shutil.copytree(sample, root)
        assert killed(work, registry_at(root, killing(at))), at
        registry = registry_at(root)
        assert fsck(registry) == []
        assert Outbox(registry).queued in range(8, 13)
        assert [e.seq for e in Outbox(registry).entries()] == list(range(1, Outbox(registry).queued + 1))


def test_two_concurrent_syncs_record_each_entry_once(registry: Registry, tmp_path: Path) -> None:
    """The second finds the uploads of the first, whichever of them records them."""
    other = RecordingMirror(tmp_path / "wandb.jsonl")

    class Interrupted(RecordingMirror):
        def find(self, message: Any) -> Any:
            if not self.sends and self is mirror:
                self.sends = 1
                sync(registry_at(registry.root), other, silent)
            return super().find(message)

    mirror = Interrupted(tmp_path / "wandb.jsonl")
    done = sync(registry, mirror, silent)
    assert (done.sent, done.exit) == (0, Exit.DONE)
    assert arrived(mirror) == ARRIVING
    assert len(Outbox(registry).answers()) == len(ORDER)
    assert fsck(registry) == []


def test_a_changed_file_is_not_sent(registry: Registry, mirror: RecordingMirror) -> None:
    digest = registry.versions(NAME).manifest(registry.resolve(NAME, "latest")).files["model.safetensors"]
    path = registry.objects.path(digest.sha256)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(RegistryDamaged, match="was changed"):
        sync(registry, mirror, silent)
    assert arrived(mirror) == ARRIVING[:5]


@pytest.mark.parametrize("which", ["entries", "sent"])
def test_every_flipped_byte_of_the_outbox_is_named(
    which: str, registry: Registry, mirror: RecordingMirror
) -> None:
    sync(registry, mirror, silent)
    path = registry.root / "outbox" / which / "00000003.json"
    whole = path.read_bytes()
    for at in range(0, len(whole), 97):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert any(f"outbox/{which}/00000003.json" in str(finding) for finding in fsck(registry)), at
    path.unlink()
    assert any(f"outbox/{which}/00000003.json: is missing" in str(finding) for finding in fsck(registry))


def test_a_foreign_file_in_the_outbox_is_named(registry: Registry) -> None:
    (registry.root / "outbox" / "note.txt").write_text("hello")
    assert "outbox/note.txt: does not belong here" in [str(finding) for finding in fsck(registry)]


def test_the_checkpoint_digest_finds_the_version_that_a_run_was_built_on(registry: Registry) -> None:
    third = register(registry, 3, {"init_from": checkpoint(2), "resumed_from": checkpoint(99)})
    model = next(e.message for e in queue(registry, third, 3) if getattr(e.message, "type", "") == "model")
    assert getattr(model, "uses", [])[1:] == [f"{NAME}:v20261118.2"]


def test_pending_uploads_are_not_garbage_collected(mirror: RecordingMirror, tmp_path: Path) -> None:
    registry = registry_at(tmp_path / "registry")
    first, second, third = (register(registry, number) for number in (1, 2, 3))
    queue(registry, first, 1)
    keep = RetentionPolicy(newest=1, window=1, grace_s=-1e10)
    collect_garbage(registry, keep, "room")
    freed = [registry.versions(NAME).freed(version) is not None for version in (first, second, third)]
    assert freed == [False, True, False]
    assert sync(registry, mirror, silent).exit == Exit.DONE
    collect_garbage(registry, keep, "room")
    assert registry.versions(NAME).freed(first) is not None
    assert fsck(registry) == []
