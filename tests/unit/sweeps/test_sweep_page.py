"""The page of a sweep: whatever the trials are, it says what is known, and draws what can be drawn."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.study import Study, StudyDirection
from optuna.trial import TrialState, create_trial

from raasid.sweeps.sweep_page import write_page
from raasid.sweeps.trial_queue import LOG, REASON, RETRY_OF, RUN_DIR, TrialQueue

SPACE: Mapping[str, BaseDistribution] = {
    "optimizer.lr": FloatDistribution(1e-5, 1, log=True),
    "model.channels": IntDistribution(8, 32),
    "optimizer": CategoricalDistribution(("adam", "sgd", None)),
}
DONE, PRUNED, FAIL = TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL
OVERVIEW = ["How the search went", "Learning curves", "What mattered", "Parameters of each trial"]


@pytest.fixture
def study() -> Study:
    return optuna.create_study(study_name="ball-0a1b2c", direction="maximize")


def add(study: Study, state: TrialState, values: Sequence[float] | None = None, /, **more: Any) -> None:
    """Add a trial; `more`: parameters, reports and attributes instead of those of its number."""
    n = len(study.trials)
    params = {"optimizer.lr": 10 ** -(1 + n % 4), "model.channels": 8 + n, "optimizer": ("adam", None)[n % 2]}
    params = more.get("params", params)
    study.add_trial(
        create_trial(
            state=state,
            values=values,
            params=params,
            distributions={key: SPACE[key] for key in params},
            intermediate_values=more.get("reports", {}),
            user_attrs=more.get("attrs", {}),
        )
    )


def page_of(study: Study, folder: Path, metric: str | None = None) -> str:
    progress = TrialQueue(study, folder / "leases").progress()
    return write_page(study, progress, folder, metric).read_text()


def headings(page: str) -> list[str]:
    return re.findall("<h2>(.*?)</h2>", page)


def words(page: str) -> str:
    """The text of a page, without its style and tags."""
    return " ".join(re.sub("<[^>]*>", " ", page.partition("</style>")[2]).split())


def test_the_best_is_told_in_words_with_the_command_to_train_with_it(study: Study, tmp_path: Path) -> None:
    for value in (0.5, 0.9, 0.75):
        add(study, DONE, [value])
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment/best.yaml").touch()
    said = words(page_of(study, tmp_path, "val/detection_rate"))
    assert (
        "The best is trial 1 with val/detection_rate 0.9 (higher is better): lr = 0.01, channels = 9" in said
    )
    assert f"python train.py --config-dir {tmp_path} experiment=best" in said
    assert "3 trials: 3 finished, 0 pruned early, 0 failed." in said


def test_every_chart_is_drawn_with_pruned_and_failed_trials_and_nothing_is_loaded(
    study: Study, tmp_path: Path
) -> None:
    for i in range(12):
        add(study, DONE, [0.5 + i / 100], reports={10: 0.2, 20: 0.4 + i / 100})
    add(study, PRUNED, [0.1], reports={10: 0.1})
    add(study, FAIL)
    page = page_of(study, tmp_path)
    assert headings(page) == [*OVERVIEW, "Key by key", "Trials"]
    assert page.count("data:image/svg+xml") == 4 + 3
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    history = b64decode(re.findall(r"svg\+xml;base64,([^\"]*)", page)[0]).decode()
    for name in ("finished", "pruned", "failed", "best so far"):
        assert f"<!-- {name} -->" in history


def test_what_mattered_is_about_the_best_trials_whatever_the_direction(tmp_path: Path) -> None:
    shares = []
    for direction, sign in ((StudyDirection.MAXIMIZE, 1), (StudyDirection.MINIMIZE, -1)):
        study = optuna.create_study(direction=direction)
        for n in range(40):  # the best depend on the rate, the worst on the channels
            lr, channels = 10 ** -(1 + n % 4), 8 + n % 20
            value = 10.0 if lr == 0.1 else -float(channels == 8)
            params = {"optimizer.lr": lr, "model.channels": channels}
            add(study, DONE, [sign * value + n / 1e4], params=params)
        chart = b64decode(re.findall(r"svg\+xml;base64,([^\"]*)", page_of(study, tmp_path))[1]).decode()
        shares.append(re.findall("<!-- (lr|channels|[0-9]+%) -->", chart))
    assert shares[0] == shares[1]
    assert shares[0][:2] == ["channels", "lr"], "the most important one is on top"


def test_the_same_study_gives_the_same_bytes(study: Study, tmp_path: Path) -> None:
    for i in range(3):
        add(study, DONE, [i / 10], reports={1: 0.1})
    assert page_of(study, tmp_path) == page_of(study, tmp_path)


def equal(study: Study) -> None:
    for _ in range(3):
        add(study, DONE, [0.5], params={"optimizer.lr": 0.1})


def infinite(study: Study) -> None:
    for value in (float("inf"), 0.5, 0.75):
        add(study, DONE, [value])


def one_parameter(study: Study) -> None:
    for n in range(3):
        add(study, DONE, [n], params={"model.channels": 8 + n})


def conditional(study: Study) -> None:
    for n in range(6):
        add(study, DONE, [n], params={"optimizer.lr": 0.1**n} | ({"model.channels": 8 + n} if n % 2 else {}))


@pytest.mark.parametrize(
    ("fill", "said", "charts"),
    [
        (lambda study: None, "No trial has finished yet.", []),
        (lambda study: add(study, FAIL), "No trial has finished yet.", []),
        (lambda study: add(study, PRUNED, [0.5]), "No trial has finished yet.", OVERVIEW[:1]),
        (lambda study: add(study, DONE, [0.5]), "need two finished trials", OVERVIEW[:1]),
        (equal, "0.5 (higher is better): lr = 0.1. 2 other trials did as well.", OVERVIEW[:1]),
        (infinite, "The best is trial 0 with value inf", [*OVERVIEW[:1], *OVERVIEW[2:]]),
        (one_parameter, "What mattered cannot be told", [OVERVIEW[0], OVERVIEW[3]]),
        (conditional, "The best is trial 5", [OVERVIEW[0], OVERVIEW[3]]),
    ],
)
def test_too_few_trials_give_a_sentence_and_the_charts_that_can_be(
    study: Study, tmp_path: Path, fill: Any, said: str, charts: list[str]
) -> None:
    fill(study)
    page = page_of(study, tmp_path)
    assert said in words(page)
    assert [title for title in headings(page) if title in OVERVIEW] == charts


def test_trials_are_listed_the_best_first_with_reason_time_and_files(study: Study, tmp_path: Path) -> None:
    (tmp_path / "3 a").mkdir()
    (tmp_path / "3.log").touch()
    add(study, FAIL, attrs={REASON: "no <such> camera\nTraceback", LOG: "/nowhere/0.log"})
    add(study, PRUNED, [0.4], reports={50: 0.4})
    add(study, DONE, [0.6])
    add(study, DONE, [0.9], attrs={RUN_DIR: str(tmp_path / "3 a"), LOG: str(tmp_path / "3.log")})
    add(study, PRUNED, [0.5], reports={70: 0.5}, attrs={RETRY_OF: 0})
    page = page_of(study, tmp_path)
    rows = re.findall(r'<tr[^>]*><td class="right">(\d+)</td><td>(.*?)</td>', page)
    assert rows == [
        ("3", "0.9"),
        ("2", "0.6"),
        ("4", "pruned at step 70, with 0.5"),
        ("1", "pruned at step 50, with 0.4"),
        ("0", "failed: no &lt;such&gt; camera; tried again as trial 4"),
    ]
    assert page.count('<tr class="whole">') == 1
    assert re.findall('<a href="(.*?)"', page) == ["3%20a", "3.log"]


def test_several_values_have_a_front_and_no_best(tmp_path: Path) -> None:
    study = optuna.create_study(directions=["maximize", "minimize"])
    for a, b in ((1, 1), (2, 2), (1, 2), (3, 9), (0, 5)):
        add(study, DONE, [a, b])
    page = page_of(study, tmp_path)
    answer = "3 trials are on the Pareto front of value 0 (higher is better), value 1 (lower is better)"
    assert answer in words(page)
    assert re.findall(r'<td class="right">(\d+)</td>', page) == ["3", "1", "0", "2", "4"]
    expected = ["Pareto front", "What mattered for value 0", "What mattered for value 1", OVERVIEW[3]]
    assert headings(page) == [*expected, "Key by key", "Trials"]
    assert page.count("data:image/svg+xml") == 4 + 2 * 3


def test_a_thousand_trials_are_a_page_of_a_few_megabytes(study: Study, tmp_path: Path) -> None:
    study.add_trials(
        create_trial(
            value=n % 97 / 97,
            params={"optimizer.lr": 1e-5 * (n + 1), "model.channels": 8 + n % 24},
            distributions={key: SPACE[key] for key in ("optimizer.lr", "model.channels")},
            intermediate_values=dict.fromkeys(range(20), n % 97 / 97),
        )
        for n in range(1000)
    )
    assert len(page_of(study, tmp_path)) < 4e6
