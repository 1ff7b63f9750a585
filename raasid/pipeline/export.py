"""`raasid export`: write a trained model as ONNX, after comparing it with the model on held-out frames."""

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
from raasid.pipeline.adapters.adapter import task_adapter
from raasid.pipeline.verb_configs import ExportConfig
from raasid.tasks import TASKS


def export(cfg: ExportConfig, run_dir: Path) -> float:
    """Write the graphs of a checkpoint and their card; returns the largest difference from the model."""
    path = Path(cfg.ckpt_path)
    model, trained = load_trained_model(path, cfg.model)
    config = data_section(trained["data"]) if cfg.data is None else cfg.data
    data = task_adapter(model).build_datamodule(config, cfg.paths, int(trained["seed"]), model)
    about = {
        "model": trained["model"],
        "checkpoint": {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
    }
    files, parities = write_verified_graphs(
        model, data, config, cfg.split, cfg.samples, cfg.out or run_dir, about, cfg.tolerance
    )
    for file in files:
        out().print(f"{'card' if file.suffix == '.json' else 'graph':<10} {file}", markup=False)
    for name, parity in parities.items():
        out().print(
            f"{name}/difference {parity.largest_difference:.2e} (at most {cfg.tolerance:.0e})", markup=False
        )
    return max(parity.largest_difference for parity in parities.values())


def write_verified_graphs(
    model: TaskModule,
    data: TaskDataModule,
    config: Any,
    split: str,
    num_samples: int,
    folder: Path,
    about: Mapping[str, Any] | None = None,
    tolerance: float = 1e-4,
) -> tuple[list[Path], dict[str, Parity]]:
    """Write a model's graphs and their card once they equal the model on held-out samples.

    config: the `data` section. about: more facts for the card.
    Raises NoOnnxExport; UsageError if there is no sample to compare on; ParityBroken, NotComputable.
    """
    graphs = export_graphs(model)
    facts = {
        "task": model.task,
        "registry": TASKS[model.task].registry_name,
        "size": [round(edge * (config.eval_scale or 1.0)) for edge in config.size or (0, 0)],
        "compared_on": f"{num_samples} samples of {split}",
    }
    inputs = first_samples(graphs, data.eval_dataloader(split), num_samples)
    return write_graphs(graphs, inputs, folder, facts | dict(about or {}), tolerance)


def first_samples(graphs: Sequence[Graph], batches: Iterable[Any], count: int) -> list[Tensors]:
    """Return the inputs of each graph for the first `count` samples, or all if there are fewer.

    Raises UsageError if there is no sample for a graph.
    """
    inputs: list[list[Tensors]] = [[] for _ in graphs]
    for batch in batches:
        for parts, graph in zip(inputs, graphs, strict=True):
            if sum(len(part[0]) for part in parts) < count:
                parts.append(graph.feed(batch))
        if all(sum(len(part[0]) for part in parts) >= count for parts in inputs):
            break
    for parts, graph in zip(inputs, graphs, strict=True):
        if not sum(len(part[0]) for part in parts):
            raise UsageError(
                f"{graph.name}.onnx: the split holds nothing to compare it on; choose another, split=val"
            )
    return [tuple(torch.cat(port)[:count] for port in zip(*parts, strict=True)) for parts in inputs]
