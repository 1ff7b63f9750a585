"""`raasid registry sync` with wandb's own client: to a small server, without one, to a faulty one, killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from in_process import call_raasid
from wandb_http import serving
from wandb_server import KEY, WandbServer

from raasid.registry.fsck import fsck
from raasid.registry.outbox import Outbox, RunRef
from raasid.registry.records import MetricValue
from raasid.registry.registry import Registry
from raasid.wandb_tracking.enqueue import queue_version

NAME = "ball_model"
CHECKPOINT = "cd" * 32
DATA = "ab" * 32
QUEUED = 9
"""Run, data, model, link; run, the same data, model, link; one alias change that sync detects."""


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """Two versions, the second built on the first; the first is champion."""
    registry = Registry(tmp_path / "registry", author="tester")
    for number, inputs in ((1, {}), (2, {"init_from": {"path": "x.ckpt", "sha256": CHECKPOINT}})):
        version = registry.register(
            NAME,
            {"card.json": b'{"build": %d}' % number, "notes.md": b"# Build %d\n" % number},
            config={"seed": number},
            metrics={"detection_rate": MetricValue(value=0.5, low=0.4, high=0.6)},
            lineage={
                "data": {"labels_sha256": DATA},
                "inputs": inputs,
                "outputs": {"checkpoint": {"path": "best.ckpt", "sha256": CHECKPOINT}} if number == 1 else {},
            },
            reason=f"build {number}",
        )
        run = RunRef(id=f"run{number}", project="raasid")
        queue_version(Outbox(registry), NAME, version, run, "model", "test")
    registry.set_alias(NAME, "champion", registry.versions(NAME).names()[0], "better")
    return registry


@pytest.fixture
def server() -> Iterator[WandbServer]:
    with serving(WandbServer()) as server:
        yield server


def start_sync(registry: Registry, url: str) -> subprocess.Popen[str]:
    """Start a sync as a process, because wandb's client and its service live as long as a process."""
    patient = Path(__file__).with_name("patient_raasid.py")
    return subprocess.Popen(
        [sys.executable, str(patient), "registry", "sync", "--registry", str(registry.root)],
        env={**os.environ, **online(registry, url)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def online(registry: Registry, url: str) -> dict[str, str]:
    known = {"WANDB_MODE": "online", "WANDB_API_KEY": KEY, "WANDB_BASE_URL": url}
    return {**known, "NETRC": str(registry.root / "none")}


def run_sync(registry: Registry, url: str) -> tuple[int, str]:
    """Exit status and all output."""
    process = start_sync(registry, url)
    stdout, stderr = process.communicate()
    return process.returncode, stdout + stderr


def call_sync(registry: Registry, env: Mapping[str, str]) -> tuple[int, str]:
    """The same in this process, where wandb is not needed."""
    done = call_raasid("registry", "sync", "--registry", registry.root, env=env)
    return done.returncode, done.stdout + done.stderr


def aliases_of(artifact: Mapping[str, Any]) -> set[str]:
    return set(artifact["aliases"])


def assert_everything_arrived(registry: Registry, server: WandbServer) -> None:
    first, second = (str(version) for version in registry.versions(NAME).names())
    data, one, two = server.artifacts
    assert [a["type"] for a in (data, one, two)] == ["dataset", "model", "model"]
    assert aliases_of(one) == {first, "champion"}
    assert aliases_of(two) == {second, "latest"}
    assert {a["state"] for a in server.artifacts} == {"COMMITTED"}
    assert (one["run"], two["run"]) == ("run1", "run2")
    assert {*server.uses} == {("run1", "ball_data"), ("run2", "ball_data"), ("run2", NAME)}
    linked = server.links[f"league/wandb-registry-model/{NAME}"]
    assert {alias: a["id"] for alias, a in linked.items()} == {
        first: one["id"],
        second: two["id"],
        "champion": one["id"],
    }
    for run, seed in (("run1", 1), ("run2", 2)):
        assert server.runs[run]["config"]["seed"] == {"value": seed}
        assert server.runs[run]["summary"]["detection_rate"] == 0.5
        assert server.runs[run]["summary"]["detection_rate_high"] == 0.6
    for version, artifact in ((first, one), (second, two)):
        found = registry.resolve(NAME, version)
        for member in registry.versions(NAME).manifest(found).files:
            assert server.uploads[f"/s/{artifact['id']}/{member}"] == registry.read(NAME, found, member)
        assert json.loads(artifact["metadata"])["metrics"]["detection_rate"]["low"] == 0.4
    assert Outbox(registry).sent == Outbox(registry).queued == QUEUED
    assert fsck(registry) == []


def test_everything_arrives_and_a_second_sync_sends_nothing(registry: Registry, server: WandbServer) -> None:
    status, output = run_sync(registry, server.url)
    assert status == 0, output
    assert_everything_arrived(registry, server)
    before = len(server.operations)
    status, output = call_sync(registry, online(registry, server.url))
    assert (status, output.strip()) == (0, "everything is in W&B already")
    assert len(server.operations) == before


def test_a_moved_alias_moves_in_wandb_too(registry: Registry, server: WandbServer) -> None:
    assert run_sync(registry, server.url)[0] == 0
    _, second = registry.versions(NAME).names()
    registry.set_alias(NAME, "champion", second, "better still")
    status, output = run_sync(registry, server.url)
    assert (status, f"alias {NAME}:champion to {second}: sent" in output) == (0, True), output
    one, two = server.artifacts[1:]
    assert ("champion" in one["aliases"], "champion" in two["aliases"]) == (False, True)
    registry.set_alias(NAME, "champion", None, "withdrawn")
    status, output = run_sync(registry, server.url)
    assert status == 0, output
    assert "champion" not in [*one["aliases"], *two["aliases"]]


def closed_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.mark.parametrize(
    ("ill", "expected"),
    [
        ("refuse", "answers HTTP 500"),
        ("hang", "does not answer"),
        ("key", "refuses the key (HTTP 401)"),
        ("page", "does not answer as W&B does"),
        ("no network", "no network to"),
        ("no key", "no key for"),
        ("told not to", "WANDB_MODE=offline forbids it"),
    ],
)
def test_an_unreachable_wandb_is_reported_in_seconds_and_nothing_is_lost(
    ill: str, expected: str, registry: Registry
) -> None:
    with serving(WandbServer(ill)) as server:  # one that hangs does so until the end of this block
        env = online(registry, closed_port() if ill == "no network" else server.url)
        if ill == "no key":
            del env["WANDB_API_KEY"]
        if ill == "told not to":
            env["WANDB_MODE"] = "offline"
        status, output = call_sync(registry, env)
    assert (status, f"would send {QUEUED} to W&B" in output, expected in output) == (1, True, True), output
    assert "Traceback" not in output
    assert (Outbox(registry).sent, Outbox(registry).queued) == (0, QUEUED)
    assert fsck(registry) == []


@pytest.mark.parametrize("arrives", [False, True], ids=["lost", "arrived"])
@pytest.mark.parametrize("operation", ["UpsertBucket", "CommitArtifact"])
def test_a_sync_killed_at_any_step_resumes_without_duplicates(
    operation: str, arrives: bool, registry: Registry, server: WandbServer
) -> None:
    process = start_sync(registry, server.url)

    def kill(received: str) -> bool:
        if received != operation or process.poll() is not None:
            return True
        os.killpg(process.pid, signal.SIGKILL)
        return arrives

    server.on_operation = kill
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert Outbox(registry).sent < QUEUED
    assert fsck(registry) == []
    server.on_operation = lambda received: True
    status, output = run_sync(registry, server.url)
    assert status == 0, output
    assert_everything_arrived(registry, server)


def test_a_server_failure_halfway_is_reported_and_the_rest_stays_queued(
    registry: Registry, server: WandbServer
) -> None:
    server.broken, server.broken_status = "LinkArtifact", 400
    status, output = run_sync(registry, server.url)
    assert (status, "W&B did not take it" in output) == (1, True), output
    assert "Traceback" not in output
    assert Outbox(registry).sent == 3
    server.broken = ""
    assert run_sync(registry, server.url)[0] == 0
    assert_everything_arrived(registry, server)


OFFLINE = """
import sys, wandb
folder, loss, step = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
run = wandb.init(project="raasid", id="run1", dir=folder, resume="allow", mode="offline")
run.log({"train/loss": loss}, step=step)
run.finish()
"""


def test_the_curves_of_a_run_that_was_resumed_offline_arrive_in_order_and_once(
    tmp_path: Path, server: WandbServer
) -> None:
    for step, loss in enumerate(("0.5", "0.25")):
        words = [sys.executable, "-c", OFFLINE, str(tmp_path / "run"), loss, str(step)]
        subprocess.run([*words], check=True, env={**os.environ, "WANDB_DATA_DIR": str(tmp_path / "staged")})
    registry = Registry(tmp_path / "registry", author="tester")
    version = registry.register(
        NAME, {"card.json": b"{}"}, metrics={"detection_rate": MetricValue(value=0.5)}
    )
    run = RunRef(id="run1", project="raasid")
    queue_version(Outbox(registry), NAME, version, run, None, "test", tmp_path / "run" / "wandb")
    server.broken = "CreateArtifact"
    assert run_sync(registry, server.url)[0] == 1
    server.broken = ""
    assert run_sync(registry, server.url)[0] == 0
    assert [point["train/loss"] for point in server.runs["run1"]["history"]] == [0.5, 0.25]
    assert len(Outbox(registry).answers()[0].answer["curves"]) == 2
    assert server.runs["run1"]["summary"]["detection_rate"] == 0.5
