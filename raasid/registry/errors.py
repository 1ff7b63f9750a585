"""What can go wrong with a registry."""

from __future__ import annotations

from pathlib import Path

from raasid.errors import Exit, RaasidError, UsageError


class RegistryDamaged(RaasidError):
    """A file of the registry that is not what was written."""

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(
            f"{path}: {reason}; `raasid registry fsck` lists all damage, a backup or an export restores it"
        )
        self.path, self.reason = str(path), reason


class RegistryUnwritable(RaasidError):
    """The filesystem refused; the registry is as it was, or as it was to become."""

    def __init__(self, doing: str, error: OSError) -> None:
        super().__init__(
            f"{doing}: {error.strerror or error} ({error.filename or 'no file named'}); "
            "nothing is half done: make room or get write access, and repeat the command"
        )


class BadName(UsageError):
    """A name that the registry does not take."""

    def __init__(self, kind: str, name: str, expected: str) -> None:
        super().__init__(f"{kind}: {name[:80]!r} is none; expected {expected}")


class NotRegistered(UsageError):
    """A model, version or alias that is not there."""

    def __init__(self, what: str, known: str) -> None:
        super().__init__(f"{what} is not in the registry; {known}")


class Overtaken(RaasidError):
    """Somebody else was faster: what was to be changed is not what it was when it was looked at."""

    def __init__(self, what: str, expected: str, found: str) -> None:
        super().__init__(f"{what}: expected {expected}, found {found}; look again, then repeat the command")


class PackageRefused(UsageError):
    """Files that are not taken for a model."""

    def __init__(self, member: str, reason: str) -> None:
        super().__init__(f"{member[:120]}: {reason}")
        self.member, self.reason = member, reason


class SignatureRefused(RaasidError):
    """A version that nobody who is trusted has signed, or that is not what was signed."""

    exit = Exit.REFUSED

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what}: {reason}")


class KeyUnusable(UsageError):
    """A file that holds no key for signatures."""

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(f"{path}: {reason}; `raasid registry key -o FILE.pem` makes a key")


class Collected(UsageError):
    """A version whose files were cleared away."""

    def __init__(self, ref: str, when: str) -> None:
        super().__init__(f"{ref}: its files were cleared away {when}; its record and metrics are kept")
