"""What a shift suite may change; every hook leaves things as they are unless a suite says otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from raasid.footage.records import Clip
from raasid.synthetic.arrays import Image
from raasid.synthetic.lighting import Light

if TYPE_CHECKING:
    from raasid.synthetic.league import League
    from raasid.synthetic.match_setting import MatchSetting

MAX_INTENSITY = 3


@dataclass(frozen=True, slots=True)
class Shift:
    """A suite at one intensity; 0 changes nothing. Geometry and labels stay exact in all of them."""

    name: ClassVar[str] = "none"
    intensity: int = 0
    """0 to 3."""

    def change_league(self, league: League) -> League:
        """What is rendered in place of `league`."""
        return league

    def change_light(self, light: Light) -> Light:
        """The weather in which lawn, stadium and camera chain are drawn."""
        return light

    def change_setting(self, setting: MatchSetting, seed: int, match: int) -> MatchSetting:
        """The finished setting of a match."""
        return setting

    def change_clip(self, images: list[Image], clip: Clip) -> tuple[list[Image], Clip]:
        """What arrives of a finished clip: its images, and the record that goes with them."""
        return images, clip
