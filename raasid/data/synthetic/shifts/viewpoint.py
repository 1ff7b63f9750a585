"""Another place for the camera: higher up, or with a wider lens."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from raasid.data.synthetic.shifts.shift import Shift

if TYPE_CHECKING:
    from raasid.data.synthetic.league import League

_HEIGHTS_M = ((10.0, 35.0), (36.0, 42.0), (46.0, 53.0), (58.0, 68.0))
_ZOOM = (1.0, 0.75, 0.55, 0.40)


class CameraHeight(Shift):
    """Higher up than any training camera."""

    name: ClassVar[str] = "camera_height"

    def league(self, league: League) -> League:
        """Cameras under the roof."""
        return replace(league, camera_height_m=_HEIGHTS_M[self.intensity])


class CameraZoom(Shift):
    """Everything smaller in the picture."""

    name: ClassVar[str] = "camera_zoom"

    def league(self, league: League) -> League:
        """Wider shots."""
        zoom = _ZOOM[self.intensity]
        return replace(league, ball_px=league.ball_px * zoom, scenario_ball_px=league.scenario_ball_px * zoom)
