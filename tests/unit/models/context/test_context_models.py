"""Context models: training, predictions, abstention."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from made_touches import blind, empty, touch

from raasid.datasets.context.batch import ContextBatch, collate
from raasid.datasets.context.dataset import LabelledTracks, WindowDataset, find_touched_box
from raasid.datasets.context.sample_meta import ClipRef
from raasid.footage.records import Clip, Event
from raasid.laws.decide import decide
from raasid.laws.facts import Facts, fact_values, read_facts
from raasid.models.context.baselines import ContextGeometry, ContextMajority, NoTrainingLabels
from raasid.models.context.calibration import Calibration, ValidationOutputs, min_confidence_for_risk
from raasid.models.context.features import INPUTS, WIDTHS, extract_features
from raasid.models.context.losses import context_losses
from raasid.models.context.net import FACT_SIZES, Logits
from raasid.models.context.offence import most_likely_facts, offence_probability
from raasid.models.context.transformer import ContextTransformer
from raasid.tracks.track_arrays import clip_tracks

EDITION = "ifab_2025_26"
CLIPS = [
    touch("out"),
    touch("tucked", arm_out=False),
    touch("missed", hits=False),
    touch("left", x=340.0),
    touch("near", hits=False, x=280.0),
]


def batch_of(clips: list[Clip], frames: int = 16, players: int = 2) -> ContextBatch:
    tracked = [LabelledTracks(clip_tracks(clip), ClipRef.of(clip), find_touched_box(clip)) for clip in clips]
    data = WindowDataset(tracked, frames, players, EDITION)
    return collate([data[i] for i in range(len(data))], EDITION)


def one_hot(facts: Facts) -> torch.Tensor:
    values = [
        float(value == getattr(facts, name)) if getattr(facts, name) is not None else 1 / len(values)
        for name, values in fact_values().items()
        for value in values
    ]
    return torch.tensor(values)


def small(**options: object) -> ContextTransformer:
    torch.manual_seed(0)
    return ContextTransformer(frames=16, players=2, width=16, layers=1, heads=2, dropout=0.0, **options)  # type: ignore[arg-type]


def trained(model: ContextTransformer, batch: ContextBatch, steps: int = 120) -> ContextTransformer:
    step = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(steps):
        step.zero_grad()
        torch.stack(
            list(context_losses(model(batch.windows), batch, model.weights).values())
        ).sum().backward()
        step.step()
    return model.eval()


@pytest.fixture(scope="module")
def learned() -> ContextTransformer:
    """A model fitted to CLIPS; tests that change it take a copy."""
    return trained(small(), batch_of(CLIPS))


@pytest.mark.parametrize("edition", ["ifab_2018_19", "ifab_2020_21", "ifab_2025_26"])
def test_certain_facts_give_the_decision_of_the_edition(edition: str) -> None:
    for clip in CLIPS:
        facts = read_facts(clip.facts)
        chance = float(offence_probability(one_hot(facts), edition))
        assert chance == pytest.approx(float(decide(facts, edition).decision == "offence"), abs=1e-6)


def test_the_offence_probability_is_the_sum_over_combinations_of_facts() -> None:
    facts = replace(read_facts(touch().facts), segment=None, bigger=None)
    chances = one_hot(facts)
    arm = 3 / 12  # hand, forearm, upper arm, of twelve segments
    assert float(offence_probability(chances, EDITION)) == pytest.approx(arm / 2, abs=1e-6)


@pytest.mark.parametrize("inputs", INPUTS)
def test_features_have_the_declared_width_and_are_finite(inputs: str) -> None:
    for clip in (touch(), blind(touch()), empty(touch()), touch(frames=2)):
        described = extract_features(batch_of([clip]).windows, inputs)  # type: ignore[arg-type]
        assert described.values.shape[-1] == WIDTHS[inputs]  # type: ignore[index]
        assert torch.isfinite(described.values).all()


def test_features_do_not_depend_on_the_camera() -> None:
    from raasid.datasets.context.dataset import scale_tracks

    near, far = (
        extract_features(
            collate(
                [
                    WindowDataset(
                        [LabelledTracks(scale_tracks(clip_tracks(touch()), factor), ClipRef.of(touch()))],
                        16,
                        2,
                        EDITION,
                    )[0]
                ],
                EDITION,
            ).windows,
            "pose",
        ).values
        for factor in (1.0, 0.5)
    )
    assert torch.allclose(near, far, atol=0.01)


def test_inputs_outside_the_ablation_do_not_change_the_prediction() -> None:
    batch = batch_of([touch()])
    no_ball = batch.windows._replace(ball=batch.windows.ball * 0)
    no_people = batch.windows._replace(joints=batch.windows.joints * 0, boxes=batch.windows.boxes * 0)
    pose, ball = small(inputs="pose").eval(), small(inputs="ball").eval()
    assert torch.equal(pose(batch.windows).facts, pose(no_ball).facts)
    assert torch.equal(ball(batch.windows).facts, ball(no_people).facts)
    both = small().eval()
    assert not torch.equal(both(batch.windows).facts, both(no_ball).facts)


def test_it_learns_contact_player_side_and_decision_of_some_clips(
    learned: ContextTransformer,
) -> None:
    judgements = learned.predict_clips(
        [clip_tracks(clip) for clip in CLIPS], [clip.id for clip in CLIPS], EDITION
    )
    assert [j.ruling.decision for j in judgements] == [
        "offence",
        "no_offence",
        "no_offence",
        "offence",
        "no_offence",
    ]
    assert [j.contact_track for j in judgements] == [4, 4, None, 4, None]
    assert [j.contact_frame for j in judgements] == [10, 10, None, 10, None]
    assert [j.side for j in judgements] == ["left", "left", "none", "left", "none"]
    for judgement in judgements:
        assert (judgement.offence >= 0.5) == (judgement.ruling.decision == "offence")
        for name, chances in judgement.facts.items():
            assert sum(chances.values()) == pytest.approx(1, abs=1e-4), name
    # a single touch has the same decision in a long clip as in a short one
    assert (
        learned.predict_clips([clip_tracks(touch("long", frames=60))], ["long"], EDITION)[0].ruling.decision
        == "offence"
    )


def test_an_edition_changes_the_ruling_without_training(learned: ContextTransformer) -> None:
    tracks = [clip_tracks(touch())]
    assert learned.predict_clips(tracks, ["a"], "ifab_2025_26")[0].ruling.decision == "offence"
    assert learned.predict_clips(tracks, ["a"], "ifab_2018_19")[0].ruling.decision == "no_offence"


def validation_outputs(model: ContextTransformer, batch: ContextBatch) -> ValidationOutputs:
    with torch.no_grad():
        logits = model.eval()(batch.windows)
    return ValidationOutputs(logits, batch.facts, tuple(ref.facts for ref in batch.refs))


def test_facts_that_never_varied_in_training_are_not_predicted() -> None:
    model = small()
    model.set_label_counts(read_facts(clip.facts) for clip in CLIPS)
    judgement = model.predict_clips([clip_tracks(touch())], ["a"], EDITION)[0]
    assert set(judgement.facts) == {"segment", "bigger", "justified"}
    # the evaluated clips differ from the training clips
    model.set_label_counts([read_facts(touch().facts)])
    assert set(model.predict_clips([clip_tracks(touch())], ["a"], EDITION)[0].facts) == set(judgement.facts)


def test_evaluation_on_other_clips_keeps_the_label_counts_of_the_training() -> None:
    model = small()
    model.set_label_counts(read_facts(clip.facts) for clip in CLIPS)
    model.set_label_counts([])  # footage without a training split
    judgement = model.predict_clips([clip_tracks(touch())], ["a"], EDITION)[0]
    assert set(judgement.facts) == {"segment", "bigger", "justified"}
    # the evaluated clips differ from the training clips
    model.set_label_counts([read_facts(touch().facts)])
    assert set(model.predict_clips([clip_tracks(touch())], ["a"], EDITION)[0].facts) == set(judgement.facts)


def test_without_ball_or_players_it_abstains_and_says_why() -> None:
    model = small()
    for clip, why in ((blind(touch()), "the ball is seen in 0 of"), (empty(touch()), "nobody is near")):
        judgement = model.predict_clips([clip_tracks(clip)], [clip.id], EDITION)[0]
        assert judgement.abstained
        assert any(reason.startswith(why) for reason in judgement.reasons)


def test_an_out_of_distribution_clip_gets_the_priors_and_an_abstention(learned: ContextTransformer) -> None:
    model = deepcopy(learned)
    model.calibration = calibration = Calibration.fit(
        validation_outputs(model, batch_of(CLIPS)), EDITION, False, 0.05
    )
    tracks = [clip_tracks(touch())]
    known = model.predict_clips(tracks, ["a"], EDITION)[0]
    assert known.offence > 0.9
    assert known.contact_frame is not None
    far = replace(calibration.inputs, mean=[value + 5 for value in calibration.inputs.mean])
    model.calibration = replace(calibration, inputs=far)
    foreign = model.predict_clips(tracks, ["a"], EDITION)[0]
    assert foreign.abstained
    assert any("unlike" in reason for reason in foreign.reasons)
    # the net's output is ignored: probabilities are the priors, and no contact is predicted
    assert foreign.offence == pytest.approx(calibration.offence_priors[EDITION])
    first = slice(0, FACT_SIZES[0])
    assert list(foreign.facts["segment"].values()) == pytest.approx(calibration.fact_priors[first])
    assert (foreign.contact_frame, foreign.contact_track, foreign.side) == (None, None, "none")


def test_the_most_likely_facts_agree_with_the_decision() -> None:
    chances = {
        "segment": {"hand": 0.45, "none": 0.55}
        | dict.fromkeys(fact_values()["segment"], 0.0)
        | {"hand": 0.45, "none": 0.55},
        "deliberate": {True: 0.9, False: 0.1},
        "in_own_area": {True: 0.55, False: 0.45},
        "goalkeeper": {True: 0.01, False: 0.99},
    }
    facts, ruling, _ = most_likely_facts(chances, True, EDITION)  # type: ignore[arg-type]
    assert (facts.segment, facts.deliberate, ruling.decision) == ("hand", True, "offence")
    assert (facts.in_own_area, ruling.restart) == (None, None)
    facts, ruling, _ = most_likely_facts(chances, False, EDITION)  # type: ignore[arg-type]
    assert (facts.segment, ruling.decision) == ("none", "no_offence")


def test_calibration_lowers_overconfidence_and_is_stored_in_the_checkpoint() -> None:
    generator = torch.Generator().manual_seed(1)
    count = 400
    truth = torch.rand(count, generator=generator) < 0.7
    # predicts 0.98 for a fact that is true in seven of ten cases
    logits = torch.zeros(count, 1, sum(FACT_SIZES))
    logits[:, 0, 0] = 4.0
    logits[:, 0, 1:12] = -200.0
    logits[:, 0, 11] = 0.0
    annotated = tuple(
        replace(read_facts(touch().facts), segment="hand" if hit else "none") for hit in truth.tolist()
    )
    from raasid.datasets.context.batch import fact_indices

    outputs = ValidationOutputs(
        Logits(
            torch.zeros(count, 3), torch.zeros(count, 3), logits, torch.zeros(count, 1), torch.zeros(count),
            torch.randn(count, 4, generator=generator), torch.zeros(count, 4), torch.zeros(count, 0),
        ),
        torch.stack([torch.from_numpy(fact_indices(facts)) for facts in annotated]),
        annotated,
    )  # fmt: skip
    fit = Calibration.fit(outputs, EDITION, direct=False, target_risk=0.05)
    chances = fit.fact_probabilities(outputs.logits, torch.ones(count))
    assert float(chances[0, 0]) == pytest.approx(float(truth.float().mean()), abs=0.03)
    model = small()
    model.calibration = fit
    kept: dict[str, object] = {}
    model.on_save_checkpoint(kept)
    other = small()
    other.on_load_checkpoint(kept)
    assert other.calibration == fit


def test_answers_above_the_minimum_confidence_keep_to_the_risk() -> None:
    confidence = torch.linspace(0.5, 1.0, 200)
    right = torch.rand(200, generator=torch.Generator().manual_seed(0)) < confidence
    needed = min_confidence_for_risk(confidence, right, 0.1)
    answered = confidence >= needed
    assert 0.5 < needed < 1.0
    assert float((~right[answered]).float().mean()) <= 0.1
    assert min_confidence_for_risk(torch.ones(100), torch.ones(100, dtype=torch.bool), 0.05) == 0.5
    assert min_confidence_for_risk(torch.zeros(0), torch.zeros(0, dtype=torch.bool), 0.05) == 0.5


def test_geometry_predicts_contact_and_angle_of_the_arm_alone() -> None:
    rule = ContextGeometry(frames=16, players=2)
    judgements = rule.predict_clips([clip_tracks(clip) for clip in CLIPS[:3]], ["a", "b", "c"], EDITION)
    assert [j.most_likely.segment for j in judgements[:2]] == ["forearm", "forearm"]
    assert [j.most_likely.bigger for j in judgements[:2]] == [True, False]
    assert [j.ruling.decision for j in judgements[:2]] == ["offence", "no_offence"]
    # it has no depth: a ball that overlaps the arm in the image is taken for a touch
    assert judgements[2].ruling.decision == "offence"
    assert rule.predict_clips([clip_tracks(blind(touch()))], ["d"], EDITION)[0].abstained


@pytest.mark.parametrize("side", ["left", "right"])
def test_geometry_has_one_threshold_for_both_arms(side: str) -> None:
    from raasid.datasets.context.dataset import mirror_tracks

    tracks = clip_tracks(touch())
    tracks = tracks if side == "left" else mirror_tracks(tracks)
    judgement = ContextGeometry(frames=16, players=2).predict_clips([tracks], ["a"], EDITION)[0]
    assert (judgement.side, judgement.ruling.decision) == (side, "offence")


def test_the_majority_baseline_predicts_the_most_frequent_decision() -> None:
    model = ContextMajority()
    with pytest.raises(NoTrainingLabels):
        model.predict_clips([clip_tracks(touch())], ["a"], EDITION)
    model.set_label_counts(read_facts(clip.facts) for clip in CLIPS)
    judgement = model.predict_clips([clip_tracks(touch())], ["a"], EDITION)[0]
    assert (judgement.offence, judgement.ruling.decision) == (pytest.approx(0.4), "no_offence")


def incident(name: str, action: str, severity: float | None) -> Clip:
    """An incident as the MVFoul reader gives it: no touch, an event, labels in the facts, two cameras."""
    clip = touch(name, hits=False, arm_out=severity is None)
    facts = {"action_class": action, "handball": False, "offence": "offence" if severity else "no_offence"}
    return replace(
        clip,
        facts=facts | ({"severity": severity} if severity else {}),
        events=(Event(7, "foul"),),
    )


def test_labels_of_mvfoul_are_learned_and_give_the_leaderboards_value() -> None:
    from raasid.evaluation.context.result import evaluate_context

    clips = [
        incident("train/action_0/clip_0", "tackling", 3.0),
        incident("train/action_0/clip_1", "tackling", 3.0),
        incident("train/action_1/clip_0", "holding", None),
    ]
    batch = batch_of(clips)
    assert batch.incident.tolist() == [[0, 2, 0], [0, 2, 0], [3, 0, 0]]
    assert batch.offence.tolist() == [0, 0, 0], "no handball is no handball offence"
    assert [ref.moment for ref in batch.refs] == [7, 7, 7]
    model = trained(small(labels="mvfoul"), batch)
    judgements = model.predict_windows(batch.sources, [clip.id for clip in clips], EDITION)
    assert max(judgements[0].incident["severity"], key=lambda k: judgements[0].incident["severity"][k]) == "3"
    result = evaluate_context(batch.refs, judgements, "truth")
    assert result["leaderboard_value"].value == pytest.approx(100)
    assert result["leaderboard_value"].n == 2
    assert "action_class" not in context_losses(small()(batch.windows), batch, model.weights)


@pytest.mark.parametrize(
    ("far", "why"), [(0.1, "pixels tall"), (1.0, "")], ids=["from the last row", "from near"]
)
def test_it_abstains_for_a_player_too_small_to_have_arms(far: float, why: str) -> None:
    from raasid.datasets.context.dataset import scale_tracks

    judgement = small().predict_clips([scale_tracks(clip_tracks(touch()), far)], ["a"], EDITION)[0]
    assert any("pixels tall" in reason for reason in judgement.reasons) == bool(why)


def test_it_abstains_if_the_ball_comes_near_no_player() -> None:
    clip = touch()
    away = replace(
        clip, frames=tuple(replace(f, balls=(replace(f.balls[0], x=620, y=20),)) for f in clip.frames)
    )
    judgement = small().predict_clips([clip_tracks(away)], ["a"], EDITION)[0]
    assert judgement.abstained
    assert any("comes no nearer" in reason for reason in judgement.reasons)


def test_a_confident_offence_in_a_long_clip_outranks_an_unusable_window() -> None:
    class FixedPredictions(ContextMajority):
        def predict_windows(self, windows, clips, edition):  # type: ignore[no-untyped-def]
            judgements = super().predict_windows(windows, clips, edition)
            offence = [0.9, 0.99, *[0.1] * len(judgements)]
            abstained = [False, True, *[False] * len(judgements)]
            return [
                replace(j, offence=p, abstained=a, details={"usable": 0.0})
                for j, p, a in zip(judgements, offence, abstained, strict=False)
            ]

    model = FixedPredictions()
    model.set_label_counts(read_facts(clip.facts) for clip in CLIPS)
    long = replace(
        touch(frames=200), frames=touch("a", frames=100).frames + tuple(
            replace(f, index=f.index + 100) for f in touch("b", frames=100).frames
        ),
    )  # fmt: skip
    assert model.predict_clips([clip_tracks(long)], ["long"], EDITION)[0].offence == 0.9
