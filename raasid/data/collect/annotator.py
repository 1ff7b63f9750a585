"""What annotates new footage before a person does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from raasid.data.media import Image
from raasid.data.records import Frame, Keypoint


class Annotator(Protocol):
    """Fills frames of one clip with pre-annotations, each with its `Mark`; champions plug in here.

    The same pictures must give the same annotations: a collection that was interrupted is to end the same.
    """

    @property
    def name(self) -> str:
        """Model and version; another name annotates collected footage anew."""
        ...

    def annotate(self, images: Iterable[Image], frames: Sequence[Frame]) -> Iterable[Frame]:
        """Yield each frame with what is seen in its picture; pictures come one at a time, in order."""
        ...


class PoseEstimator(Protocol):
    """Finds the joints of the one person that a crop shows."""

    @property
    def name(self) -> str:
        """Model and version."""
        ...

    def estimate(self, crop: Image, enlarged: float) -> tuple[tuple[Keypoint, ...], float] | None:
        """Return COCO's 17 keypoints in pixels of the crop and a confidence; None where nobody is seen.

        crop: square, the person in its middle. enlarged: crop pixels for each pixel of the footage.
        """
        ...


class NoAnnotator:
    """Leaves frames as they are."""

    name = "none"

    def annotate(self, images: Iterable[Image], frames: Sequence[Frame]) -> Iterable[Frame]:
        """Yield the frames; no picture is read."""
        del images
        return frames
