"""Collects a model's own embedding of every sample while the model is tested."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from raasid.evaluation.prediction_collector import gather_from_processes
from raasid.models.module import TaskModule

Row = NDArray[np.float32]


class EmbeddingCollector(pl.Callback):
    """Reads the output of `TaskModule.embedding_layer` in a test, and changes nothing of it.

    The first pass of a batch counts: models that average several see the image as it is in the first.
    """

    def __init__(self) -> None:
        self.rows: dict[tuple[Any, ...], Row] = {}
        """Key of a sample -> its embedding (D,); of all processes when the test has ended, sorted."""
        self._hook: RemovableHandle | None = None
        self._batch: Tensor | None = None

    def on_test_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin to listen; a model without an embedding layer has no embeddings."""
        self.rows = {}
        layer = pl_module.embedding_layer if isinstance(pl_module, TaskModule) else None
        if layer is not None:
            self._hook = layer.register_forward_hook(self._read)

    def on_test_batch_start(self, *_: Any, **__: Any) -> None:
        """Forget the last batch."""
        self._batch = None

    def on_test_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Store the embeddings of the batch's samples."""
        if self._batch is not None:
            rows = self._batch.cpu().numpy()
            self.rows |= {ref.key: row for ref, row in zip(batch.refs, rows, strict=True)}

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Gather from all processes."""
        self.rows = gather_from_processes(self.rows)

    def close(self) -> None:
        """Stop listening."""
        if self._hook is not None:
            self._hook.remove()
        self._hook = self._batch = None

    @torch.no_grad()
    def _read(self, layer: nn.Module, inputs: Any, output: Tensor) -> None:
        if self._batch is None:
            self._batch = (
                output.detach().float().flatten(2).mean(2) if output.ndim > 2 else output.detach().float()
            )
