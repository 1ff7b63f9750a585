"""Claims by real processes: one wins, a killed one is followed, an answered decision stays answered."""

from __future__ import annotations

import multiprocessing
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from retrainings import ended
from soak import rounds

from raasid.io.lease import LeaseHeld, LeaseLost
from raasid.triggers.claims import ClaimFinished, ClaimStore, RetrainingUnreadable
from raasid.triggers.decision_record import Decision
from raasid.triggers.futility_marks import AcknowledgementUnreadable, FutilityMarks

DECISION = Decision(
    model="pose_model",
    trigger="performance",
    champion="v20261101.1",
    verdict="fire",
    action="immediate",
    reason="mAP is below 0.95.",
)
DONE = ended(decision=DECISION.digest)
RIVAL = """
import sys
from pathlib import Path
from raasid.io.lease import LeaseHeld
from raasid.triggers.claims import ClaimFinished, ClaimStore
from raasid.triggers.decision_record import Decision
from raasid.triggers.retraining_history import Retraining
decision = Decision.from_bytes(bytes.fromhex(sys.argv[2]))
done = Retraining.model_validate_json(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
try:
    claim = ClaimStore(Path(sys.argv[1])).take(decision)
except LeaseHeld:
    print("held", flush=True)
except ClaimFinished:
    print("finished", flush=True)
else:
    print("won", flush=True)
    sys.stdin.readline()
    claim.finish(done)
"""


class Rival:
    """A process that claims `DECISION` when told to, and finishes when told again."""

    def __init__(self, folder: Path) -> None:
        arguments = [str(folder), DECISION.to_bytes().hex(), DONE.model_dump_json()]
        self.process = subprocess.Popen(
            [sys.executable, "-c", RIVAL, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.line() == "ready"

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def rivals(tmp_path: Path) -> Iterator[list[Rival]]:
    started = [Rival(tmp_path) for _ in range(4)]
    yield started
    for rival in started:
        rival.end()


def test_of_concurrent_processes_one_wins_and_after_it_none(rivals: list[Rival], tmp_path: Path) -> None:
    for rival in rivals:
        rival.go()
    answers = [rival.line() for rival in rivals]
    winner = rivals[answers.index("won")]
    assert sorted(answers) == ["held", "held", "held", "won"]

    winner.go()
    winner.process.wait()

    with pytest.raises(ClaimFinished, match=r"gave version v20261102\.1") as raised:
        ClaimStore(tmp_path).take(DECISION)
    assert raised.value.retraining == DONE
    assert ClaimStore(tmp_path).history() == [DONE]


def test_the_claim_of_a_killed_process_is_taken_over(rivals: list[Rival], tmp_path: Path) -> None:
    rivals[0].go()
    assert rivals[0].line() == "won"
    rivals[0].end()

    rivals[1].go()

    assert rivals[1].line() == "won"
    assert ClaimStore(tmp_path).history() == []


def _take_and_finish(folder: Path) -> None:
    with ClaimStore(folder).take(DECISION) as claim:
        claim.finish(DONE)


@pytest.mark.soak
def test_a_kill_at_any_moment_leaves_the_decision_open_or_answered(tmp_path: Path) -> None:
    rng = random.Random(1)
    ends = Counter()
    for k in range(rounds(40, 1000)):
        folder = tmp_path / str(k)
        process = multiprocessing.get_context("fork").Process(target=_take_and_finish, args=(folder,))
        process.start()
        time.sleep(rng.uniform(0, 0.02))
        process.kill()
        process.join()
        store = ClaimStore(folder)
        try:
            store.take(DECISION).release()
            ends["open"] += 1
            assert store.history() == []
        except ClaimFinished:
            ends["answered"] += 1
            assert store.history() == [DONE]
        left = {path.name for path in (folder / "pose_model").iterdir()}
        assert left <= {"lease", f"{DECISION.digest}.json"}
    assert len(ends) == 2


def test_a_released_claim_can_be_taken_again(tmp_path: Path) -> None:
    store = ClaimStore(tmp_path)

    with (
        store.take(DECISION),
        pytest.raises(LeaseHeld, match="the retraining of pose_model belongs to another"),
    ):
        store.take(DECISION)

    store.take(DECISION).release()


def test_a_model_is_retrained_once_at_a_time_whatever_the_decision(tmp_path: Path) -> None:
    store, other = ClaimStore(tmp_path), DECISION.model_copy(update={"reason": "Another one."})

    with store.take(DECISION) as claim:
        with pytest.raises(LeaseHeld):
            store.take(other)
        store.take(DECISION.model_copy(update={"model": "ball_model"})).release()
        claim.finish(DONE)

    store.take(other).release()
    with pytest.raises(ClaimFinished):
        store.take(DECISION)
    store.take(other).release()


def test_a_claim_that_was_taken_over_cannot_finish(tmp_path: Path) -> None:
    claim = ClaimStore(tmp_path).take(DECISION)
    (tmp_path / "pose_model/lease/000002.json").write_text("{}")

    with pytest.raises(LeaseLost):
        claim.finish(DONE)

    assert ClaimStore(tmp_path).find(DECISION) is None
    claim.release()


def test_a_retraining_for_another_decision_does_not_finish_a_claim(tmp_path: Path) -> None:
    with ClaimStore(tmp_path).take(DECISION) as claim, pytest.raises(ValueError, match="another decision"):
        claim.finish(ended())


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'{"a": NaN}', ended().model_dump_json().encode()])
def test_a_damaged_record_is_named_and_blocks(tmp_path: Path, data: bytes) -> None:
    store = ClaimStore(tmp_path)
    with store.take(DECISION) as claim:
        claim.finish(DONE)
    path = tmp_path / "pose_model" / f"{DECISION.digest}.json"
    path.write_bytes(data)

    for act in (store.history, lambda: store.take(DECISION)):
        with pytest.raises(RetrainingUnreadable, match=path.name):
            act()


def test_the_history_is_ordered_by_time(tmp_path: Path) -> None:
    store = ClaimStore(tmp_path)
    for reason, day in (("late", 9), ("early", 2)):
        decision = DECISION.model_copy(update={"reason": reason})
        with store.take(decision) as claim:
            claim.finish(ended(day, decision=decision.digest))

    assert [past.end.day for past in store.history("pose_model")] == [4, 11]
    assert store.history("ball_model") == []


def test_an_alert_is_marked_once_and_an_acknowledgement_is_kept(tmp_path: Path) -> None:
    marks = FutilityMarks(tmp_path)
    now = datetime(2026, 11, 30, 12, tzinfo=UTC)

    assert [marks.mark_alerted("pose_model", "a" * 64) for _ in range(3)] == [True, False, False]
    assert (marks.alerted("pose_model"), marks.alerted("ball_model")) == ({"a" * 64}, set())
    assert marks.acknowledged("pose_model") is None
    marks.acknowledge("pose_model", "someone", now)
    assert marks.acknowledged("pose_model") == now


def test_an_unreadable_acknowledgement_is_named(tmp_path: Path) -> None:
    marks = FutilityMarks(tmp_path)
    marks.acknowledge("pose_model", "someone", datetime(2026, 11, 30, tzinfo=UTC))
    (tmp_path / "pose_model/acknowledged.json").write_text("{}")

    with pytest.raises(AcknowledgementUnreadable, match=r"acknowledged\.json"):
        marks.acknowledged("pose_model")
