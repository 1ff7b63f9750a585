"""Collect a model's predictions, and its embeddings, for every frame or clip of an epoch."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, Generic, Protocol, TypeVar

import lightning.pytorch as pl
import numpy as np
import torch
import torch.distributed
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from raasid.datasets.sample_meta import FrameRef
from raasid.models.module import TaskModule


class Sample(Protocol):
    """A reference to a sample, the same in every process."""

    @property
    def key(self) -> tuple[Any, ...]:
        """Identifies the sample; keys can be sorted."""
        ...


Ref = TypeVar("Ref", bound=Sample)
Prediction = TypeVar("Prediction")
Key = TypeVar("Key", bound=tuple[Any, ...])
Value = TypeVar("Value")


class PredictionCollector(pl.Callback, Generic[Ref, Prediction]):
    """A callback that has the predictions for all samples, in every process, when an epoch ends.

    A distributed sampler repeats samples so that all processes get equally many; they count once.
    Subclasses define what an output holds, and which metrics a validation logs.
    """

    def __init__(self) -> None:
        self._collected: dict[tuple[Any, ...], tuple[Ref, Prediction]] = {}

    @abstractmethod
    def read_outputs(self, outputs: Any) -> Iterable[tuple[Ref, Prediction]]:
        """Yield the samples of one step's output, each with its prediction."""

    @abstractmethod
    def log_metrics(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the metrics of a validation; every process computes the same."""

    @property
    def refs(self) -> list[Ref]:
        """Samples of the last finished epoch, of all processes, sorted by key."""
        return [ref for ref, _ in self._collected.values()]

    @property
    def predictions(self) -> list[Prediction]:
        """The prediction for each of `refs`."""
        return [prediction for _, prediction in self._collected.values()]

    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Discard the last epoch."""
        self._collected = {}

    on_test_epoch_start = on_validation_epoch_start

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Store the step's predictions, and log its loss if it has one."""
        pairs = self._collect(outputs)
        loss = outputs.get("loss")
        if loss is not None:
            pl_module.log("val/loss", loss, batch_size=len(pairs), on_epoch=True, sync_dist=True)

    def on_test_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Store the step's predictions."""
        self._collect(outputs)

    def _collect(self, outputs: Any) -> list[tuple[Ref, Prediction]]:
        pairs = list(self.read_outputs(outputs))
        self._collected |= {ref.key: (ref, prediction) for ref, prediction in pairs}
        return pairs

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Gather from all processes, then log."""
        self._collected = gather_from_processes(self._collected)
        self.log_metrics(trainer, pl_module)

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Gather from all processes; the metrics of a test are computed elsewhere, with intervals."""
        self._collected = gather_from_processes(self._collected)


class FramePredictionCollector(PredictionCollector[FrameRef, Prediction], Generic[Prediction]):
    """A collector whose samples are frames."""

    @property
    def frames(self) -> list[FrameRef]:
        """Frames of the last finished epoch, of all processes, by clip and index."""
        return self.refs


def is_distributed() -> bool:
    """Whether other processes predict other samples of this epoch."""
    return torch.distributed.is_available() and torch.distributed.is_initialized()


def gather_from_processes(values: dict[Key, Value]) -> dict[Key, Value]:
    """Merge the values of all processes, sorted by key; the result is the same in each of them."""
    merged = dict(values)
    if is_distributed():
        shares: list[dict[Key, Value] | None] = [None] * torch.distributed.get_world_size()
        torch.distributed.all_gather_object(shares, values)
        for share in shares:
            merged |= share or {}
    return dict(sorted(merged.items(), key=lambda pair: pair[0]))


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
