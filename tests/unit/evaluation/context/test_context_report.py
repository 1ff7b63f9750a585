from __future__ import annotations

import dataclasses
import re

import cv2
import numpy as np
import pytest
from report_elements import Elements

from raasid.datasets.context.sample_meta import ClipRef
from raasid.evaluation.context.report import PAGE
from raasid.evaluation.context.result import evaluate_context
from raasid.evaluation.report_page import write_report
from raasid.footage.records import Ball, Clip, Frame, Person, Provenance, Visibility
from raasid.laws.decide import decide
from raasid.laws.facts import Facts
from raasid.models.context.module import ContextPrediction

PLAIN = {
    "segment": "hand", "goalkeeper": False, "in_own_area": True, "deliberate": False, "bigger": False,
    "justified": False, "above_shoulder": False, "own_deflection": False, "own_play": False,
    "close_range": False, "falling_support": False, "scored": "no", "chance": "no", "team_mate": "no",
    "denied": "nothing",
}  # fmt: skip
OFFENCE, NONE = Facts(**{**PLAIN, "deliberate": True}), Facts(**PLAIN)


def clip(name: str, folder) -> Clip:
    """Five frames: a ball that flies past a standing player; the fourth position is inferred."""
    image = folder / f"{name[:1]}.jpg"
    cv2.imwrite(str(image), np.full((180, 320, 3), (60, 140, 60), np.uint8))
    joints = tuple((100.0 + i, 40.0 + 5 * i, 2) for i in range(17))
    person = Person(3, "player", (90, 30, 40, 90), keypoints=joints)
    frames = tuple(
        Frame(
            i,
            image,
            320,
            180,
            (Ball(60.0 + 20 * i, 50.0, 8, 8, Visibility.HIDDEN if i == 3 else Visibility.CLEAR),),
            (person,),
        )
        for i in range(5)
    )
    return Clip(name, frames, Provenance("test"))


def predicted(
    name: str, facts: Facts, offence: float, at: int | None = 2, abstained: bool = False
) -> ContextPrediction:
    return ContextPrediction(
        clip=name,
        facts={"deliberate": {True: offence, False: 1 - offence}},
        most_likely=facts,
        ruling=decide(facts, "ifab_2025_26"),
        offence=offence,
        abstained=abstained,
        contact_frame=at,
    )


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """Two right, an offence called none, none called an offence; and all right on annotated tracks."""
    folder = tmp_path_factory.mktemp("frames")
    truths = {"seen <1>": OFFENCE, "calm": NONE, "missed": OFFENCE, "ghost": NONE}
    refs = [
        ClipRef(name, f"m{i}", truth, "predicted", ("scenario_tucked",), contact=1)
        for i, (name, truth) in enumerate(truths.items())
    ]
    predictions = [
        predicted("seen <1>", OFFENCE, 0.9),
        predicted("calm", NONE, 0.1, at=None),
        predicted("missed", NONE, 0.2, abstained=True),
        predicted("ghost", OFFENCE, 0.8),
    ]
    refs += [dataclasses.replace(ref, source="truth") for ref in refs]
    predictions += [predicted(name, truth, float(truth is OFFENCE)) for name, truth in truths.items()]
    return evaluate_context(refs, predictions, clips={name: clip(name, folder) for name in truths})


@pytest.fixture
def write(tmp_path, result):
    def page(changed=result):
        options = {"metrics_csv": None, "config_yaml": "", "left_out": [], "facts": {}}
        return write_report(PAGE, tmp_path, "Context <1>", changed, **options).read_text()

    return page


def figures(page: str) -> dict[str, str]:
    found = re.findall(r"<figure><svg.*?<figcaption><b>(.*?)</b>.*?</figure>", page, re.S)
    parts = re.findall(r"<figure><svg.*?</figure>", page, re.S)
    return dict(zip(found, [part for part in parts if "<figcaption>" in part], strict=True))


def test_the_context_report_is_self_contained(write):
    elements = Elements(write())
    assert elements.open == []
    assert elements.addresses
    assert all(address.startswith("data:image/jpeg;base64,") for address in elements.addresses)


def test_the_answer_comes_first_and_names_tracks_and_edition(write):
    page = write()
    order = [
        "50.0 %</b> of the clips correctly (Laws of the Game 2025/26), on predicted tracks",
        "75 %</b> on which it does not abstain",
        "Errors",
        "Calibration",
        "Facts",
        "Where it is weak",
        "accuracy_truth_tracks",
    ]
    positions = [page.index(text) for text in order]
    assert positions == sorted(positions)


def test_errors_are_drawn_with_the_balls_path_and_both_touches(write):
    page = write()
    drawn = figures(page)
    assert set(drawn) == {"ghost", "missed"}
    for name, figure in drawn.items():
        assert figure.count("<image ") == 2, name  # the frame, and its part enlarged
        assert figure.count("<polyline") == 2 * 2  # halo and line, in both views
        assert figure.count('r="1.6"') == 2 * 5  # a dot for each frame
        assert figure.count('fill="#1b1f24"/>') == 2  # the interpolated one
        assert figure.count('r="7"') == 2 * 2  # the annotated touch
    assert "deliberate true, annotated false" in drawn["ghost"]
    assert "abstained" in drawn["missed"]


def test_without_images_the_tracks_are_drawn_alone(write, result, tmp_path):
    gone = {
        name: dataclasses.replace(
            each,
            frames=tuple(dataclasses.replace(frame, image=tmp_path / "gone.jpg") for frame in each.frames),
        )
        for name, each in result.clips.items()
    }
    drawn = figures(write(dataclasses.replace(result, clips=gone)))
    assert set(drawn) == {"ghost", "missed"}
    assert all("<polyline" in figure for figure in drawn.values())


def test_without_clips_the_errors_are_listed(write, result):
    page = write(dataclasses.replace(result, clips={}))
    assert figures(page) == {}
    assert "<li><b>ghost</b>" in page


def test_abstentions_have_their_own_column(write):
    rows = re.findall(r"<tr><td>(offence|no offence)</td>(.*?)</tr>", write())
    counts = {truth: re.findall(r">(\d+)<", cells) for truth, cells in rows}
    assert counts == {"offence": ["1", "0", "1"], "no offence": ["1", "1", "0"]}
