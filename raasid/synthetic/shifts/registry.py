"""The shift suites by name."""

from __future__ import annotations

from raasid.errors import UsageError
from raasid.synthetic.shifts.camera import Bitrate, CameraHeight, CameraZoom, FrameRate, Mirror, SlowMotion
from raasid.synthetic.shifts.content import KitClash, LawChange, LeagueStyle, Prior, UnseenScenario
from raasid.synthetic.shifts.shift import STRONGEST, Shift
from raasid.synthetic.shifts.weather import Fog, Night, Rain, Snow

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
