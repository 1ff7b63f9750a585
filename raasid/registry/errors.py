"""Failures of the registry, with messages for the user."""

from __future__ import annotations

from pathlib import Path

from raasid.errors import Exit, RaasidError, UsageError
from raasid.io.disk_full import describe, find_refusal


class RegistryDamaged(RaasidError):
    """A file of the registry is missing or differs from what was written."""

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(
            f"{path}: {reason}; `raasid registry fsck` lists all damage, a backup or an export restores it"
        )
        self.path, self.reason = str(path), reason


class RegistryUnwritable(RaasidError):
    """The filesystem refused a write; the registry is in the old or the new state."""

    def __init__(self, doing: str, error: OSError, root: Path, needed: int = 0) -> None:
        if (refusal := find_refusal(error)) is not None:
            reason = describe(root, refusal, needed=needed)
        else:
            reason = f"{error.filename or root}: {error.strerror or error}"
        super().__init__(
            f"{doing}: {reason}; nothing is half done: make room or get write access, and repeat the command"
        )


class BadName(UsageError):
    """A name of a model, version, alias or file that the registry does not allow."""

    def __init__(self, kind: str, name: str, expected: str) -> None:
        super().__init__(f"{kind}: {name[:80]!r} is none; expected {expected}")


class NotRegistered(UsageError):
    """There is no such model, version or alias."""

    def __init__(self, what: str, known: str) -> None:
        super().__init__(f"{what} is not in the registry; {known}")


class ConcurrentUpdate(RaasidError):
    """Another process changed the state since it was read."""

    def __init__(self, what: str, expected: str, found: str) -> None:
        super().__init__(f"{what}: expected {expected}, found {found}; look again, then repeat the command")


class PackageRefused(UsageError):
    """A file is not accepted as part of a model package."""

    def __init__(self, member: str, reason: str) -> None:
        super().__init__(f"{member[:120]}: {reason}")
        self.member, self.reason = member, reason


class SignatureRefused(RaasidError):
    """A version is not signed by a trusted key, or its content is not what was signed."""

    exit = Exit.REFUSED

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what}: {reason}")


class KeyUnusable(UsageError):
    """A file holds no usable signing key or key list."""

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(f"{path}: {reason}; `raasid registry key -o FILE.pem` makes a key")


class VersionFreed(UsageError):
    """The files of a version were freed by gc."""

    def __init__(self, ref: str, when: str) -> None:
        super().__init__(f"{ref}: its files were cleared away {when}; its record and metrics are kept")
