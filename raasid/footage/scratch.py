"""`paths.scratch`: a disk of this machine; a stored version is copied there once, and read from there.

Nothing depends on that disk: one that is full, or cannot be written, is named in a warning, and the shared
store is read. What is copied stays there for the next run; a cluster removes it with the job's `TMPDIR`.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
from contextlib import suppress
from pathlib import Path

from raasid.errors import RaasidError
from raasid.footage.store import DatasetStore
from raasid.footage.version import DatasetVersion, VersionDamaged
from raasid.io.disk_full import DiskFull, describe, find_refusal
from raasid.io.file_digests import FileUnreadable
from raasid.io.lease import LeaseOwner, making_alone
from raasid.io.object_store import StoreUnwritable

_log = logging.getLogger(__name__)


def scratch_folder(scratch: Path) -> Path | None:
    """Return this user's folder on the local disk; None, and a warning, where there can be none."""
    folder = scratch.absolute() / f"raasid-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.lstat().st_uid != os.getuid():  # anybody can create it in /tmp, and put anything into it
            raise PermissionError(errno.EPERM, "it belongs to another user", str(folder))
    except OSError as error:
        _log.warning("paths.scratch: %s: %s; the shared disk is used", folder, error.strerror)
        return None
    return folder


def stage(version: DatasetVersion, scratch: Path) -> DatasetVersion:
    """Return the copy of a version on the local disk, or the version itself where there is no room for it.

    Of several processes one copies, and the others wait. The digest of every file is compared while it is
    copied; a copy that was interrupted goes on, and files that another version shares are not copied again.
    Raises VersionDamaged if a file in the store is not what its manifest says.
    """
    root = scratch_folder(scratch)
    if root is None or version.folder.is_relative_to(root):
        return version
    local = DatasetStore(root)
    folder = root / "datasets" / version.name / version.folder.name

    def tell(owner: LeaseOwner) -> None:
        _log.info("another process, on %s, copies %s to %s; waiting for it", owner.host, version.ref, root)

    try:
        if (found := _find(local, folder)) is not None:
            return found
        with making_alone(folder, tell):
            return _find(local, folder) or _copy(local, version)
    except (OSError, DiskFull, StoreUnwritable) as error:
        _log.warning(
            "paths.scratch: %s; %s is read from %s", _reason(error, root), version.ref, version.folder
        )
        return version


def _find(local: DatasetStore, folder: Path) -> DatasetVersion | None:
    """Return a complete and undamaged copy."""
    with suppress(VersionDamaged, FileUnreadable):
        version = DatasetVersion.open(folder)
        if not version.find_damage(local.objects.digests):
            return version
    return None


def _copy(local: DatasetStore, version: DatasetVersion) -> DatasetVersion:
    files = version.manifest["files"].values()
    objects = {local.objects.path(entry["sha256"]): int(entry["bytes"]) for entry in files}
    needed = sum(size for path, size in objects.items() if not path.exists())
    if needed > shutil.disk_usage(local.root).free:
        refusal = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise OSError(errno.ENOSPC, describe(local.root, refusal, version.ref, needed))
    try:
        return local.copy(version)
    except (OSError, DiskFull, StoreUnwritable):
        for path in objects:  # a full disk would stop everything else that writes there
            with suppress(OSError):
                if path.stat().st_nlink == 1:
                    path.unlink()
        raise


def _reason(error: OSError | RaasidError, root: Path) -> str:
    if isinstance(error, OSError):
        return str(error.strerror or error)
    refusal = find_refusal(error)
    return str(error) if refusal is None else describe(root, refusal)
