"""Options of a job: what they ask sbatch for, and what is refused."""

from __future__ import annotations

import pytest
from omegaconf import OmegaConf

from raasid.cluster.options import SlurmOptions, read_options
from raasid.config.error_messages import ConfigProblems


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"time": "1-12:00:00", "timeout_min": 30}, "--time=1-12:00:00"),
        ({"timeout_min": 30}, "--time=30"),
        ({"time": 90}, "--time=90"),
        ({"mem_gb": 1.5}, "--mem=1536M"),
        ({"gpus_per_node": "a100:4"}, "--gpus-per-node=a100:4"),
        ({"exclusive": True}, "--exclusive"),
        ({"name": "night"}, "--job-name=night"),
        ({"signal_delay_s": 30}, "--signal=USR1@30"),
        ({"additional_parameters": {"nice": 10}}, "--nice=10"),
        ({"additional_parameters": {"partition": "own"}, "partition": "gpu"}, "--partition=own"),
    ],
)
def test_an_option_becomes_a_line_of_the_script(options: dict[str, object], wanted: str) -> None:
    lines = read_options(options).directives("train")
    assert wanted in lines
    assert sum(line.partition("=")[0] == wanted.partition("=")[0] for line in lines) == 1


@pytest.mark.parametrize(
    ("options", "parallelism"),
    [
        ({"max_gpus": 8, "gpus_per_node": 2}, 4),
        ({"max_gpus": 8, "gpus_per_node": "a100:2", "nodes": 2}, 2),
        ({"max_gpus": 8, "gpus_per_task": 1, "tasks_per_node": 4}, 2),
        ({"max_gpus": 8, "gpus_per_node": 16}, 1),
        ({"max_gpus": 8, "array_parallelism": 3}, 3),
        ({"array_parallelism": 5}, 5),
    ],
)
def test_an_array_holds_no_more_gpus_than_its_ceiling(options: dict[str, object], parallelism: int) -> None:
    assert read_options(options).parallelism == parallelism
    assert f"--array=0-99%{parallelism}" in read_options(options).directives("train", array=100)


def test_a_single_job_is_no_array() -> None:
    assert not [line for line in SlurmOptions().directives("train") if "array" in line]


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"nodes": 0}, "hydra.launcher.nodes"),
        ({"time": "soon"}, "hydra.launcher.time"),
        ({"partition": "gpu\n#SBATCH --uid=0"}, "hydra.launcher.partition"),
        ({"setup": ["a\nb"]}, "hydra.launcher.setup[0]"),
        ({"additional_parameters": {"a b": 1}}, "hydra.launcher.additional_parameters"),
        ({"time": "1:30"}, "hydra.launcher.signal_delay_s"),
        ({"timeout_min": 2}, "hydra.launcher.signal_delay_s"),
        ({"partitoin": "gpu"}, "hydra.launcher.partitoin"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, object], path: str) -> None:
    with pytest.raises(ConfigProblems, match=r"hydra\.launcher") as error:
        read_options(OmegaConf.create(options))
    assert [problem.path for problem in error.value.problems] == [path]


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("90", 5400),
        ("5:30", 330),
        ("1:00:05", 3605),
        ("2-1", 176_400),
        ("1-0:30", 88_200),
        ("1-01:00:01", 90_001),
    ],
)
def test_a_time_is_read_as_slurm_reads_it(time: str, seconds: int) -> None:
    assert read_options({"time": time}).limit_s == seconds
