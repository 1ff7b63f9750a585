"""Resources of a job, as `hydra.launcher` names them, and the `#SBATCH` lines that ask for them.

The keys are those of Hydra's submitit launcher, plus time, nodelist, exclusive, dependency, reservation,
mail_user, mail_type, wckey, teardown and max_gpus. Null leaves a choice to the cluster.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from omegaconf import OmegaConf
from pydantic import Field, StringConstraints, ValidationError

from raasid.config.error_messages import ConfigProblems, Problem, explain
from raasid.config.section import Section

Line = Annotated[str, StringConstraints(pattern=r"^[^\n\r\x00]*$")]
"""Text without a line break: it becomes part of one line of a script."""
Time = Annotated[str, StringConstraints(pattern=r"^([0-9]+-)?[0-9]+(:[0-9]{2}){0,2}$")]
_DIRECTIVES = (
    "partition",
    "account",
    "qos",
    "constraint",
    "exclude",
    "nodelist",
    "reservation",
    "gres",
    "cpus_per_task",
    "cpus_per_gpu",
    "gpus_per_node",
    "gpus_per_task",
    "mem_per_gpu",
    "mem_per_cpu",
    "comment",
    "wckey",
    "mail_user",
    "mail_type",
    "dependency",
)


class SlurmOptions(Section):
    """Section `hydra.launcher`."""

    name: Line | None = None
    """Of the job; null: the verb."""
    nodes: int = Field(1, ge=1)
    tasks_per_node: int | None = Field(1, ge=1)
    """Processes of a node; one for each GPU."""
    cpus_per_task: int | None = Field(None, ge=1)
    gpus_per_node: int | Line | None = None
    gpus_per_task: int | Line | None = None
    cpus_per_gpu: int | None = Field(None, ge=1)
    gres: Line | None = None
    mem_gb: float | None = Field(None, gt=0)
    """Memory of a node, in GiB."""
    mem_per_gpu: Line | None = None
    mem_per_cpu: Line | None = None
    time: Time | None = None
    """As Slurm writes it: minutes, H:MM:SS or D-HH:MM:SS."""
    timeout_min: int | None = Field(None, ge=1)
    """The same in minutes; `time` wins."""
    partition: Line | None = None
    account: Line | None = None
    qos: Line | None = None
    constraint: Line | None = None
    exclude: Line | None = None
    nodelist: Line | None = None
    reservation: Line | None = None
    exclusive: bool = False
    dependency: Line | None = None
    comment: Line | None = None
    wckey: Line | None = None
    mail_user: Line | None = None
    mail_type: Line | None = None
    signal_delay_s: int = Field(120, ge=0)
    """Seconds before the time limit at which the job saves a checkpoint and is queued again."""
    max_num_timeout: int = Field(100, ge=0)
    """How often a job may be queued again after it was preempted or reached its time limit."""
    array_parallelism: int = Field(256, ge=1)
    """Tasks of an array that may run at once."""
    max_gpus: int | None = Field(None, ge=1)
    """GPUs that the tasks of an array may hold at once; limits `array_parallelism`."""
    stderr_to_stdout: bool = True
    """Whether a job writes one log; false: errors go to a file of their own."""
    python: Line | None = None
    """Shell command that starts Python, such as a container call; null: the interpreter that submits."""
    setup: tuple[Line, ...] = ()
    """Lines of shell before the command; if one fails, the job fails."""
    teardown: tuple[Line, ...] = ()
    """Lines of shell after the command; the job's exit status remains that of the command."""
    use_srun: bool = True
    srun_args: tuple[Line, ...] = ()
    additional_parameters: Mapping[str, Any] = Field(default_factory=dict)
    """More options of sbatch, as {nice: 100}; they win over the others."""
    submitit_folder: Line | None = None
    """Accepted for compatibility; logs lie beside the run."""

    def cross_field_errors(self) -> Iterator[tuple[str, str]]:
        """Refuse names that are no options of sbatch."""
        for name in self.additional_parameters:
            if not re.fullmatch(r"[a-z][a-z0-9_-]*", name):
                yield "additional_parameters", f"'{name}' is no option of sbatch"
        if (limit_s := self.limit_s) is not None and limit_s <= self.signal_delay_s:
            yield (
                "signal_delay_s",
                f"is {self.signal_delay_s}, and the time limit {limit_s} s: the job would be queued again "
                "before it has begun; give it more time, or a shorter delay",
            )

    @property
    def limit_s(self) -> int | None:
        """Time limit in seconds; None: that of the partition."""
        if self.time is None:
            return None if self.timeout_min is None else 60 * self.timeout_min
        days, _, clock = self.time.rpartition("-")
        parts = [int(part) for part in clock.split(":")]
        # M, M:SS, H:MM:SS; after days H, H:MM, H:MM:SS
        weights = (3600, 60, 1) if days or len(parts) == 3 else (60, 1)
        return 86_400 * int(days or 0) + sum(
            part * weight for part, weight in zip(parts, weights, strict=False)
        )

    @property
    def tasks(self) -> int:
        """Processes of one job."""
        return self.nodes * (self.tasks_per_node or 1)

    @property
    def gpus(self) -> int:
        """GPUs of one job; 0 if none is asked for by number."""
        return _count(self.gpus_per_node) * self.nodes or _count(self.gpus_per_task) * self.tasks

    @property
    def parallelism(self) -> int:
        """Tasks of an array that may run at once, within the ceiling of GPUs."""
        if self.max_gpus is None:
            return self.array_parallelism
        return max(1, min(self.array_parallelism, self.max_gpus // (self.gpus or 1)))

    def directives(self, name: str, array: int = 1) -> list[str]:
        """Return the options of sbatch, without `#SBATCH`. array: number of tasks."""
        values: dict[str, Any] = {"job-name": self.name or name, "nodes": self.nodes}
        if self.tasks_per_node is not None:
            values["ntasks-per-node"] = self.tasks_per_node
        if array > 1:
            values["array"] = f"0-{array - 1}%{min(self.parallelism, array)}"
        for key in _DIRECTIVES:
            if (value := getattr(self, key)) is not None:
                values[key.replace("_", "-")] = value
        if self.mem_gb is not None:
            values["mem"] = f"{round(self.mem_gb * 1024)}M"
        if (limit := self.time or self.timeout_min) is not None:
            values["time"] = limit
        if self.exclusive:
            values["exclusive"] = True
        values |= {"signal": f"USR1@{self.signal_delay_s}", "requeue": True, "open-mode": "append"}
        values |= {key.replace("_", "-"): value for key, value in self.additional_parameters.items()}
        return [f"--{key}" if value is True else f"--{key}={value}" for key, value in values.items()]


def read_options(launcher: Mapping[str, Any]) -> SlurmOptions:
    """Return the options of a section `hydra.launcher`. Raises ConfigProblems."""
    plain: Any = OmegaConf.to_container(launcher, resolve=True) if OmegaConf.is_config(launcher) else launcher
    values = {key: value for key, value in plain.items() if key != "_target_"}
    for key, empty in (("setup", []), ("teardown", []), ("srun_args", []), ("additional_parameters", {})):
        values[key] = values.get(key) or empty
    if isinstance(values.get("time"), int):
        values["time"] = str(values["time"])
    try:
        options = SlurmOptions.model_validate(values)
    except ValidationError as error:
        problems = explain(error, SlurmOptions, ())
        raise ConfigProblems([_under_launcher(problem) for problem in problems]) from error
    if found := [Problem(f"hydra.launcher.{key}", text) for key, text in options.cross_field_errors()]:
        raise ConfigProblems(found)
    return options


def _under_launcher(problem: Problem) -> Problem:
    return Problem(f"hydra.launcher.{problem.path}", problem.message)


def _count(gpus: int | str | None) -> int:
    """Return the number in `4`, `a100:4` or `gpu:a100:4`; 0 where there is none."""
    found = re.search(r"\d+\Z", str(gpus)) if gpus is not None else None
    return int(found[0]) if found else 0
