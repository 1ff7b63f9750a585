"""The answer that needs no eyes: always what the training split has most often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import ClassVar

from raasid.data.context.window import Window
from raasid.errors import UsageError
from raasid.laws.decide import decide
from raasid.laws.facts import Facts, Value, fact_values
from raasid.models.context.clip_judgement import ClipJudgement
from raasid.models.context.module import ContextModule
from raasid.models.context.ruled import likeliest


class NothingCounted(UsageError):
    """A majority of nothing."""

    def __init__(self) -> None:
        super().__init__(
            "model=context_majority: the training split has no clip that can be ruled, so there is no "
            "commonest answer; add clips with facts to it"
        )


class ContextMajority(ContextModule):
    """The share of offences in the training split, for every clip; it counts whenever it meets data."""

    trainable: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Facts] = []

    def acquaint(self, facts: Iterable[Facts]) -> None:
        """Count the training split."""
        self.seen = list(facts)

    def assess(self, windows: Sequence[Window], clips: Sequence[str], edition: str) -> list[ClipJudgement]:
        """The same for everybody. Raises NothingCounted."""
        said = [decide(facts, edition).decision for facts in self.seen]
        ruled = [decision for decision in said if decision is not None]
        if not ruled:
            raise NothingCounted
        share = ruled.count("offence") / len(ruled)
        chances = {name: shares for name in fact_values() if (shares := self._shares(name))}
        named, ruling, _ = likeliest(chances, share >= 0.5, edition)
        return [
            ClipJudgement(
                clip=clip, facts=chances, likeliest=named, ruling=ruling, offence=share, abstained=False
            )
            for clip in clips
        ]

    def _shares(self, name: str) -> dict[Value, float]:
        counted = Counter(value for facts in self.seen if (value := getattr(facts, name)) is not None)
        total = sum(counted.values())
        return {value: counted[value] / total for value in fact_values()[name]} if total else {}
