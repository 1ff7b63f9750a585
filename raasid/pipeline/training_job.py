"""The training of a retraining as a job on a cluster, for which the process of the retraining waits.

    <retraining>/.jobs/<job>/    script, code, configuration, log and notes of a job

The job runs `raasid train` with the configuration that the retraining would train with itself. It outlives
the process that waits for it: the next call finds it, waits for it, and submits no second one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from raasid.cluster.job_record import JobRecord, LauncherName, read_jobs, worked_s
from raasid.cluster.job_script import CONFIG_DIR, Task
from raasid.cluster.job_states import JobTask, job_tasks
from raasid.cluster.launcher import JobFailed, outcome, wait
from raasid.cluster.options import SlurmOptions, read_options
from raasid.cluster.submission import submit
from raasid.config.run_dir import quote_path
from raasid.console.terminal import out
from raasid.errors import Stopped
from raasid.io.atomic import make_folder, write_atomic
from raasid.pipeline.register import check_registrable
from raasid.pipeline.resume import check_resumable
from raasid.pipeline.verb_configs import TrainConfig
from raasid.sweeps.cluster_workers import cluster_launcher
from raasid.training.stop_signals import StopSignals
from raasid.triggers.claims import Claim
from raasid.triggers.journal import Journal

_OF_THE_NODE = "paths.scratch="
_HYDRA = {"job": {"name": "train", "chdir": False}, "job_logging": {"root": {"handlers": ["file"]}}}


@dataclass(frozen=True)
class Cluster:
    """Where trainings are submitted to, and with which resources."""

    launcher: LauncherName
    options: SlurmOptions
    command: tuple[str, ...]
    """As typed."""
    node_overrides: tuple[str, ...] = ()
    """Those that mean another folder on each machine, as `paths.scratch=${oc.env:TMPDIR}`."""

    @property
    def devices(self) -> int:
        """Number of GPUs, or of processes, that a job is given."""
        return self.options.gpus or self.options.tasks


def chosen_cluster() -> Cluster | None:
    """Return what `hydra/launcher` of this command names; None: trainings run in this process.

    To be called before anything else is composed. Raises ConfigProblems.
    """
    config: Any = HydraConfig.instance().cfg
    launcher = None if config is None else cluster_launcher(config)
    if launcher is None:
        return None
    typed: Any = OmegaConf.to_container(config.hydra.overrides.task, resolve=False)  # the node resolves
    of_node = [word for word in typed if word.lstrip("+").startswith(_OF_THE_NODE)]
    return Cluster(launcher, read_options(config.hydra.launcher), tuple(sys.argv), tuple(of_node))


class TrainingJobs:
    """The jobs of one retraining.

    folder: of the retraining. logs: `paths.logs`. claim: of this process, while it waits.
    """

    def __init__(self, folder: Path, logs: Path, claim: Claim, journal: Journal) -> None:
        self._folder, self._logs, self._claim, self._journal = folder.absolute(), logs, claim, journal

    def wait_for_earlier(self) -> None:
        """Wait for a job that a killed process has submitted, if it has not ended.

        Raises JobFailed if it fails meanwhile, SlurmRefused, LeaseLost, Stopped.
        """
        for task in list(self._tasks()):
            if not task.ended:
                self._wait(task.record, "job {} of an earlier call trains; waiting for it")

    def train(self, cluster: Cluster, cfg: TrainConfig, run_dir: Path, reason: str) -> float | None:
        """Train in a run directory as `raasid.pipeline.train.train_model` does, as a job; return its value.

        Raises JobFailed with the job's own error, or with what became of it; ResumeRefused, NotRegistrable,
        SlurmMissing, SlurmRefused, LeaseLost, Stopped.
        """
        check_registrable(cfg)
        if cfg.ckpt_path is not None:
            check_resumable(cfg, Path(cfg.ckpt_path))
        config_dir = self._folder / "training"
        make_folder(config_dir)
        write_atomic(config_dir / "train.yaml", root_config(cfg, reason, cluster.options.nodes))
        of_config = ("--config-path", CONFIG_DIR, "--config-name", "train")
        directory = f"hydra.run.dir={quote_path(run_dir.absolute())}"
        words = ("train", *of_config, *cluster.node_overrides, directory)
        task = Task(words, run_dir.absolute(), continues=True)
        record = submit(
            "train",
            [task],
            cluster.options,
            self._logs,
            self._folder,
            cluster.launcher,
            cluster.command,
            config_dir,
        )
        self._journal.note("job", f"{_name(record)} trains")
        return self._wait(record, "the training is job {}; raasid jobs shows it")

    def worked_s(self) -> float:
        """Return for how many seconds jobs have trained, without their time in the queue."""
        return sum(worked_s(folder, 0) for folder in (self._folder / ".jobs").glob("*"))

    def _tasks(self) -> Iterator[JobTask]:
        own = [each for each in read_jobs(self._logs) if each.folder.parent == self._folder / ".jobs"]
        return job_tasks(own) if own else iter(())

    def _wait(self, record: JobRecord, message: str) -> float | None:
        with StopSignals() as signals:
            out().print(message.format(_name(record)), markup=False)
            signals.doing = f"the training in job {_name(record)}"
            try:
                (task,) = wait(record, self._claim.check)
            except Stopped as stopped:
                goes_on = f"{signals.doing} goes on; the same command waits for it again"
                raise Stopped(goes_on, stopped.exit) from stopped
        try:
            value: float | None = outcome(task)
        except JobFailed:
            self._journal.note("job", f"{_name(record)}: {task.state} ({task.reason})")
            raise
        return value


def _name(record: JobRecord) -> str | None:
    return record.id if record.launcher == "slurm" else record.name


def root_config(cfg: TrainConfig, reason: str, num_nodes: int) -> str:
    """Return a root configuration of `raasid train`, as YAML: the same training, complete, for a job.

    It has no trigger to ask first. reason: of the version. num_nodes: of the job; a configuration that asks
    Slurm for them was composed outside of it.
    """
    trainer = cfg.trainer.model_copy(update={"num_nodes": num_nodes})
    own = {"trainer": trainer, "reason": reason, "trigger": None, "deploy": None}
    plain = cfg.model_copy(update=own).recorded() | {"hydra": _HYDRA}
    text: str = OmegaConf.to_yaml(OmegaConf.create(_literal(plain)))
    return text


def _literal(value: Any) -> Any:
    """Return plain values in which no text is an interpolation."""
    if isinstance(value, dict):
        return {key: _literal(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_literal(inner) for inner in value]
    return re.sub(r"(\\*)\$\{", r"\1\1\\${", value) if isinstance(value, str) else value
