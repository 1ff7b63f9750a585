"""Config sections of the gate: how much a challenger may lose, and what counts as shown.

This module is light: the schemas of the verbs import it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Lt

from raasid.config.section import Count, NonNegative, Section

Loss = Annotated[float, Gt(0), Lt(1)]
"""Of a metric between 0 and 1, absolute."""


class GateLimits(Section):
    """How much worse than the champion each further metric may be; null switches a limit off.

    A limit refuses only a loss that is larger than this and that is shown, not one by chance.
    """

    false_positives_per_minute: NonNegative | None = 0.25
    """Share of the champion's wrong predictions per minute that may be added (ball).

    15 may be added in any case, which is one frame in a hundred at 25 Hz.
    """
    latency_p95: NonNegative | None = 0.25
    """Share of the champion's 95th percentile of inference time that may be added (pose).

    1 ms may be added in any case.
    """
    ece: NonNegative | None = 0.05
    """Calibration error that may be added, absolute (context)."""
    season_flips: NonNegative | None = 0.05
    """Share of season flips decided correctly that may be lost, absolute (context)."""


class EndToEndOptions(Section):
    """On which clips a ball or pose challenger is judged by the decisions that follow from it."""

    dataset: str | None = None
    """A stored dataset, NAME or NAME@DIGEST, whose test split is taken; null: the footage that the context
    champion was tested on."""


class GateOptions(Section):
    """When a challenger may replace the champion; losses are absolute, of the task's primary metric."""

    margin: Loss = 0.02
    """Largest overall loss that still counts as no worse; that the loss is smaller has to be shown.

    A smaller margin needs more matches: the printed table says about how many.
    """
    tag_margin: Loss = 0.05
    """Largest loss on the samples of one tag that still counts as no worse."""
    anchor_margin: Loss = 0.03
    """Largest overall loss against the anchor, the best version so far.

    It is never reset: champions that each lose less than `margin` cannot add up to more than this.
    """
    alpha: Annotated[float, Gt(0), Lt(0.5)] = 0.05
    """Probability of a wrong conclusion: of passing a challenger that loses `margin` overall, and of refusing
    an equal one because of any of its tags.
    """
    min_matches: Annotated[int, Ge(2)] = 5
    """Matches that a conclusion needs; a tag with fewer is listed, and cannot refuse."""
    prove_tags: bool = False
    """Whether every tag with enough matches has to be shown to be no worse, as the overall metric has.

    By default a tag refuses only if a loss is shown: with twenty tags of few matches chance alone would
    otherwise refuse most good models.
    """
    max_looks: Count = 20
    """How many challengers may be compared on the same test set; then fresh matches are needed, because
    with enough attempts one passes by chance."""
    end_to_end: EndToEndOptions | None = EndToEndOptions()
    """null: a ball or pose challenger is judged by its own metric alone."""
    limits: GateLimits = GateLimits()

    def cross_field_errors(self) -> Iterator[tuple[str, str]]:
        """Yield an anchor's margin that would refuse what the margin allows."""
        if self.anchor_margin < self.margin:
            yield "anchor_margin", f"must be at least margin ({self.margin:g}), but is {self.anchor_margin:g}"


class DeployConfig(Section):
    """Group `deploy`: what happens to a version that a trigger has asked for."""

    target: Literal["local"] = "local"
    """The version becomes champion, and its route in this registry."""
    gate: GateOptions = GateOptions()
