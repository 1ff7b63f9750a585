"""ONNX graph of `context_transformer`: windows of tracks in, calibrated probabilities out."""

from __future__ import annotations

import torch
from torch import Tensor

from raasid.datasets.context.batch import SIDES, ContextBatch, WindowBatch
from raasid.laws.edition_lookup import shipped_editions
from raasid.laws.facts import fact_values
from raasid.models.context.net import FACT_SIZES
from raasid.models.context.transformer import ContextTransformer
from raasid.packaging.onnx.graph_spec import ExportNet, Graph, Port, Tensors

_DTYPES = {"valid": "bool", "present": "bool", "roles": "int64", "teams": "int64"}
_MEANINGS = {
    "size": "width and height of the source image, pixels",
    "valid": "whether the clip has the frame",
    "ball": "centre x, centre y, width, height in pixels; known, seen (0 or 1), confidence",
    "joints": "x, y in pixels and confidence of 17 keypoints in COCO's order; 0 where unknown",
    "boxes": "left, top, width, height in pixels",
    "present": "whether the player is in the frame",
    "score": "confidence of the player",
    "roles": "player, goalkeeper, referee, other: 0 to 3; -1 unknown",
    "teams": "0 or 1; -1 unknown",
}


class ContextExport(ExportNet):
    """The net, its calibration, and the clauses of every edition."""

    def __init__(self, model: ContextTransformer, editions: tuple[str, ...]) -> None:
        super().__init__()
        self.model, self.editions = model, editions

    def dense(self, *inputs: Tensor) -> Tensors:
        """Facts, offence, contact, side, out-of-distribution score; see the ports."""
        model, calibration = self.model, self.model.calibration
        fused = torch.backends.mha.get_fastpath_enabled()
        torch.backends.mha.set_fastpath_enabled(False)  # ONNX has no such kernel
        try:
            logits = model(WindowBatch(*inputs))
        finally:
            torch.backends.mha.set_fastpath_enabled(fused)
        weight = calibration.in_distribution_weight(logits)
        offence = [
            calibration.offence_probability(logits, edition, model.direct, weight)
            for edition in self.editions
        ]
        return (
            calibration.fact_probabilities(logits, weight),
            torch.stack(offence, 1),
            torch.softmax(logits.contact, -1),
            torch.softmax(logits.side, -1),
            calibration.ood_score(logits),
        )


def context_graphs(model: ContextTransformer) -> list[Graph]:
    """Return one graph; the caller decides and abstains by the facts of its card."""
    frames, players = model.frames, model.players
    per_player = ("batch", players, frames)
    shapes = {
        "size": ("batch", 2),
        "valid": ("batch", frames),
        "ball": ("batch", frames, 7),
        "joints": (*per_player, 17, 3),
        "boxes": (*per_player, 4),
        "present": per_player,
        "score": per_player,
        "roles": ("batch", players),
        "teams": ("batch", players),
    }
    editions = tuple(shipped_editions())
    values = ", ".join(f"{name}={value}" for name, of in fact_values().items() for value in of)
    outputs = (
        Port("facts", ("batch", sum(FACT_SIZES)), f"calibrated probabilities of {values}"),
        Port("offence", ("batch", len(editions)), f"calibrated probability by {', '.join(editions)}"),
        Port("contact", ("batch", players * frames + 1), "who touches when: player by frame; last: nobody"),
        Port("side", ("batch", len(SIDES)), f"probability of {', '.join(SIDES)}"),
        Port(
            "strangeness", ("batch",), "how unlike the windows known so far; from 1 on nothing can be logits"
        ),
    )
    inputs = tuple(Port(name, shapes[name], _MEANINGS[name], _DTYPES.get(name, "float32")) for name in shapes)
    calibration = model.calibration
    facts = {
        "frame_rate_hz": 25.0,
        "window": f"{frames} frames round the closest approach of ball and player, and the {players} players "
        "nearest to the ball in them; what is missing is 0",
        "inputs": model.inputs,
        "editions": list(editions),
        "abstain_below": calibration.min_confidence,
        "abstain_from_strangeness": 1.0,
        "facts_seen_in_training": model.label_counts,
    }
    return [Graph("model", ContextExport(model, editions), inputs, outputs, window_inputs, facts)]


def window_inputs(batch: ContextBatch) -> Tensors:
    """Return the windows of a batch."""
    return tuple(batch.windows)
