"""A model card states what the run recorded, and no more."""

from __future__ import annotations

import json
import math
from importlib.resources import files

import pytest
from tiny_models import LINEAGE, TINY, made, run_config

from raasid.evaluation.ball.result import BallResult
from raasid.evaluation.context.result import ContextResult
from raasid.models.ball.yolo import BallYolo
from raasid.models.context.baselines import ContextGeometry
from raasid.packaging.card_builder import build_card, defined_metrics
from raasid.packaging.model_card import Card, IOSpec, read_card
from raasid.registry.errors import PackageRefused
from raasid.registry.records import MetricValue
from raasid.stats.bootstrap import Estimate

BALL = TINY["ball_heatmap"]
CONTEXT = TINY["context_transformer"]


def measured(matches: int = 12) -> BallResult:
    estimates = {
        "detection_rate": Estimate(0.9, 0.85, 0.95, matches, "match"),
        "ap": Estimate(0.8, math.nan, math.nan, matches, "match"),
        "rmse_px": Estimate(math.nan, math.nan, math.nan, 0, "match"),
    }
    return BallResult(
        estimates=estimates, counts={"frames": 70, "matches": matches}, curves={}, threshold=0.3
    )


def ball_card(matches: int = 12) -> Card:
    return build_card(made(BALL), run_config(BALL), LINEAGE, measured(matches))


def test_metrics_have_interval_unit_and_meaning() -> None:
    card = ball_card()
    rate = card.metrics["detection_rate"]
    assert (rate.value, rate.low, rate.high, rate.n, rate.unit) == (0.9, 0.85, 0.95, 12, "match")
    assert "top candidate is a hit" in rate.meaning
    assert card.metrics["rmse_px"].value is None
    assert card.measured_on == {"frames": 70, "matches": 12}
    assert defined_metrics(measured()) == {
        "detection_rate": MetricValue(value=0.9, low=0.85, high=0.95),
        "ap": MetricValue(value=0.8),
    }
    assert defined_metrics(None) == {}


def test_ports_are_those_of_the_exported_graph_with_units() -> None:
    card = ball_card()
    assert card.inputs == [
        IOSpec(
            graph="model",
            name="images",
            axes=["batch", "height", "width", 3],
            dtype="uint8",
            meaning="red, green, blue of 0 to 255; normalised and padded inside",
        )
    ]
    assert [port.name for port in card.outputs] == ["boxes", "scores", "heat", "box"]
    assert card.facts["model"]["threshold"] == pytest.approx(0.3)


def test_training_data_are_identified_by_digests_not_paths() -> None:
    card = ball_card()
    assert card.data.splits["train"].model_dump() == {"matches": 2, "frames": 20}
    assert card.data.digests == {"init_from": "cd" * 32, "labels": "ab" * 32}
    assert card.data.licenses == ["AGPL-3.0-or-later"]
    assert b"somewhere" not in card.to_json()


def test_limits_follow_from_the_run() -> None:
    limits = " ".join(ball_card().limits)
    assert "not on real football" in limits
    assert "640 x 360 pixels" in limits
    assert "12 matches: read the intervals" in limits
    assert "intervals" not in " ".join(ball_card(matches=40).limits)
    real = run_config(BALL) | {"data": {"format": "coco"}}
    card = build_card(made(BALL), real, {"data": {}}, None)
    assert "synthetic" not in " ".join(card.limits)
    assert "Nothing was measured." in card.limits
    assert card.data.licenses == ["unknown"]


def test_a_context_model_names_its_edition_and_the_facts_that_never_varied() -> None:
    card = build_card(made(CONTEXT), run_config(CONTEXT), LINEAGE, None)
    assert card.law_edition == "ifab_2025_26"
    assert "Never varied in training, so that nothing was learned of it: own_play." in card.limits
    assert ball_card().law_edition is None


def test_a_net_of_ultralytics_brings_its_license() -> None:
    net = {"_target_": "raasid.models.ball.yolo.BallYolo", "net": "yolo26n.yaml"}
    card = build_card(BallYolo("yolo26n.yaml").eval(), {"model": net, "data": {}}, {}, None)
    assert card.license.weights == "AGPL-3.0-or-later"
    assert "ultralytics" in card.license.reason
    assert "ultralytics" not in ball_card().license.reason


def test_a_rule_has_a_card_without_ports() -> None:
    assert build_card(ContextGeometry(), {"data": {}}, {}, None).inputs == []


def test_a_card_reads_back_and_is_readable() -> None:
    card = ball_card()
    assert read_card(card.to_json()) == card
    assert card.to_json().startswith(b'{\n "format": 1,\n "name": "ball_model"')


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "is not JSON"), (b"[]", "valid"), (b'{"name": 7}', "name: "), (b"[" * 99_999, "nested too deep")],
)
def test_invalid_cards_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(PackageRefused, match=rf"card\.json: .*{reason}"):
        read_card(data)


def test_the_schema_that_ships_is_that_of_the_card() -> None:
    shipped = files("raasid.packaging").joinpath("card.schema.json").read_text(encoding="utf-8")
    assert json.loads(shipped) == Card.model_json_schema()


def test_the_result_of_a_context_model_names_the_edition_that_it_was_measured_by() -> None:
    result = ContextResult(estimates={}, counts={}, edition="ifab_2019_20", source="predicted")
    assert build_card(made(CONTEXT), run_config(CONTEXT), LINEAGE, result).law_edition == "ifab_2019_20"
