"""How often a test set was looked at: each challenger that is compared on it wears it out a little.

After enough comparisons on the same matches some challenger passes by chance. Source: Blum and Hardt, The
Ladder: A Reliable Leaderboard for Machine Learning Competitions, ICML 2015; Renggli et al., Continuous
Integration of Machine Learning Models with ease.ml/ci, 2019 (a test set has a shelf life).
"""

from __future__ import annotations

from raasid.registry.record_chain import ChainRecord, RecordBody, RecordChain
from raasid.registry.records import GateLookRecord
from raasid.registry.registry import Registry


class GateLooks:
    """The looks at one test set, in `gate_looks/<digest>/` of a registry.

    test_set_sha256: of `PairedEvaluation`. The same matches with corrected labels are the same test set; any
    added or removed sample makes another.
    """

    def __init__(self, registry: Registry, test_set_sha256: str) -> None:
        self._registry = registry
        self._chain = RecordChain(
            registry.root / "gate_looks" / test_set_sha256, registry.root, registry.writer
        )

    def count(self) -> int:
        """Return how many challengers were compared. Raises RegistryDamaged."""
        head = self._chain.head()
        return 0 if head is None else head.seq

    def add(self, name: str, champion: str, challenger: str, reason: str = "") -> int:
        """Count a comparison before its result is known, and return its number, from 1.

        name: of the model in the registry. champion: its version. challenger: a run or a version. The same
        comparison repeated, as after a kill, has the same number. Raises RegistryDamaged, RegistryUnwritable.
        """
        found = self._find(name, champion, challenger)
        if found is not None:
            return found
        registry, fields = self._registry, {"name": name, "champion": champion, "challenger": challenger}
        with registry.writing("counting a look at the test set"):
            change = registry.announce("gate", fields, reason)

            def body(_: ChainRecord | None) -> RecordBody:
                return {**change.model_dump(), **fields}

            record = self._chain.append(body)
            registry.log.done(change.op, self._chain.path(record.seq))
        return record.seq

    def _find(self, name: str, champion: str, challenger: str) -> int | None:
        for record in self._chain.newest_first():
            look: GateLookRecord = GateLookRecord.from_body(record.body, str(self._chain.path(record.seq)))
            if (look.name, look.champion, look.challenger) == (name, champion, challenger):
                return record.seq
        return None
