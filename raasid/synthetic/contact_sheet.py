"""All scenarios under all shift suites on one sheet: `python -m raasid.synthetic.contact_sheet OUT.png`.

Rows are scenarios; columns are the clean league and every suite at one intensity. Each cell is the moment of
the touch, cropped around the touched player. The seed may follow the file's name, and then the intensity.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import cv2
import numpy as np

from raasid.console import terminal
from raasid.footage.records import Clip, Person
from raasid.io.atomic import write_atomic
from raasid.laws.decide import decide
from raasid.laws.facts import read_facts
from raasid.synthetic.arrays import Image
from raasid.synthetic.league import League, ScenarioName, ShiftName
from raasid.synthetic.render_clip import render_clip
from raasid.synthetic.scenarios.registry import SCENARIOS

_CELL_WIDTH, _CELL_HEIGHT, _TITLE_HEIGHT, _MARGIN = 150, 172, 22, 118
_INK, _PAPER = (40, 36, 34), (246, 247, 248)
_ARMS = slice(5, 11)
_NUM_STADIUMS = 4
"""Number of matches that the rows alternate between."""


def contact_sheet(
    seed: int = 0,
    intensity: int = 2,
    scenarios: Sequence[ScenarioName] = tuple(SCENARIOS),
    suites: Sequence[ShiftName] = get_args(ShiftName),
) -> Image:
    """Draw the sheet, blue-green-red: every row is one scene of one match, every column one condition."""
    columns: list[ShiftName | None] = [None, *suites]
    height, width = _TITLE_HEIGHT + _CELL_HEIGHT * len(scenarios), _MARGIN + _CELL_WIDTH * len(columns)
    sheet = np.full((height, width, 3), _PAPER, np.uint8)
    for column, name in enumerate(columns):
        title = "clean" if name is None else f"{name} {intensity}"
        _write(sheet, title, (_MARGIN + column * _CELL_WIDTH + 3, _TITLE_HEIGHT - 7))
    # match by match, column by column, so that a stadium is built once for all of its rows
    cells = [
        (row, column)
        for stadium in range(_NUM_STADIUMS)
        for column in range(len(columns))
        for row in range(stadium, len(scenarios), _NUM_STADIUMS)
    ]
    half_heights: dict[int, float] = {}
    with terminal.progress("drawing the contact sheet", len(cells)) as update:
        for row, column in cells:
            scenario, name = scenarios[row], columns[column]
            league = League(
                scenario_share=1.0,
                # this suite changes the choice itself
                scenarios=() if name == "prior" else (scenario,),
                seed=seed,
                shift=name,
                shift_intensity=0 if name is None else intensity,
            )
            (image,), clip = render_clip(league, row % _NUM_STADIUMS, row, moment_only=True)
            x, y, player_height = _player_box(clip)
            top, left = _TITLE_HEIGHT + row * _CELL_HEIGHT, _MARGIN + column * _CELL_WIDTH
            half = half_heights.setdefault(row, 0.68 * player_height)
            sheet[top : top + _CELL_HEIGHT - 2, left : left + _CELL_WIDTH - 2] = _crop(image, x, y, half)
            if name in {None, "law_change"}:
                _write_ruling(sheet, _ruling_text(clip), left, top)
            if name is None:
                _write_facts(sheet, scenario, clip, top)
            update(1)
    return sheet


def _player_box(clip: Clip) -> tuple[float, float, float]:
    """Return the centre and the height in pixels of the player who is, or in a near miss seems, touched."""
    frame = clip.frames[0]
    ball = frame.balls[0]

    def arm_distance(person: Person) -> float:
        points = [(x, y) for x, y, v in person.keypoints[_ARMS] if v]
        return min((float(np.hypot(x - ball.x, y - ball.y)) for x, y in points), default=1e9)

    touched = [p for p in frame.persons if clip.contact is not None and p.track == clip.contact.person]
    person = touched[0] if touched else min(frame.persons, key=arm_distance)
    x, y, w, h = person.box
    return x + w / 2, y + h / 2, max(h, 1.2 * w)


def _crop(image: Image, x: float, y: float, half_height: float) -> Image:
    half_width = half_height * (_CELL_WIDTH - 2) / (_CELL_HEIGHT - 2)
    move = np.array([[1.0, 0.0, half_width - x], [0.0, 1.0, half_height - y]])
    scale = (_CELL_HEIGHT - 2) / (2 * half_height)
    return np.asarray(
        cv2.warpAffine(
            image,
            move * scale,
            (_CELL_WIDTH - 2, _CELL_HEIGHT - 2),
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
    )


def _ruling_text(clip: Clip) -> str:
    ruling = clip.ruling or decide(read_facts(clip.facts), "ifab_2024_25")
    return f"{ruling.decision or 'open'} {(ruling.edition or '').replace('_', '/')}"


def _write_ruling(sheet: Image, text: str, left: int, top: int) -> None:
    bottom, right = top + _CELL_HEIGHT - 3, left + _CELL_WIDTH - 3
    cv2.rectangle(sheet, (left, bottom - 13), (right, bottom), (30, 28, 26), -1)
    _write(sheet, text.replace("_", " "), (left + 3, top + _CELL_HEIGHT - 6), (250, 250, 250))


def _write_facts(sheet: Image, scenario: str, clip: Clip, top: int) -> None:
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
    target, args = Path(sys.argv[1]), sys.argv[2:4]
    seed, intensity = (int(text) for text in [*args, *["0", "2"][len(args) :]])
    _, data = cv2.imencode(target.suffix or ".png", contact_sheet(seed, intensity))
    write_atomic(target, data.tobytes())
    print(target)
