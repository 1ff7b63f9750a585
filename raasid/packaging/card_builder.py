"""Build the model card of a trained model from its run: configuration, evaluation and lineage."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from raasid.evaluation.result import EvaluationResult
from raasid.models.module import TaskModule
from raasid.packaging.model_card import Card, CardMetric, IOSpec, License, SplitInfo, TrainingData
from raasid.packaging.onnx.graph_spec import NoOnnxExport, export_graphs
from raasid.registry.records import MetricValue
from raasid.tasks import TASKS, TaskName

_FEW_MATCHES = 30
"""Below it the card warns that the intervals are wide."""


def build_card(
    model: TaskModule, config: Mapping[str, Any], lineage: Mapping[str, Any], result: EvaluationResult | None
) -> Card:
    """Build the card of a trained model.

    config: of its run, as its checkpoint holds it. lineage: content of the run's `lineage.json`.
    result: on held-out matches; None if the model was not measured.
    """
    inputs, outputs, facts = _io_specs(model)
    edition = getattr(result, "edition", None) or lineage.get("data", {}).get("edition")
    return Card(
        name=TASKS[model.task].registry_name,
        task=model.task,
        model=f"{type(model).__module__}.{type(model).__qualname__}",
        purpose=TASKS[model.task].purpose,
        inputs=inputs,
        outputs=outputs,
        facts=facts,
        metrics=_metrics(model.task, result),
        measured_on=dict(result.counts) if result is not None else {},
        law_edition=str(edition) if edition and model.task == "context" else None,
        data=_training_data(config, lineage),
        license=_license(model),
        limits=list(_limits(model, config, result)),
    )


def defined_metrics(result: EvaluationResult | None) -> dict[str, MetricValue]:
    """Return the metrics that are defined, for `Registry.register`."""
    estimates = {} if result is None else result.estimates
    return {
        name: MetricValue(value=e.value, low=_or_none(e.low), high=_or_none(e.high))
        for name, e in estimates.items()
        if math.isfinite(e.value)
    }


def _io_specs(model: TaskModule) -> tuple[list[IOSpec], list[IOSpec], dict[str, Any]]:
    try:
        graphs = export_graphs(model)
    except NoOnnxExport:  # a rule, not a net
        return [], [], {}

    def specs(side: str) -> list[IOSpec]:
        return [
            IOSpec(
                graph=graph.name, name=port.name, axes=list(port.axes), dtype=port.dtype, meaning=port.meaning
            )
            for graph in graphs
            for port in getattr(graph, side)
        ]

    return specs("inputs"), specs("outputs"), {graph.name: dict(graph.facts) for graph in graphs}


def _metrics(task: TaskName, result: EvaluationResult | None) -> dict[str, CardMetric]:
    if result is None:
        return {}
    return {
        name: CardMetric(
            value=_or_none(e.value),
            low=_or_none(e.low),
            high=_or_none(e.high),
            n=e.n,
            unit=e.unit,
            meaning=TASKS[task].meanings.get(name, ""),
        )
        for name, e in result.estimates.items()
    }


def _training_data(config: Mapping[str, Any], lineage: Mapping[str, Any]) -> TrainingData:
    recorded, section = lineage.get("data", {}), config.get("data", {})
    splits = {
        name: SplitInfo(matches=len(part["matches"]), frames=part["frames"])
        for name, part in recorded.items()
        if isinstance(part, Mapping) and {"matches", "frames"} <= part.keys()
    }
    digests = {role: file["sha256"] for role, file in lineage.get("inputs", {}).items()}
    if "labels_sha256" in recorded:
        digests["labels"] = recorded["labels_sha256"]
    return TrainingData(
        source=str(section.get("format", "unknown")),
        dataset=section.get("dataset"),
        splits=splits,
        digests=digests,
        licenses=list(recorded.get("licenses", ["unknown"])),
    )


def _license(model: TaskModule) -> License:
    net = getattr(model, "net", None)
    from_ultralytics = type(net).__module__.startswith("ultralytics.")
    reason = (
        "its net and loss are those of ultralytics, which are under AGPL-3.0"
        if from_ultralytics
        else "made by this program and under its license; the data's licenses may ask for more"
    )
    return License(weights="AGPL-3.0-or-later", reason=reason)


def _limits(model: TaskModule, config: Mapping[str, Any], result: EvaluationResult | None) -> Iterator[str]:
    section = config.get("data", {})
    if section.get("format") == "synthetic":
        yield "Trained and measured on rendered play (the synthetic league), not on real football."
    else:
        yield "Measured on matches of its own data alone; other leagues, cameras, weather were not tried."
    if section.get("size") and model.task != "context":
        width, height = (round(edge * (section.get("eval_scale") or 1.0)) for edge in section["size"])
        yield f"Measured on images of {width} x {height} pixels; larger and smaller ones were not tried."
    if model.task == "context":
        tracks = section.get("tracks", {})
        yield f"Measured on {tracks.get('source', 'unknown')} tracks; it depends on what found them."
        yield from _constant_facts(getattr(model, "label_counts", {}))
    if result is None:
        yield "Nothing was measured."
    elif (matches := result.counts.get("matches", 0)) < _FEW_MATCHES:
        yield f"The figures are of {matches} match{'es' * (matches != 1)}: read the intervals."


def _constant_facts(counts: Mapping[str, list[int]]) -> Iterator[str]:
    """Yield a limit that names the facts that never varied in training and cannot have been learned."""
    constant = [name for name, times in counts.items() if sum(count > 0 for count in times) < 2]
    if constant:
        yield f"Never varied in training, so that nothing was learned of it: {', '.join(constant)}."


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
