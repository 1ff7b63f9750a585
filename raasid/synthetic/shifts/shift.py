"""The interface of a shift suite; its hooks change nothing unless a suite overrides them."""

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
    """A suite at one intensity; 0 changes nothing. Labels stay exact in all suites."""

    name: ClassVar[str] = "none"
    intensity: int = 0
    """0 to 3."""

    def change_league(self, league: League) -> League:
        """Return the league that is rendered in place of `league`."""
        return league

    def change_light(self, light: Light) -> Light:
        """Return the light in which lawn, stadium and camera chain are drawn."""
        return light

    def change_setting(self, setting: MatchSetting, seed: int, match: int) -> MatchSetting:
        """Return the setting of a match in place of `setting`."""
        return setting

    def change_clip(self, images: list[Image], clip: Clip) -> tuple[list[Image], Clip]:
        """Return the images and the record of a rendered clip in place of those given."""
        return images, clip
