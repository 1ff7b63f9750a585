"""The shift suites by name."""

from __future__ import annotations

from raasid.synthetic.shifts.camera import Bitrate, CameraHeight, CameraZoom, FrameRate, Mirror, SlowMotion
from raasid.synthetic.shifts.content import KitClash, LawChange, LeagueStyle, Prior, UnseenScenario
from raasid.synthetic.shifts.shift import Shift
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


def build_shift(name: str | None, intensity: int) -> Shift:
    """Return the suite at that intensity; at 0, or without a name, one that changes nothing."""
    if name is None or intensity == 0:
        return Shift()
    return SHIFTS[name](intensity)
