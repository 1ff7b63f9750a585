"""All scenarios under all shift suites on one sheet: `python -m raasid.synthetic.contact_sheet OUT.png`.

Rows are scenarios, columns the clean league and every suite at one intensity; each cell is the moment of the
touch, cut round the touched player. The seed may follow the file's name, and then the intensity.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from raasid.console import terminal
from raasid.footage.records import Clip, Person
from raasid.laws.decide import decide
from raasid.laws.facts import read_facts
from raasid.synthetic.arrays import Image
from raasid.synthetic.league import League
from raasid.synthetic.render_clip import render_clip
from raasid.synthetic.scenarios import SCENARIOS
from raasid.synthetic.shifts import SHIFTS

_WIDE, _TALL, _TITLE, _MARGIN = 150, 172, 22, 118
_INK, _PAPER = (40, 36, 34), (246, 247, 248)
_ARMS = slice(5, 11)
_MATCHES = 4
"""So many stadiums the rows show in turn."""


def contact_sheet(
    seed: int = 0,
    intensity: int = 2,
    scenarios: Sequence[str] = tuple(SCENARIOS),
    suites: Sequence[str] = tuple(SHIFTS),
) -> Image:
    """The sheet, blue-green-red; every row is one scene of one match, every column the same conditions."""
    columns = [None, *suites]
    sheet = np.full((_TITLE + _TALL * len(scenarios), _MARGIN + _WIDE * len(columns), 3), _PAPER, np.uint8)
    for column, name in enumerate(columns):
        title = "clean" if name is None else f"{name} {intensity}"
        _write(sheet, title, (_MARGIN + column * _WIDE + 3, _TITLE - 7))
    # match by match, column by column: a stadium is built once for all of its rows
    cells = [
        (row, column)
        for stadium in range(_MATCHES)
        for column in range(len(columns))
        for row in range(stadium, len(scenarios), _MATCHES)
    ]
    reach: dict[int, float] = {}
    with terminal.progress("drawing the contact sheet", len(cells)) as advance:
        for row, column in cells:
            scenario, name = scenarios[row], columns[column]
            league = League(
                scenario_share=1.0,
                # what a suite of that name changes is the choice itself
                scenarios=() if name == "prior" else (scenario,),
                seed=seed,
                shift=name,
                shift_intensity=0 if name is None else intensity,
            )
            (image,), clip = render_clip(league, row % _MATCHES, row, moment_only=True)
            x, y, tall = _focus(clip)
            top, left = _TITLE + row * _TALL, _MARGIN + column * _WIDE
            size = reach.setdefault(row, 0.68 * tall)
            sheet[top : top + _TALL - 2, left : left + _WIDE - 2] = _cell(image, x, y, size)
            if name in {None, "law_change"}:
                _say(sheet, _verdict(clip), left, top)
            if name is None:
                _margin(sheet, scenario, clip, top)
            advance(1)
    return sheet


def _focus(clip: Clip) -> tuple[float, float, float]:
    """Middle of the touched player, and his height, pixels; in a near miss of whom it seems to touch."""
    frame = clip.frames[0]
    ball = frame.balls[0]

    def away(person: Person) -> float:
        points = [(x, y) for x, y, v in person.keypoints[_ARMS] if v]
        return min((float(np.hypot(x - ball.x, y - ball.y)) for x, y in points), default=1e9)

    touched = [p for p in frame.persons if clip.contact is not None and p.track == clip.contact.person]
    person = touched[0] if touched else min(frame.persons, key=away)
    x, y, w, h = person.box
    return x + w / 2, y + h / 2, max(h, 1.2 * w)


def _cell(image: Image, x: float, y: float, reach: float) -> Image:
    width = reach * (_WIDE - 2) / (_TALL - 2)
    move = np.array([[1.0, 0.0, width - x], [0.0, 1.0, reach - y]])
    scale = (_TALL - 2) / (2 * reach)
    return np.asarray(
        cv2.warpAffine(
            image,
            move * scale,
            (_WIDE - 2, _TALL - 2),
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
    )


def _verdict(clip: Clip) -> str:
    ruling = clip.ruling or decide(read_facts(clip.facts), "ifab_2024_25")
    return f"{ruling.decision or 'open'} {(ruling.edition or '').replace('_', '/')}"


def _say(sheet: Image, text: str, left: int, top: int) -> None:
    cv2.rectangle(sheet, (left, top + _TALL - 16), (left + _WIDE - 3, top + _TALL - 3), (30, 28, 26), -1)
    _write(sheet, text.replace("_", " "), (left + 3, top + _TALL - 6), (250, 250, 250))


def _margin(sheet: Image, scenario: str, clip: Clip, top: int) -> None:
    lines = [scenario, f"segment {clip.facts['segment']}"]
    lines += [str(name) for name, value in clip.facts.items() if value is True]
    lines += [
        f"{name} {value}"
        for name, value in clip.facts.items()
        if name in {"scored", "team_mate", "denied"} and value not in {"no", "nothing"}
    ]
    for line, text in enumerate(lines):
        _write(sheet, text, (4, top + 16 + 15 * line), _INK if line == 0 else (120, 112, 106))


def _write(sheet: Image, text: str, at: tuple[int, int], ink: tuple[int, int, int] = _INK) -> None:
    cv2.putText(sheet, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.38, ink, 1, cv2.LINE_AA)


if __name__ == "__main__":
    target, given = Path(sys.argv[1]), sys.argv[2:4]
    seed, intensity = (int(text) for text in [*given, *["0", "2"][len(given) :]])
    if not cv2.imwrite(str(target), contact_sheet(seed, intensity)):
        sys.exit(f"cannot write {target}")
    print(target)
