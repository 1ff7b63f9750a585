from __future__ import annotations

import numpy as np

from raasid.synthetic.contact_sheet import contact_sheet


def test_a_sheet_has_a_cell_for_every_scenario_under_every_suite() -> None:
    sheet = contact_sheet(0, 2, ("arm_out", "near_miss"), ("night",))
    assert sheet.shape == (22 + 2 * 172, 118 + 2 * 150, 3)
    paper = sheet[60, 100]
    for row in range(2):
        cells = [sheet[30 + 172 * row : 170 + 172 * row, 120 + 150 * c : 260 + 150 * c] for c in range(2)]
        assert all((cell != paper).any(axis=2).mean() > 0.95 for cell in cells)
        assert np.mean(cells[1]) < np.mean(cells[0])
