"""Measure a challenger, the champion and the anchor on the same samples, and let the gate judge."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from raasid.datasets.source_configs import Data
from raasid.deploy.anchor import find_anchor, update_anchor
from raasid.deploy.gate import judge
from raasid.deploy.gate_looks import GateLooks
from raasid.deploy.leakage import LeakCheck, check_leakage
from raasid.deploy.options import GateOptions
from raasid.deploy.verdict import GateVerdict
from raasid.evaluation.paired import PairedEvaluation
from raasid.evaluation.result import EvaluationResult
from raasid.io.atomic import write_atomic
from raasid.pipeline.adapters.adapter import task_adapter
from raasid.pipeline.checked_footage import measure_model
from raasid.pipeline.end_to_end import compare_end_to_end
from raasid.pipeline.model_refs import load_registered
from raasid.pipeline.verb_configs import CheckConfig
from raasid.registry.lineage import VersionRef
from raasid.registry.names import CHALLENGER, CHAMPION, Version
from raasid.registry.registry import Registry


def judge_challenger(
    check: CheckConfig,
    data: Data,
    options: GateOptions,
    champion: VersionRef,
    challenger: VersionRef,
    parents: Collection[VersionRef],
    folder: Path,
    reason: str,
) -> GateVerdict:
    """Compare two registered versions on a split of `data`, and write `gate.json` into the folder.

    check: how models are measured. parents: versions that the challenger started from. The anchor, the best
    version so far, is measured too where it is not the champion; a challenger that beats it follows it. A
    ball or pose challenger is also judged by the decisions that follow from it, see `compare_end_to_end`.
    Raises SamplesDiffer, NotRegistered, RegistryDamaged, RegistryUnwritable.
    """
    registry, name = Registry(check.paths.registry), champion.name
    data = data.model_copy(update={"size": None, "eval_scale": None})  # each model's input as in its training

    def measure(version: Version) -> EvaluationResult:
        return measure_model(check, load_registered(f"{name}@{version}", check.paths), data, folder)[0]

    adapter = task_adapter(load_registered(f"{name}@{challenger.version}", check.paths).module)
    after = measure(challenger.version)
    pair = adapter.pair_results(measure(champion.version), after)
    best = find_anchor(registry, name, champion.version)
    anchor = None if best is None else adapter.pair_results(measure(best), after)
    decisions = compare_end_to_end(check, options.end_to_end, champion, challenger, folder / "end_to_end")
    pairs = [pair, decisions] if isinstance(decisions, PairedEvaluation) else [pair]
    matches = {match for each in pairs for match in each.test_matches}

    def look(at: PairedEvaluation) -> int:
        looks = GateLooks(registry, at.test_set_sha256)
        return looks.add(name, str(champion.version), str(challenger.version), reason)

    def leaks(which: str, version: VersionRef, its_parents: Collection[VersionRef] = ()) -> LeakCheck:
        lineage = registry.versions(name).manifest(version.version).lineage
        return check_leakage(lineage, matches, registry, its_parents, which)

    verdict = judge(
        pair,
        options,
        anchor=anchor,
        end_to_end=decisions,
        leakage=leaks(CHALLENGER, challenger, parents),
        champion_leakage=leaks(CHAMPION, champion),
        look=look(pair),
        end_to_end_look=look(decisions) if isinstance(decisions, PairedEvaluation) else 1,
    )
    write_atomic(folder / "gate.json", verdict.to_json())
    update_anchor(registry, name, champion.version, challenger.version, verdict)
    return verdict
