"""`profile.json` of a registered version: what footage looked like, and what the model said of it, by match.

    {"format": 1, "parts": {"footage": {…}, "predictions": {…}}, "slices": {"light": {"match 1": "night"}}}

`footage` covers all matches of the training's data, `predictions` the matches held out for the test alone: on
matches that a model was trained on it is surer of itself, so that any new match would look like drift. Each
part is a `MatchProfile`. `embedding` is what is kept of the model's own embeddings of the latter matches, see
`raasid.stats.embedding_profile`. The same training gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from raasid.errors import DataError
from raasid.registry.strict_json import parse_json
from raasid.stats.embedding_profile import EmbeddingProfile
from raasid.stats.match_profile import MatchProfile, ProfileUnusableError

PROFILE = "profile.json"
"""Name of the file in a package."""
FORMAT = 1
PARTS = ("footage", "predictions")


class ReferenceProfileUnusable(DataError):
    """A profile that this program cannot read."""

    def __init__(self, version: str, reason: str) -> None:
        super().__init__(f"{version}, {PROFILE}: {reason}; train the model again to get a new one")


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceProfile:
    """What a version is compared with.

    parts: those of `PARTS` that have features. slices: kind (light, stadium, competition) -> match -> value.
    embedding: None if the model has no embeddings, or of one match only.
    """

    parts: Mapping[str, MatchProfile]
    slices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    embedding: EmbeddingProfile | None = None

    def to_json(self) -> bytes:
        """Return canonical JSON."""
        document = {
            "format": FORMAT,
            "parts": {name: json.loads(profile.to_json()) for name, profile in self.parts.items()},
            "slices": {kind: dict(known) for kind, known in self.slices.items()},
            **({} if self.embedding is None else {"embedding": self.embedding.to_document()}),
        }
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return text.encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes, version: str) -> Self:
        """Parse what `to_json` wrote. version: for messages. Raises ReferenceProfileUnusable."""
        try:
            document: Any = parse_json(data)
            if document["format"] != FORMAT:
                raise ReferenceProfileUnusable(version, f"format {document['format']!r}, not {FORMAT}")
            parts = {
                name: MatchProfile.from_json(json.dumps(document["parts"][name]))
                for name in PARTS
                if name in document["parts"]
            }
            slices = {
                str(kind): {str(match): str(value) for match, value in known.items()}
                for kind, known in document["slices"].items()
            }
            stored = document.get("embedding")
            embedding = None if stored is None else EmbeddingProfile.from_document(stored)
        except ProfileUnusableError as error:
            raise ReferenceProfileUnusable(version, str(error)) from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ReferenceProfileUnusable(version, f"{type(error).__name__}: {error}") from error
        return cls(parts, slices, embedding)
