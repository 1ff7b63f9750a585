"""The shift suites by name."""

from __future__ import annotations

from raasid.data.synthetic.shifts.bitrate import Bitrate
from raasid.data.synthetic.shifts.composition import Prior, UnseenScenario
from raasid.data.synthetic.shifts.fog import Fog
from raasid.data.synthetic.shifts.kit_clash import KitClash
from raasid.data.synthetic.shifts.law_change import LawChange
from raasid.data.synthetic.shifts.league_style import LeagueStyle
from raasid.data.synthetic.shifts.mirror import Mirror
from raasid.data.synthetic.shifts.night import Night
from raasid.data.synthetic.shifts.rain import Rain
from raasid.data.synthetic.shifts.shift import STRONGEST, Shift
from raasid.data.synthetic.shifts.snow import Snow
from raasid.data.synthetic.shifts.tempo import FrameRate, SlowMotion
from raasid.data.synthetic.shifts.viewpoint import CameraHeight, CameraZoom
from raasid.errors import UsageError

SHIFTS: dict[str, type[Shift]] = {
    suite.name: suite
    for suite in (
        Night,
        Rain,
        Snow,
        Fog,
        CameraHeight,
        CameraZoom,
        KitClash,
        Bitrate,
        FrameRate,
        SlowMotion,
        LeagueStyle,
        Mirror,
        Prior,
        UnseenScenario,
        LawChange,
    )
}


class ShiftUnknown(UsageError):
    """A league asks for a suite or an intensity that is not there."""

    def __init__(self, name: str | None, intensity: int) -> None:
        super().__init__(
            f"data.shift: no suite {name!r} at intensity {intensity}; "
            f"intensities are 0 to {STRONGEST}, suites are {', '.join(SHIFTS)}"
        )


def shift_named(name: str | None, intensity: int) -> Shift:
    """The suite at that intensity; at 0, or without a name, one that changes nothing. Raises ShiftUnknown."""
    if (name is not None and name not in SHIFTS) or not 0 <= intensity <= STRONGEST:
        raise ShiftUnknown(name, intensity)
    if name is None or intensity == 0:
        return Shift()
    return SHIFTS[name](intensity)
