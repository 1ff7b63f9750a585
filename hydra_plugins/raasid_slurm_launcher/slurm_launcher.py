"""`hydra/launcher=slurm` and `slurm_local`: registers the launchers of `raasid.cluster` with Hydra.

Hydra imports this module at the start of every command: it imports nothing that is heavy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn, configure_log
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

if TYPE_CHECKING:
    from raasid.cluster.job_record import LauncherName

_OPTIONS: dict[str, Any] = {
    "name": None,
    "nodes": 1,
    "tasks_per_node": 1,
    "time": None,
    "timeout_min": None,
    "array_parallelism": 256,
    "max_gpus": None,
    "signal_delay_s": 120,
    "max_num_timeout": 100,
    "stderr_to_stdout": True,
    "use_srun": True,
    "exclusive": False,
    "setup": [],
    "teardown": [],
    "srun_args": [],
    "additional_parameters": None,
}
_NULL = (
    "account comment constraint cpus_per_gpu cpus_per_task dependency exclude gpus_per_node gpus_per_task "
    "gres mail_type mail_user mem_gb mem_per_cpu mem_per_gpu nodelist partition python qos reservation "
    "submitit_folder wckey"
)


class SlurmLauncher(Launcher):
    """Runs the jobs of `-m` as one array; see `raasid.cluster.options.SlurmOptions` for the options."""

    name: ClassVar[LauncherName] = "slurm"

    def __init__(self, **options: Any) -> None:
        self._setup: tuple[DictConfig, HydraContext, TaskFunction] | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what the launch needs."""
        self._setup = config, hydra_context, task_function

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Submit, wait, and return the results."""
        from raasid.cluster.launcher import launch

        assert self._setup is not None
        config, context, task_function = self._setup
        configure_log(config.hydra.hydra_logging, config.hydra.verbose)
        return launch(self.name, context, config, task_function, job_overrides, initial_job_idx)


class SlurmLocalLauncher(SlurmLauncher):
    """The same without a cluster: jobs are processes of this machine."""

    name: ClassVar[LauncherName] = "slurm_local"


def _register() -> None:
    store = ConfigStore.instance()
    for kind in (SlurmLauncher, SlurmLocalLauncher):
        options = {**_OPTIONS, **dict.fromkeys(_NULL.split())}
        node = {"_target_": f"{__name__}.{kind.__name__}", **options}
        store.store(group="hydra/launcher", name=kind.name, node=node)


_register()
