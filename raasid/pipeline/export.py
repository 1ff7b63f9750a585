"""`raasid export`: a trained model as ONNX, proved equal on real frames before anybody sees the file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from raasid.console.terminal import out
from raasid.datasets.datamodule import TaskDataModule
from raasid.datasets.source_configs import data_section
from raasid.errors import UsageError
from raasid.models.checkpoints import load_trained_model
from raasid.models.module import TaskModule
from raasid.packaging.onnx.export import write_graphs
from raasid.packaging.onnx.graph_spec import Graph, Tensors, export_graphs
from raasid.packaging.onnx.parity import Parity
from raasid.pipeline.adapters.adapter import plan_of
from raasid.pipeline.verb_configs import ExportConfig
from raasid.tasks import TASKS


def export(cfg: ExportConfig, run_dir: Path) -> float:
    """Write the graphs of a checkpoint and their card; returns the largest difference from the model."""
    path = Path(cfg.ckpt_path)
    model, trained = load_trained_model(path)
    section = data_section(trained["data"]) if cfg.data is None else cfg.data
    data = plan_of(model).data(section, cfg.paths, int(trained["seed"]), model)
    about = {
        "model": trained["model"],
        "checkpoint": {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
    }
    files, parities = write_compared(
        model, data, section, cfg.split, cfg.samples, cfg.out or run_dir, about, cfg.tolerance
    )
    for file in files:
        out().print(f"{'card' if file.suffix == '.json' else 'graph':<10} {file}", markup=False)
    for name, parity in parities.items():
        out().print(
            f"{name}/difference {parity.largest_difference:.2e} (at most {cfg.tolerance:.0e})", markup=False
        )
    return max(parity.largest_difference for parity in parities.values())


def write_compared(
    model: TaskModule,
    data: TaskDataModule,
    section: Any,
    split: str,
    samples: int,
    folder: Path,
    about: Mapping[str, Any] | None = None,
    tolerance: float = 1e-4,
) -> tuple[list[Path], dict[str, Parity]]:
    """Write a model's graphs with their card, compared with it on held-out samples.

    section: of `data`. about: more facts for the card.
    Raises NoGraph, UsageError: nothing to compare on; ParityBroken and its like.
    """
    graphs = export_graphs(model)
    facts = {
        "task": model.task,
        "registry": TASKS[model.task].registry_name,
        "size": [round(edge * (section.eval_scale or 1.0)) for edge in section.size or (0, 0)],
        "compared_on": f"{samples} samples of {split}",
    }
    inputs = first_samples(graphs, data.held_out(split), samples)
    return write_graphs(graphs, inputs, folder, facts | dict(about or {}), tolerance)


def first_samples(graphs: Sequence[Graph], batches: Iterable[Any], count: int) -> list[Tensors]:
    """Inputs of each graph from the first `count` samples, or as many as there are.

    Raises UsageError where a graph would be compared on nothing.
    """
    fed: list[list[Tensors]] = [[] for _ in graphs]
    for batch in batches:
        for parts, graph in zip(fed, graphs, strict=True):
            if sum(len(part[0]) for part in parts) < count:
                parts.append(graph.feed(batch))
        if all(sum(len(part[0]) for part in parts) >= count for parts in fed):
            break
    for parts, graph in zip(fed, graphs, strict=True):
        if not sum(len(part[0]) for part in parts):
            raise UsageError(
                f"{graph.name}.onnx: the split holds nothing to compare it on; choose another, split=val"
            )
    return [tuple(torch.cat(port)[:count] for port in zip(*parts, strict=True)) for parts in fed]
