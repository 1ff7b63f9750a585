"""A ball or pose challenger judged through the context champion: its decisions on whole clips.

The clips are tracked twice, with the challenger and with the champion in its place; the other upstream model
is the champion both times. The context champion decides about both, so that what is compared is the decisions
that the challenger changes.
"""

from __future__ import annotations

from pathlib import Path

from raasid.config.section import PathsConfig
from raasid.datasets.context.datamodule import NoClipToDecide
from raasid.datasets.source_configs import Data, StoreDataConfig, data_section
from raasid.deploy.options import EndToEndOptions
from raasid.errors import DataError, UsageError
from raasid.evaluation.context.result import NoLabelledClips
from raasid.evaluation.paired import PairedEvaluation
from raasid.evaluation.result import EvaluationResult
from raasid.footage.store import DatasetMissing
from raasid.pipeline.adapters.adapter import task_adapter
from raasid.pipeline.evaluation import evaluate_named_model
from raasid.pipeline.model_refs import NamedModel, load_registered
from raasid.pipeline.upstream_models import UPSTREAM_TASKS, UpstreamTask, track_by
from raasid.pipeline.verb_configs import CheckConfig
from raasid.registry.lineage import VersionRef
from raasid.registry.names import CHAMPION
from raasid.registry.registry import Registry
from raasid.tasks import TASKS, TaskName

_OPTION = "deploy.gate.end_to_end"


class EndToEndFootageMissing(UsageError):
    """The test footage of the context champion is not here."""

    def __init__(self, context: str, error: UsageError | DataError) -> None:
        super().__init__(
            f"the gate judges decisions on the test footage of {context}, which cannot be read: {error}; "
            f"name a stored dataset with {_OPTION}.dataset=NAME, or leave the rule out with {_OPTION}=null"
        )


def compare_end_to_end(
    check: CheckConfig,
    options: EndToEndOptions | None,
    champion: VersionRef,
    challenger: VersionRef,
    folder: Path,
) -> PairedEvaluation | str | None:
    """Compare the context champion's decisions on the tracks of two versions of a ball or pose model.

    check: how models are measured. folder: for the files of both evaluations.
    Returns why they cannot be compared if they cannot: no other champion, no clip that can be decided; None
    for versions of a context model. Raises EndToEndFootageMissing, what `load_module` raises.
    """
    changed = next((task for task in UPSTREAM_TASKS if TASKS[task].registry_name == champion.name), None)
    if changed is None:
        return None
    if options is None:
        return "switched off"
    registry = Registry(check.paths.registry)
    other: UpstreamTask = "pose" if changed == "ball" else "ball"
    context, other_model = _champion(registry, "context"), _champion(registry, other)
    for task, found in (("context", context), (other, other_model)):
        if found is None:
            return f"there is no {task} champion"
    assert context is not None
    assert other_model is not None
    model = load_registered(context, check.paths)
    data = _whole_clips(options, model, check.paths)

    def decisions(version: VersionRef) -> EvaluationResult:
        tracked = track_by(data, {other: other_model, changed: f"{version.name}@{version.version}"})
        seed = int(model.trained.get("seed", check.seed))
        return evaluate_named_model(model, tracked, check.paths, check.trainer, "test", seed, folder)[0]

    try:
        return task_adapter(model.module).pair_results(decisions(champion), decisions(challenger))
    except (NoClipToDecide, NoLabelledClips):
        shown = f"the dataset {options.dataset}" if options.dataset else f"the test footage of {context}"
        return f"no clip of {shown} can be decided"
    except (DataError, DatasetMissing) as error:
        if options.dataset is not None:
            raise
        raise EndToEndFootageMissing(context, error) from error


def _champion(registry: Registry, task: TaskName) -> str | None:
    name = TASKS[task].registry_name
    version = registry.alias(name, CHAMPION)
    return None if version is None else f"{name}@{version}"


def _whole_clips(options: EndToEndOptions, model: NamedModel, paths: PathsConfig) -> Data:
    """Return the `data` section of the footage: a stored dataset, or what the context model was tested on."""
    if options.dataset is not None:
        data: Data = StoreDataConfig(dataset=options.dataset, root=paths.store, size=None, eval_scale=None)
    else:
        data = data_section(model.trained["data"])
        assert model.loaded is not None
        version = model.loaded.manifest.lineage.get("data", {}).get("dataset")
        if isinstance(data, StoreDataConfig):
            root = data.root if data.root.is_dir() else paths.store
            data = data.model_copy(update={"dataset": version or data.dataset, "root": root})
    tracks = data.tracks.model_copy(update={"source": "predicted"})
    return data.model_copy(update={"tracks": tracks})
