"""Config section `review`: how a clip is reviewed, and which evidence a decision needs."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge

from raasid.config.section import Count, Fraction, NonNegative, Positive, Section


class ReviewOptions(Section):
    """How one clip is reviewed; without the evidence that the `min_` options require the review abstains."""

    window_s: Positive = 0.96
    """Length of play, seconds, that the context model sees around each approach of the ball to an arm."""
    max_windows: Count = 24
    """Windows of one clip; the closest approaches are taken first."""
    min_track_score: Fraction = 0.2
    """Score from which a person begins a track. Lower than the trackers' default, because footage unlike the
    training data scores lower; the other minima still reject weak evidence."""
    video: bool = True
    """Whether the annotated video is written."""
    video_px: Annotated[int, Ge(160)] = 1280
    """Longest side of the annotated video, pixels."""
    min_frames: Count = 5
    """A shorter clip shows too little motion."""
    min_ball_seen: Fraction = 0.3
    """Share of frames that show the ball, of the clip and of the window that decides."""
    min_arm_px: NonNegative = 8.0
    """Length of the arm next to the ball, shoulder to wrist, pixels of the footage."""
    min_confidence: Fraction = 0.6
    """Probability of the decision."""
