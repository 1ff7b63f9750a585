"""Exported context models."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from raasid.datasets.context.batch import WindowBatch
from raasid.laws.edition_lookup import shipped_editions
from raasid.models.context.calibration import Calibration
from raasid.models.context.features import Inputs
from raasid.models.context.net import FACT_SIZES
from raasid.models.context.ood import InDistributionModel
from raasid.models.context.transformer import ContextTransformer
from raasid.packaging.onnx.export import write_graphs
from raasid.packaging.onnx.graph_spec import export_graphs


def windows(count: int, model: ContextTransformer) -> WindowBatch:
    rows = (count, model.players, model.frames)
    present = torch.rand(rows) > 0.2
    ball = torch.rand(*rows[::2], 7) * torch.tensor([640, 360, 16, 16, 1, 1, 1])
    ball[..., 4:6] = ball[..., 4:6].round()
    return WindowBatch(
        size=torch.tensor([[640.0, 360.0]]).repeat(count, 1),
        valid=torch.rand(*rows[::2]) > 0.1,
        ball=ball,
        joints=torch.rand(*rows, 17, 3) * torch.tensor([640, 360, 1]) * present[..., None, None],
        boxes=torch.rand(*rows, 4) * 100 * present[..., None],
        present=present,
        score=torch.rand(rows),
        roles=torch.randint(-1, 4, rows[:2]),
        teams=torch.randint(-1, 2, rows[:2]),
    )


@pytest.mark.parametrize("inputs", ["both", "ball"])
def test_probabilities_are_those_of_the_model_for_any_number_of_clips(inputs: Inputs, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = ContextTransformer(frames=12, width=16, layers=1, inputs=inputs).eval()
    cases = [windows(1, model), windows(5, model)]
    with torch.no_grad():
        known = model(windows(40, model))
        given = InDistributionModel.fit(known.input_statistics)
        nearest = float(given.distance(model(cases[1]).input_statistics).min())
    model.calibration = Calibration(
        fact_temperatures=[0.7] * len(model.calibration.fact_temperatures),
        offence_temperatures={"ifab_2025_26": 1.7},
        inputs=replace(given, max_distance=1.2 * nearest),
        embeddings=InDistributionModel.fit(known.embedding),
        fact_priors=[0.25] * sum(FACT_SIZES),
        offence_priors={"ifab_2025_26": 0.4},
    )

    write_graphs(export_graphs(model), [tuple(windows(2, model))], tmp_path, {})

    card = json.loads((tmp_path / "model.json").read_text())["graphs"]["model.onnx"]
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    for case in cases:
        count = len(case.size)
        taken = {name["name"]: getattr(case, name["name"]).numpy() for name in card["inputs"]}
        facts, offence, contact, ood_scores = session.run(
            ["facts", "offence", "contact", "strangeness"], taken
        )
        with torch.no_grad():
            outputs = model(case)
        at = shipped_editions().index("ifab_2025_26")
        trusted = model.calibration.in_distribution_weight(outputs)
        expected = model.calibration.offence_probability(outputs, "ifab_2025_26", False, trusted)
        assert 0 < float(trusted.max()) < 1 or count == 1
        assert card["facts"]["editions"][at] == "ifab_2025_26"
        assert offence[:, at] == pytest.approx(expected.numpy(), abs=1e-5)
        assert facts == pytest.approx(
            model.calibration.fact_probabilities(outputs, trusted).numpy(), abs=1e-5
        )
        assert ood_scores == pytest.approx(model.calibration.ood_score(outputs).numpy(), abs=1e-4)
        assert contact.sum(1) == pytest.approx(np.ones(count), abs=1e-5)


def test_the_card_names_only_inputs_that_matter(tmp_path: Path) -> None:
    model = ContextTransformer(frames=12, width=16, layers=1, inputs="ball").eval()

    write_graphs(export_graphs(model), [tuple(windows(2, model))], tmp_path, {})

    card = json.loads((tmp_path / "model.json").read_text())["graphs"]["model.onnx"]
    assert [port["name"] for port in card["inputs"]] == ["size", "valid", "ball"]
