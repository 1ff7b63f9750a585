"""Reads the `data.yaml` of a YOLO set: class names, keypoint shape, and the images of each split."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from raasid.errors import DataError
from raasid.escaping import printable
from raasid.footage.formats.file_search import walk_files
from raasid.footage.formats.parsing.values import short_repr
from raasid.footage.quarantine import Quarantine

IMAGE_SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
_OTHER_FOOTAGE = {".avi", ".avif", ".dng", ".gif", ".heic", ".heif", ".jp2", ".mkv", ".mov", ".mp4"}
_DEEPEST = 16
_CLASS_ID = re.compile(r"[0-9]{1,9}")
_SPLITS = {"train": ("train", "training"), "val": ("val", "valid", "validation"), "test": ("test", "testing")}


class DataYamlUnreadable(DataError):
    """A data.yaml, or a file that belongs to it, that cannot be understood."""

    def __init__(self, path: Path, line: int | None, reason: str) -> None:
        where = f"{path}, line {line}" if line else str(path)
        super().__init__(f"{where}: {reason}")


@dataclass(frozen=True, slots=True)
class DataYaml:
    """What data.yaml says, or what the folders say where there is none."""

    names: dict[int, str] = field(default_factory=dict)
    """Class id -> name; empty if the sheet has no names."""
    keypoint_shape: tuple[int, int] | None = None
    images: dict[str, list[Path]] = field(default_factory=dict)
    """Split (`train`, `val`, `test`, or `` when there are no splits) -> image files, sorted."""


def read_data_yaml(root: Path, quarantine: Quarantine) -> DataYaml:
    """Read `root/data.yaml` (or .yml, or dataset.yaml); without one, infer splits from the folders.

    A split is a folder, a list of folders, or a text file of image paths. Exports often name paths that
    are wrong where the set lies now (`../train/images`, `/content/set/train/images`): the path is tried
    below the root without its leading `..`, as written, and by its last parts below the root.
    What is declared but not there is noted in `quarantine`. Raises DataSheetUnreadable.
    """
    for name in ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml"):
        if (root / name).is_file():
            return _declared(root, root / name, quarantine)
    return DataYaml(_class_list(root), None, _inferred(root, quarantine))


def _declared(root: Path, path: Path, quarantine: Quarantine) -> DataYaml:
    document = _load(path)
    bases = [root]
    if isinstance(document.get("path"), str) and os.path.isdir(root / document["path"]):  # noqa: PTH112
        bases.insert(0, root / document["path"])
    images: dict[str, list[Path]] = {}
    for split, spellings in _SPLITS.items():
        entries = next((document[key] for key in spellings if document.get(key)), None)
        if entries is None:
            continue
        found: set[Path] = set()
        for entry in entries if isinstance(entries, list) else [entries]:
            if not isinstance(entry, str):
                raise DataYamlUnreadable(
                    path, None, f"{split} must be a path or a list of paths, but has {short_repr(entry)}"
                )
            place = _resolve(entry, root, bases)
            if place is None:
                quarantine.add(path.name, f"split not there: {split} is {short_repr(entry)}")
            else:
                found.update(_images_of(place, root, bases, quarantine))
        images[split] = sorted(found)
    if not images:
        images = _inferred(root, quarantine)
    return DataYaml(_names(document, path) or _class_list(root), _keypoint_shape(document, path), images)


def _load(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8-sig")
        _check_depth(path, text)
        document = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise DataYamlUnreadable(path, line, f"not valid YAML: {error.problem}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataYamlUnreadable(path, None, f"not a YAML text: {error}") from error
    except (ValueError, TypeError, OverflowError) as error:  # a 13th month, a number of thousands of digits
        raise DataYamlUnreadable(path, None, f"not valid YAML: {error}") from error
    except OSError as error:
        raise DataYamlUnreadable(path, None, f"cannot be read: {error.strerror}") from error
    if not isinstance(document, dict):
        raise DataYamlUnreadable(
            path, 1, f"expected keys such as train, val and names, got {short_repr(document)}"
        )
    return document


def _check_depth(path: Path, text: str) -> None:
    """Refuse what would take a stack and much memory to load; the parser alone needs neither."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            line = event.start_mark.line + 1 if event.start_mark else None
            raise DataYamlUnreadable(path, line, f"nested too deeply: more than {_DEEPEST} levels")


def _names(document: dict[str, Any], path: Path) -> dict[int, str]:
    names, count = document.get("names"), document.get("nc")
    if isinstance(names, list):
        names = dict(enumerate(names))
    if names is None:
        return {}
    if not isinstance(names, dict) or not all(
        _CLASS_ID.fullmatch(short_repr(key).strip("'")) for key in names
    ):
        raise DataYamlUnreadable(path, None, f"names must be a list or id: name, but is {short_repr(names)}")
    if isinstance(count, int) and count != len(names):
        raise DataYamlUnreadable(
            path, None, f"nc is {count}, but names holds {len(names)}: {short_repr(names)}"
        )
    return {int(key): printable(name) for key, name in sorted(names.items(), key=lambda item: int(item[0]))}


def _keypoint_shape(document: dict[str, Any], path: Path) -> tuple[int, int] | None:
    shape = document.get("kpt_shape")
    if shape is None:
        return None
    if not (isinstance(shape, list) and len(shape) == 2 and all(isinstance(n, int) for n in shape)):
        raise DataYamlUnreadable(
            path, None, f"kpt_shape must be [points, 2 or 3], but is {short_repr(shape)}"
        )
    if shape[0] < 1 or shape[1] not in (2, 3):
        raise DataYamlUnreadable(
            path, None, f"kpt_shape must be [points, 2 or 3], but is {short_repr(shape)}"
        )
    return shape[0], shape[1]


def _class_list(root: Path) -> dict[int, str]:
    """Read `classes.txt`, one name a line, as label editors write it beside the labels."""
    for path in (root / "classes.txt", root / "labels" / "classes.txt"):
        if path.is_file():
            lines = path.read_text("utf-8-sig", errors="replace").splitlines()
            return {number: printable(line.strip()) for number, line in enumerate(lines) if line.strip()}
    return {}


def _images_of(place: Path, root: Path, bases: list[Path], quarantine: Quarantine) -> Iterable[Path]:
    if place.is_dir():
        return _images_below(place, root, quarantine)
    if place.suffix.lower() in IMAGE_SUFFIXES:
        return [place]
    return _listed(place, root, bases, quarantine)


def _listed(listing: Path, root: Path, bases: list[Path], quarantine: Quarantine) -> Iterator[Path]:
    name = os.path.relpath(listing, root)
    for number, line in enumerate(listing.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines(), start=1):
        if not (entry := os.fsdecode(line).strip()):
            continue
        place = _resolve(entry, root, [listing.parent, *bases])
        if place is None:
            quarantine.add(name, f"listed image not there: {short_repr(entry)}", number)
        else:
            yield place


def _resolve(entry: str, root: Path, bases: list[Path]) -> Path | None:
    """Find what a path in a data sheet means here; None when nothing is there."""
    parts = PurePosixPath(entry.replace("\\", "/")).parts
    inside = [part for part in parts if part not in ("..", "/")]
    candidates = [base.joinpath(*parts) for base in bases]
    if parts[:1] == ("..",):
        # Below the root first: a neighbour of that name may be another data set.
        candidates = [base.joinpath(*inside) for base in bases] + candidates
    # The last parts of a path from another machine, but never just `images`.
    candidates += [root.joinpath(*inside[skip:]) for skip in range(max(1, len(inside) - 1))]
    for place in candidates:
        if os.path.exists(place):  # noqa: PTH110 - unlike Path.exists, it is False for a name too long
            return Path(os.path.normpath(place))
    return None


def _inferred(root: Path, quarantine: Quarantine) -> dict[str, list[Path]]:
    images: dict[str, list[Path]] = {}
    for split, spellings in _SPLITS.items():
        folders = [root / "images" / name for name in spellings] + [
            root / name / "images" for name in spellings
        ]
        folders = [folder for folder in folders if folder.is_dir()]
        if folders:
            found = {path for folder in folders for path in _images_below(folder, root, quarantine)}
            images[split] = sorted(found)
    if not images:
        folder = root / "images" if (root / "images").is_dir() else root
        images[""] = _images_below(folder, root, quarantine)
    return images


def _images_below(folder: Path, root: Path, quarantine: Quarantine) -> list[Path]:
    """List the files below a folder that are called like images, sorted; note footage we cannot read."""
    images = []
    for path in walk_files(folder):
        suffix = path.suffix.lower()
        if suffix in IMAGE_SUFFIXES:
            images.append(path)
        elif suffix in _OTHER_FOOTAGE:
            quarantine.add(Path(os.path.relpath(path, root)).as_posix(), f"file type not read: {suffix}")
    return images
