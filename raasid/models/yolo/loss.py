"""Losses of ultralytics for boxes and joints, as means over the global batch."""

from __future__ import annotations

from typing import Any, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn

MANY, ONE = "one2many", "one2one"
_MEANS = ("pose", "kobj", "rle")
"""Terms that the library divides by joints, not by assigned scores: ranks are averaged as they are."""


class DetectionLoss:
    """Box, class, distance and joint terms of the library's own criterion, for the net it was made for.

    The library divides the sums over a rank's batch by that batch's assigned scores and multiplies by its
    size, so that neither ranks nor batches can be averaged. Here the divisor is that of the global batch:
    the mean over ranks is what one process would compute. A probe in the assigner measures it.

    An end-to-end net has two heads. The one-to-many head trains the backbone; its weight falls over the
    epochs, and that of the one-to-one head rises.
    """

    def __init__(self, net: nn.Module) -> None:
        self._net = net
        with torch.inference_mode(False):  # a validation may come first, and training needs its buffers
            self.criterion = cast("Any", net).init_criterion()
        self.device = next(net.parameters()).device
        """A net that has moved to another device needs a new loss."""
        both = hasattr(self.criterion, MANY)
        self._branches = {name: getattr(self.criterion, name) for name in (MANY, ONE)} if both else {}
        self._probes = {
            name: _AssignerProbe(branch) for name, branch in (self._branches or {"": self.criterion}).items()
        }

    def at_epoch(self, epoch: int, epochs: int) -> None:
        """Set the weights of the two heads to those of epoch `epoch` (from 0) of `epochs`.

        They depend on these numbers alone, so that a resumed run has the same.
        """
        if hasattr(self.criterion, "update"):
            self.criterion.one2one.hyp.epochs = epochs
            self.criterion.updates = epoch - 1
            self.criterion.update()

    def __call__(
        self,
        predictions: Any,
        boxes: Tensor,
        present: Tensor,
        size: tuple[int, int],
        keypoints: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Compute the weighted terms: `box`, `cls` and `dfl`, or `l1` where distances are no distributions.

        A pose net also has `pose` and `kobj` (presence of joints), and `rle` if it has a flow.
        predictions: output of the net; in evaluation mode the divisor is this rank's, since ranks may then
        have different numbers of batches. boxes: (B, M, 4) centre and size in input pixels;
        present: (B, M) bool. size: width and height of the padded input. keypoints: (B, M, 17, 3) x, y in
        input pixels and COCO visibility, for a pose net.
        """
        if isinstance(predictions, tuple):  # evaluation mode: decoded boxes, and what they were decoded from
            predictions = predictions[1]
        target = _target(boxes, present, size)
        if keypoints is not None:
            target["keypoints"] = keypoints[present] / keypoints.new_tensor([*size, 1.0])
        if not self._branches:
            return self._terms("", self.criterion, predictions, target)
        gain = {MANY: getattr(self.criterion, "o2m", 1.0), ONE: getattr(self.criterion, "o2o", 1.0)}
        many, one = (
            self._terms(name, part, predictions[name], target) for name, part in self._branches.items()
        )
        return {name: many[name] * gain[MANY] + one[name] * gain[ONE] for name in many}

    def _terms(self, name: str, part: Any, predictions: Any, target: dict[str, Tensor]) -> dict[str, Tensor]:
        loss, items = part.loss(predictions, target)
        loss = loss / predictions["boxes"].shape[0]
        rescale = self._probes[name].rescale() if self._net.training else 1.0
        names = [term.removesuffix("_loss") for term in items]
        return {term: loss[i] if term in _MEANS else loss[i] * rescale for i, term in enumerate(names)}


class _AssignerProbe:
    """Wraps the criterion's assigner and stores the sum of the scores that it assigned."""

    def __init__(self, branch: Any) -> None:
        self._assigner, branch.assigner = branch.assigner, self
        self._sum = torch.zeros(())

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        assigned = self._assigner(*arguments, **named)
        self._sum = assigned[2].sum()
        return assigned

    def rescale(self) -> Tensor | float:
        """Return the factor that turns a rank's term into one whose mean over ranks is the global batch's."""
        if not (dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1):
            return 1.0
        total = self._sum.float().clone()
        dist.all_reduce(total)
        return self._sum.clamp(min=1) / total.clamp(min=1) * dist.get_world_size()


def _target(boxes: Tensor, present: Tensor, size: tuple[int, int]) -> dict[str, Tensor]:
    """Boxes as fractions of the input, one row per object, as the library's criterion takes them."""
    rows = present.nonzero()[:, 0].to(boxes.dtype)
    shares = boxes[present] / boxes.new_tensor([*size, *size])
    return {"batch_idx": rows, "cls": torch.zeros_like(rows), "bboxes": shares}
