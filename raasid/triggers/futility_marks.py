"""What is remembered of futility: which alerts were given, and when a person asked for further attempts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from raasid.errors import RaasidError
from raasid.io.atomic import make_folder, write_atomic
from raasid.io.disk_full import naming_full_disk
from raasid.registry.filesystem import AtomicWriter, FileSystem
from raasid.registry.names import model_name
from raasid.registry.record_chain import canonical_json
from raasid.registry.strict_json import parse_json


class AcknowledgementUnreadable(RaasidError):
    """The file with people's acknowledgements is not what was written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}; delete it, and acknowledge again if need be")


class Acknowledgement(NamedTuple):
    """A person has asked for further attempts."""

    time: datetime
    author: str
    reason: str


class FutilityMarks:
    """Marks below a folder: `<model>/alerts/<key>.json` and `<model>/acknowledged.json`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def mark_alerted(self, model: str, key: str) -> bool:
        """Remember that an alert is given; False if it was remembered before. Raises DiskFull."""
        folder = self.folder / model_name(model) / "alerts"
        make_folder(folder)
        with naming_full_disk(folder, "the mark of an alert"):
            return AtomicWriter(FileSystem()).create(
                folder / f"{key}.json", canonical_json({"key": key}) + b"\n"
            )

    def alerted(self, model: str) -> set[str]:
        """Return the keys of all alerts that were given."""
        return {path.stem for path in (self.folder / model_name(model) / "alerts").glob("[!.]*.json")}

    def acknowledge(self, model: str, author: str, now: datetime, reason: str = "") -> None:
        """Let a model be retrained again, although retraining did not help before.

        Raises DiskFull, AcknowledgementUnreadable.
        """
        added = Acknowledgement(now.astimezone(UTC), author, reason)
        records = [
            {"author": each.author, "reason": each.reason, "time": each.time.isoformat()}
            for each in [*self.acknowledgements(model), added]
        ]
        write_atomic(self._path(model), canonical_json({"acknowledgements": records}) + b"\n")

    def acknowledgements(self, model: str) -> list[Acknowledgement]:
        """Return all acknowledgements, the oldest first. Raises AcknowledgementUnreadable."""
        path = self._path(model)
        try:
            records = parse_json(path.read_bytes())["acknowledgements"]
            found = [
                Acknowledgement(
                    datetime.fromisoformat(each["time"]), str(each["author"]), str(each["reason"])
                )
                for each in records
            ]
            if any(each.time.utcoffset() is None for each in found):
                raise ValueError("holds a time without its offset")
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise AcknowledgementUnreadable(path, f"cannot be read ({error})") from error
        return found

    def acknowledged(self, model: str) -> datetime | None:
        """Return when a person last acknowledged; None: never. Raises AcknowledgementUnreadable."""
        return max((each.time for each in self.acknowledgements(model)), default=None)

    def _path(self, model: str) -> Path:
        return self.folder / model_name(model) / "acknowledged.json"
