"""Which errors ball and pose models make: fitted to annotated clips and what was seen of them."""

from __future__ import annotations

from collections.abc import Sequence

from raasid.data.records import Clip
from raasid.data.tracks.noise import TrackNoise
from raasid.perception.ball_errors_made import ball_errors_made
from raasid.perception.pairing import frame_pairs
from raasid.perception.person_errors_made import person_errors_made


def measured_noise(truth: Sequence[Clip], predicted: Sequence[Clip]) -> TrackNoise:
    """Return the errors that make annotated tracks look like predicted ones.

    truth, predicted: the same clips, by id; what is interpolated in them counts as not seen. Rates that rest
    on few cases lean on the defaults. Raises NotTheSameClips.
    """
    pairs = list(frame_pairs(truth, predicted))
    return TrackNoise(ball_errors_made(pairs), person_errors_made(pairs))
