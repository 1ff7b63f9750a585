"""Reads XML element by element in bounded memory, and reports the line of every error."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from raasid.errors import DataError

MAX_DEPTH = 64
"""Levels of nesting; annotations have about six."""
_CHUNK = 1 << 14


class XmlUnreadable(DataError):
    """A file that is not well-formed XML, is nested too deeply, or declares entities."""

    def __init__(self, path: Path, line: int | None, reason: str) -> None:
        where = f"{path}, line {line}" if line else str(path)
        super().__init__(f"{where}: {reason}; export the annotations again")
        self.path = path
        self.line = line
        self.reason = reason
        """`what: value seen`, as in `RejectedSample.reason`."""


@dataclass(slots=True, eq=False)
class Element:
    """An element; names are without their namespace."""

    tag: str
    attributes: dict[str, str]
    line: int
    """Line of its start tag, from 1."""
    parent: Element | None
    """The enclosing element of one that is yielded; None for elements inside of a yielded one."""
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def all(self, tag: str) -> Iterator[Element]:
        """Yield the children with that tag."""
        return (child for child in self.children if child.tag == tag)

    def at(self, *path: str) -> Element | None:
        """Return the first element at a path of tags, or None."""
        element: Element | None = self
        for tag in path:
            element = next(element.all(tag), None) if element is not None else None
        return element

    def text_at(self, *path: str) -> str | None:
        """Return the stripped text of the element at a path of tags, or None."""
        element = self.at(*path)
        return None if element is None else element.text.strip()

    def inside(self, *tags: str) -> Element | None:
        """Return the nearest enclosing element with one of these tags, or None."""
        element = self.parent
        while element is not None and element.tag not in tags:
            element = element.parent
        return element


def iter_elements(path: Path, tags: Collection[str]) -> Iterator[Element]:
    """Yield every element with one of these tags as soon as it ends, then release it.

    An element has its contents, except for elements inside that were yielded themselves; its `parent` is
    known, though not the parent's later contents. Other elements are skipped.
    Raises XmlUnreadable after the last good element if the file is not well-formed, is nested deeper than
    `MAX_DEPTH`, or declares a document type or entities.
    """
    target = _Target(path, tags)
    try:
        parser = DefusedXMLParser(target=target, forbid_dtd=True)
        # The typeshed does not know this attribute; expat has the current line.
        target.expat = parser.parser
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                parser.feed(chunk)
                yield from target.pop_finished()
        parser.close()
        yield from target.pop_finished()
    except OSError as error:
        raise XmlUnreadable(path, None, f"cannot be read: {error.strerror}") from error
    except ParseError as error:
        yield from target.pop_finished()
        raise XmlUnreadable(path, error.position[0], f"not well-formed XML: {error}") from error
    except DefusedXmlException as error:
        raise XmlUnreadable(path, target.line, f"document type or entity declared: {error}") from error
    except (ValueError, LookupError) as error:  # an encoding that is unknown, or not that of the bytes
        raise XmlUnreadable(path, target.line, f"text cannot be decoded: {error}") from error


class _Target:
    """Builds elements from the parser's events and keeps finished ones until they are taken."""

    def __init__(self, path: Path, tags: Collection[str]) -> None:
        self._path = path
        self._tags = tags
        self._open: list[Element] = []
        self._wanted = 0
        self._done: deque[Element] = deque()
        self.expat: object = None

    @property
    def line(self) -> int | None:
        return getattr(self.expat, "CurrentLineNumber", None)

    def pop_finished(self) -> Iterator[Element]:
        while self._done:
            yield self._done.popleft()

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise XmlUnreadable(self._path, self.line, f"nested too deep: more than {MAX_DEPTH} levels")
        parent = self._open[-1] if self._open else None
        plain = {_local(name): value for name, value in attributes.items()}
        element = Element(_local(tag), plain, self.line or 0, parent)
        self._wanted += element.tag in self._tags
        self._open.append(element)

    def end(self, tag: str) -> None:
        element = self._open.pop()
        if element.tag in self._tags:
            self._wanted -= 1
            self._done.append(element)
        elif self._wanted and self._open:
            element.parent = None  # else parent and child form a cycle, which lives until the next collection
            self._open[-1].children.append(element)

    def data(self, text: str) -> None:
        if self._wanted and self._open:
            self._open[-1].text += text

    def close(self) -> None:
        pass


def _local(name: str) -> str:
    return name.rpartition("}")[2]
