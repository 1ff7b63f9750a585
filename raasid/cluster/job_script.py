"""The text of a batch script: readable, complete, and the same for the same job.

Everything that the job runs with is in it: the resources, the commands of each task, and the folder with the
code of the moment of submission. Its exit status is that of the command. Exit status 75, or death by a signal
that the command was not yet able to handle, queues the job again; where it goes on is decided when it starts.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from raasid.cluster.options import SlurmOptions
from raasid.config.run_dir import quote_path


@dataclass(frozen=True, slots=True)
class Task:
    """One command of a job."""

    words: tuple[str, ...]
    """What follows `raasid`."""
    run_dir: Path
    """Where it writes; a checkpoint there continues it."""
    continues: bool = False
    """Whether the verb takes `ckpt_path`."""


def job_script(
    folder: Path, name: str, tasks: Sequence[Task], options: SlurmOptions, cwd: Path, python: str
) -> str:
    """Return the script. folder: of the job, absolute; python: the interpreter. cwd: where commands run."""
    start = options.python or shlex.quote(python)
    srun = ["srun", "--kill-on-bad-exit=1", *options.srun_args] if options.use_srun else []
    log = f"{folder}/%x-{'%A_%a' if len(tasks) > 1 else '%j'}"
    directives = [*options.directives(name, len(tasks)), _file_option("output", folder, f"{log}.out")]
    if not options.stderr_to_stdout:
        directives.append(_file_option("error", folder, f"{log}.err"))
    return "\n".join(
        [
            "#!/bin/bash",
            *(f"#SBATCH {directive}" for directive in directives),
            "",
            f"folder={shlex.quote(str(folder))}",
            f"max_requeues={options.max_num_timeout}",
            f"launch=({shlex.join(srun)})   # empty: without srun",
            "",
            "task=${SLURM_ARRAY_TASK_ID:-0}",
            "case $task in",
            *(line for number, task in enumerate(tasks) for line in _case(number, task)),
            "esac",
            _BEFORE,
            f"cd {shlex.quote(str(cwd))} || fail 1",
            *(f"{line} || fail $?   # setup" for line in options.setup),
            "",
            f'"${{launch[@]}}" {start} -m raasid "${{words[@]}}"',
            "code=$?",
            *options.teardown,
            _AFTER,
        ]
    )


def _file_option(name: str, folder: Path, pattern: str) -> str:
    """Return an option of sbatch for a file; in names of folders a percent sign stands for itself."""
    pattern = str(folder).replace("%", "%%") + pattern.removeprefix(str(folder))
    return f'--{name}="{pattern}"' if re.search(r"\s", pattern) else f"--{name}={pattern}"


CONFIG_DIR = "@config"
"""In the words of a task: the user's own YAML files in the snapshot."""


def _case(number: int, task: Task) -> list[str]:
    words = "\n    ".join(
        '"$folder/code/config"' if word == CONFIG_DIR else shlex.quote(word) for word in task.words
    )
    last = task.run_dir / "checkpoints" / "last.ckpt"
    resume = f"ckpt_path={quote_path(last)}" if task.continues else ""
    return [
        f"{number})",
        f"  run_dir={shlex.quote(str(task.run_dir))}",
        f"  resume={shlex.quote(resume)}",
        f"  words=(\n    {words}\n  )",
        "  ;;",
    ]


_BEFORE = """
export PYTHONPATH="$folder/code${PYTHONPATH:+:$PYTHONPATH}" PYTHONSAFEPATH=1
export OMP_NUM_THREADS="${SLURM_CPUS_PER_TASK:-${SLURM_CPUS_PER_GPU:-${OMP_NUM_THREADS:-1}}}"
export OPENCV_FOR_THREADS_NUM="$OMP_NUM_THREADS"
[ -z "${SLURM_CPUS_PER_TASK:-}" ] || export SRUN_CPUS_PER_TASK="$SLURM_CPUS_PER_TASK"  # else srun binds to 1
export RAASID_RESULT="$folder/state/$task.result"
restarts=${SLURM_RESTART_COUNT:-0}

# note EVENT TEXT: a file that appears complete; `raasid jobs` reads it, also where sacct is not available
note() {
  local draft="$folder/state/.$task.$1.$$"
  printf '%s\\n' "$2" >"$draft" && mv "$draft" "$folder/state/$task.$restarts.$1"
}
fail() { note end "$1 $(date +%s) setup"; exit "$1"; }

rm -f "$RAASID_RESULT"
note start "${SLURM_JOB_ID:-$$} $(date +%s) $(hostname)"
[ -z "$resume" ] || [ ! -e "$run_dir/checkpoints/last.ckpt" ] || words+=("$resume")"""

_AFTER = """
# By a signal: too early to handle it; or as one of several processes, if it says that it was preempted, and
# was not ended by srun because another one had failed.
case $code in
  138|140|143) [ "${SLURM_NTASKS:-1}" -gt 1 ] && ! grep -qs '"preempted"' "$RAASID_RESULT" || code=75 ;;
esac
if [ "$code" = 75 ] && [ "$restarts" -lt "$max_requeues" ] && [ -n "${SLURM_JOB_ID:-}" ] &&
   [ "$(squeue -h -j "$SLURM_JOB_ID" -o %T 2>/dev/null)" = RUNNING ]; then   # not a cancelled job
  note end "$code $(date +%s) requeued"
  scontrol requeue "$SLURM_JOB_ID" && sleep 60
fi
note end "$code $(date +%s)"
exit "$code"
"""
