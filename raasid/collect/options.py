"""Config section `collect`: how footage is cut, annotated and named.

This module is light: the schema of `raasid collect` imports it for checking overrides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from annotated_types import Ge, Le

from raasid.config.section import File, Fraction, Positive, Section

ORIGIN_FIELDS = ("match", "season", "competition", "camera")
"""What `path_pattern` can read from the path of a source."""
_SHARD = re.compile(r"(\d+)/([1-9]\d*)")


class CollectOptions(Section):
    """How footage is cut, annotated and named."""

    name: str = "footage"
    """Of the dataset: letters, digits, dots, dashes and underscores."""
    clip_s: Positive = 10.0
    """Longest clip, seconds; a scene cut also ends a clip."""
    rate_hz: Positive | None = 5.0
    """Frames kept for each second of footage; null: all."""
    scene_cut: Fraction = 0.5
    """How different two frames must be for a scene cut; 1 never cuts."""
    jpeg_quality: Annotated[int, Ge(1), Le(100)] = 95
    duration_s: Positive = 60.0
    """How much is recorded of a stream, seconds."""
    shard: str = "0/1"
    """i/n: this process takes every n-th source, beginning with number i, counted from 0 as SLURM counts
    the tasks of `--array=0-7`."""
    annotate: bool = True
    """Whether people are pre-annotated."""
    pose_model: File | None = None
    """MediaPipe's `.task` file; null: boxes without joints."""
    match: str | None = None
    season: str | None = None
    competition: str | None = None
    camera: str | None = None
    license: str = "unknown"
    path_pattern: str | None = None
    """Regular expression searched in the path, `/` between folders; its groups are named match, season,
    competition, camera."""

    def cross_field_errors(self) -> Iterator[tuple[str, str]]:
        """Yield an impossible shard, and a pattern that does not compile or names nothing."""
        found = _SHARD.fullmatch(self.shard)
        if found is None or int(found[1]) >= int(found[2]):
            yield "shard", f"expected i/n with i from 0 to n - 1, such as 0/8, got '{self.shard}'"
        if self.path_pattern is None:
            return
        try:
            groups = set(re.compile(self.path_pattern).groupindex)
        except re.error as error:
            yield "path_pattern", f"is no regular expression: {error}"
            return
        if not groups or groups - set(ORIGIN_FIELDS):
            names = ", ".join(sorted(groups)) or "none"
            yield "path_pattern", f"needs groups called match, season, competition or camera, but has {names}"
