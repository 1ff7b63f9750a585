from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from pose_scenes import league, people, person

from raasid.evaluation.pose.average_precision import Ranking, average_precision, average_recall
from raasid.evaluation.pose.matching import SIZES, GroundTruth, match_poses, oks, pairwise_oks
from raasid.footage.records import Person
from raasid.models.pose.poses import People

BINS = tuple(SIZES.values())


def reference(truths, predicted, max_people=20, bins=BINS):
    """(sizes, thresholds) precision and (sizes,) recall, by pycocotools itself."""
    annotations, results = [], []
    for image, (persons, found) in enumerate(zip(truths, predicted, strict=True)):
        truth = GroundTruth.from_persons(persons)
        for k in range(len(persons)):
            points = truth.keypoints[k]
            annotations.append(
                {
                    "id": len(annotations) + 1, "image_id": image, "category_id": 1,
                    "keypoints": points.ravel().tolist(), "num_keypoints": int((points[:, 2] > 0).sum()),
                    "bbox": truth.boxes[k].tolist(), "area": truth.area[k], "iscrowd": int(truth.crowd[k]),
                }
            )  # fmt: skip
        for points, score in zip(found.keypoints, found.score, strict=True):
            flat = points.astype(np.float64).ravel().tolist()
            results.append({"image_id": image, "category_id": 1, "keypoints": flat, "score": float(score)})
    coco = pytest.importorskip("pycocotools.coco")
    cocoeval = pytest.importorskip("pycocotools.cocoeval")
    gold = coco.COCO()
    images = [{"id": image} for image in range(len(truths))]
    gold.dataset = {"images": images, "annotations": annotations, "categories": [{"id": 1}]}
    gold.createIndex()
    judge = cocoeval.COCOeval(gold, gold.loadRes(results), "keypoints")
    judge.params.areaRng, judge.params.areaRngLbl = [list(b) for b in bins], list(SIZES)[: len(bins)]
    judge.params.maxDets = [max_people]
    judge.evaluate()
    judge.accumulate()
    precision, recall = judge.eval["precision"][:, :, 0, :, 0], judge.eval["recall"][:, 0, :, 0]
    return precision.mean(axis=1).T, recall.mean(axis=0)


def ours(truths, predicted, max_people=20, bins=BINS):
    matches = [
        match_poses(f, GroundTruth.from_persons(p), bins, max_people)
        for p, f in zip(truths, predicted, strict=True)
    ]
    rankings = [Ranking.build(matches, size) for size in range(len(bins))]
    precision = np.array([average_precision(ranking) for ranking in rankings])
    return np.nan_to_num(precision, nan=-1), np.nan_to_num([average_recall(r) for r in rankings], nan=-1)


def rows(file):
    return json.loads(file.read_text())


def read_coco(labels, predictions):
    truths = {image["id"]: [] for image in labels["images"]}
    predicted = {image["id"]: [] for image in labels["images"]}
    for a in labels["annotations"]:
        points = np.array(a["keypoints"], float).reshape(17, 3)
        points = tuple((x, y, int(v)) for x, y, v in points)
        one = Person(
            0, "player", tuple(a["bbox"]), keypoints=points, area=a["area"], crowd=bool(a["iscrowd"])
        )
        truths[a["image_id"]].append(one)
    for p in predictions:
        if p["image_id"] in predicted:
            predicted[p["image_id"]].append((p["score"], np.array(p["keypoints"]).reshape(17, 3)))
    found = [
        People(
            np.zeros((len(s), 4)),
            np.array([score for score, _ in s]),
            np.array([k for _, k in s]).reshape(-1, 17, 3),
        )
        for s in predicted.values()
    ]
    return list(truths.values()), found


def test_the_golden_case_has_the_values_of_pycocotools(shared):
    folder = shared / "data/formats/golden_oks"
    expected = rows(folder / "expected.json")
    truths, predicted = read_coco(
        rows(folder / "example_coco_val.json"), rows(folder / "example_coco_preds.json")
    )
    precision, recall = ours(truths, predicted)
    got = {
        "AP": precision[0].mean(), "AP50": precision[0, 0], "AP75": precision[0, 5],
        "AP_M": precision[2].mean(), "AP_L": precision[3].mean(),
        "AR": recall[0], "AR_M": recall[2], "AR_L": recall[3],
    }  # fmt: skip
    assert got == pytest.approx({name: expected[name] for name in got}, abs=1e-6)


def test_the_small_case_has_the_recorded_values_of_pycocotools(repo):
    case = rows(repo / "tests/fixtures/golden_oks.json")
    precision, recall = ours(*read_coco(case, case["predictions"]))
    got = {"AP": precision[0].mean(), "AP50": precision[0, 0], "AP75": precision[0, 5], "AR": recall[0]}
    got |= {f"AP_{size}": precision[k].mean() for k, size in enumerate("SML", start=1)}
    assert got == pytest.approx(case["expected"], abs=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_any_scene_has_the_values_of_pycocotools(seed, capsys):
    rng = np.random.default_rng(seed)
    truths, predicted = [], []
    for _ in range(10):
        persons, found = [], []
        for k in range(rng.integers(0, 5)):
            height = rng.uniform(20, 220)
            one = person(rng.uniform(0, 300), rng.uniform(0, 100), height, track=k)
            # doubles and people close by each other make the matching contest
            for _ in range(rng.integers(0, 3)):
                points = np.array(one.keypoints) + np.append(rng.normal(0, 0.05 * height, 2), 0)
                points[:, :2] += rng.normal(0, 0.02 * height, (17, 2))
                found.append(points)
            fate = rng.random()
            if fate < 0.15:
                one = replace(one, keypoints=())
            elif fate < 0.25:
                one = replace(one, crowd=True)
            elif fate < 0.5:
                hidden = rng.random(17) < 0.7
                one = replace(
                    one,
                    keypoints=tuple(
                        (x, y, 0 if h else v) for (x, y, v), h in zip(one.keypoints, hidden, strict=True)
                    ),
                )
            if rng.random() < 0.3:
                one = replace(one, area=0.5 * height**2)
            persons.append(one)
        truths.append(persons)
        scores = rng.choice(np.linspace(0.1, 0.9, 30), len(found))  # equal ones occur
        predicted.append(People(np.zeros((len(found), 4)), scores, np.array(found).reshape(-1, 17, 3)))
    for limit in (3, 20):
        theirs, mine = reference(truths, predicted, limit), ours(truths, predicted, limit)
        np.testing.assert_allclose(mine[0], theirs[0], atol=1e-9)
        np.testing.assert_allclose(mine[1], theirs[1], atol=1e-9)


def test_oks_of_a_joint_one_tolerance_away_is_the_root_of_e():
    true = np.array(person(height=80.0).keypoints)[None, :, :2]
    only_wrist = np.arange(17)[None] == 9
    area = np.array([1000.0])
    off = true + np.array([2 * 0.062 * math.sqrt(1000.0), 0.0])
    assert oks(off, true, only_wrist, area) == pytest.approx(math.exp(-0.5))
    assert np.isnan(oks(off, true, np.zeros((1, 17), bool), area))


def test_a_person_without_joints_matches_any_pose_within_twice_the_box():
    unlabelled = GroundTruth.from_persons([replace(person(200, 100, 40.0), keypoints=())])
    poses = np.array([np.array(person(x, 100, 40.0).keypoints)[:, :2] for x in (200, 215, 330)])
    alike = pairwise_oks(poses, unlabelled)[:, 0]
    assert alike[0] == 1.0
    assert alike[1] == 1.0
    assert alike[2] < 0.1


def test_finding_an_unlabelled_person_is_ignored():
    known, unknown = person(100), replace(person(300), keypoints=())
    found = people([known, person(300)], scores=[0.5, 0.9])
    assert average_precision(
        Ranking.build([match_poses(found, GroundTruth.from_persons([known, unknown]))])
    ).mean() == pytest.approx(1.0)


def test_a_pose_without_a_person_costs_precision_only_if_it_is_more_confident():
    someone, ghost = person(100), person(400)
    confident, unconfident = (
        average_precision(
            Ranking.build(
                [match_poses(people([someone, ghost], scores=s), GroundTruth.from_persons([someone]))]
            )
        )
        for s in ([0.5, 0.9], [0.9, 0.5])
    )
    assert unconfident.mean() == pytest.approx(1.0)
    assert confident.mean() == pytest.approx(0.5)


def test_without_targets_precision_is_undefined():
    ranking = Ranking.build([match_poses(people([person()]), GroundTruth.from_persons([]))])
    assert np.isnan(average_precision(ranking)).all()
    assert math.isnan(average_recall(ranking))


def test_without_predictions_precision_is_zero():
    ranking = Ranking.build([match_poses(People.empty(), GroundTruth.from_persons([person()]))])
    assert average_precision(ranking).tolist() == [0.0] * 10


def test_arm_ap_uses_the_joints_of_the_arms_alone():
    one = person()
    found = people([one])
    found.keypoints[0, 11:, :2] += 500.0  # legs anywhere
    truth = GroundTruth.from_persons([one]).with_joints((5, 6, 7, 8, 9, 10))
    assert average_precision(Ranking.build([match_poses(found, truth)])).mean() == pytest.approx(1.0)


def test_the_order_of_frames_makes_no_difference():
    refs, own, _ = league()
    matches = [
        match_poses(found, GroundTruth.from_persons(ref.frame.persons))
        for ref, found in zip(refs, own, strict=True)
    ]
    there, back = average_precision(Ranking.build(matches)), average_precision(Ranking.build(matches[::-1]))
    np.testing.assert_allclose(there, back)
