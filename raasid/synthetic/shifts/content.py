"""Shift suites of the content: clashing kits, league style, rarer offences, new scenarios, new Laws."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from raasid.footage.records import Clip
from raasid.laws.decide import decide
from raasid.laws.facts import read_facts
from raasid.synthetic.arrays import Image
from raasid.synthetic.broadcast_graphics import draw_overlay
from raasid.synthetic.clothing import Colour, Kit
from raasid.synthetic.grass import draw_turf
from raasid.synthetic.shifts.shift import Shift
from raasid.synthetic.stadium import draw_stadium

if TYPE_CHECKING:
    from raasid.synthetic.league import League
    from raasid.synthetic.match_setting import MatchSetting

_DRY_GRASS = np.array([0.92, 1.02, 1.42], np.float32)
"""Blue, green, red of dry grass relative to the usual lawn."""
# tuples: by intensity, 0 to 3
_HANDBALL_PRIOR = (0.4, 0.20, 0.08, 0.03)
_UNSEEN_SHARE = (0.0, 1 / 3, 2 / 3, 1.0)
_EDITIONS = ("", "ifab_2021_22", "ifab_2020_21", "ifab_2018_19")
"""The higher the intensity, the more the edition differs from today's."""


class KitClash(Shift):
    """Kits become more similar to the grass above the knee, and to the ball below it."""

    name: ClassVar[str] = "kit_clash"

    def change_setting(self, setting: MatchSetting, seed: int, match: int) -> MatchSetting:
        """Return the setting with re-dyed kits of both teams; goalkeepers and referees keep theirs."""
        home, away = (
            self._dyed(kit, setting.turf.green, setting.ball.ground, tone)
            for kit, tone in ((setting.kits.home, 1.0), (setting.kits.away, 0.72))
        )
        return replace(setting, kits=replace(setting.kits, home=home, away=away))

    def _dyed(self, kit: Kit, grass: Colour, ball: Colour, tone: float) -> Kit:
        share = 0.3 * self.intensity

        def blend(colour: Colour, target: Colour, scale: float) -> Colour:
            mixed = np.array(colour) * (1 - share) + np.array(target) * scale * share
            return (float(mixed[0]), float(mixed[1]), float(mixed[2]))

        return replace(
            kit,
            shirt=blend(kit.shirt, grass, tone),
            shorts=blend(kit.shorts, grass, tone),
            trim=blend(kit.trim, grass, tone),
            socks=blend(kit.socks, ball, 1.0),
        )


class LeagueStyle(Shift):
    """Replaces the graphics, then the lawn as well, then the stadium as well."""

    name: ClassVar[str] = "league_style"

    def change_setting(self, setting: MatchSetting, seed: int, match: int) -> MatchSetting:
        """Return the setting in another stadium, shown by another broadcaster."""
        streams = [np.random.default_rng(s) for s in np.random.SeedSequence([seed, match, 55]).spawn(3)]
        height, width = setting.overlay.alpha.shape
        setting = replace(setting, overlay=draw_overlay(streams[0], (width, height)))
        if self.intensity >= 2:
            turf = draw_turf(streams[1], setting.light)
            texture = turf.ground.texture.copy()
            dry = 1 + (_DRY_GRASS - 1) * (self.intensity - 1) / 2
            texture[..., :3] = np.clip(texture[..., :3] * dry, 0, 255).astype(np.uint8)
            setting = replace(setting, turf=replace(turf, ground=replace(turf.ground, texture=texture)))
        if self.intensity >= 3:
            colours = [setting.kits.away.shirt, setting.kits.away.trim]
            stadium = draw_stadium(streams[2], setting.mount, colours, setting.light)
            setting = replace(setting, stadium=stadium)
        return setting


class Prior(Shift):
    """Offences become as rare as in real matches."""

    name: ClassVar[str] = "prior"

    def change_league(self, league: League) -> League:
        """Return the league with fewer offences."""
        return league.replace(handball_prior=_HANDBALL_PRIOR[self.intensity])


class UnseenScenario(Shift):
    """Scenarios that no training league contains."""

    name: ClassVar[str] = "unseen_scenario"

    def change_league(self, league: League) -> League:
        """Return the league with a growing share of such scenarios."""
        return league.replace(unseen_share=_UNSEEN_SHARE[self.intensity])


class LawChange(Shift):
    """Rulings by another edition of the Laws; images and facts do not change."""

    name: ClassVar[str] = "law_change"

    def change_clip(self, images: list[Image], clip: Clip) -> tuple[list[Image], Clip]:
        """Return the clip with the ruling of the other edition."""
        edition = _EDITIONS[self.intensity]
        provenance = replace(clip.provenance, law_edition=edition)
        ruling = decide(read_facts(clip.facts), edition) if clip.facts else None
        return images, replace(clip, provenance=provenance, ruling=ruling)
