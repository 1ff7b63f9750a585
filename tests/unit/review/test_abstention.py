from __future__ import annotations

from dataclasses import replace

import pytest
from staged_play import TOUCHED, UNTOUCHED, ball, person, play

from raasid.footage.records import Clip, Frame, Provenance
from raasid.laws.decide import decide
from raasid.models.context.module import ContextPrediction
from raasid.review.abstention import (
    Deflection,
    caveats,
    clip_abstention_reasons,
    low_confidence_reasons,
    no_window_reason,
    window_abstention_reasons,
)
from raasid.review.arm_distance import ArmDistance, measure_arm_distance
from raasid.review.options import ReviewOptions
from raasid.review.video_source import VideoSource
from raasid.tracks.track_arrays import clip_tracks

DEFLECTED, STRAIGHT = Deflection(1.2, 0.05), Deflection(0.25, 0.05)


def measure(frames: list[Frame]) -> ArmDistance:
    return measure_arm_distance(clip_tracks(Clip("clip", tuple(frames), Provenance("test"))))


def predict(offence: float) -> ContextPrediction:
    facts = TOUCHED if offence >= 0.5 else UNTOUCHED
    return ContextPrediction(
        clip="clip",
        facts={},
        most_likely=facts,
        ruling=decide(facts, "ifab_2025_26"),
        offence=offence,
        abstained=False,
    )


def reasons_against(
    frames: list[Frame], offence: float = 0.95, deflection: Deflection | None = DEFLECTED
) -> list[str]:
    return list(window_abstention_reasons(measure(frames), predict(offence), 10, deflection, ReviewOptions()))


def test_a_clear_touch_gives_no_reason_to_abstain() -> None:
    assert reasons_against(play()) == []


@pytest.mark.parametrize(("frames", "start"), [(1, "1 frame shows"), (4, "4 frames show"), (5, None)])
def test_too_few_frames_are_a_reason_to_abstain(frames: int, start: str | None) -> None:
    reasons = list(clip_abstention_reasons(measure(play(frames)), ReviewOptions()))
    assert [reason.startswith(start or "?") for reason in reasons] == ([True] if start else [])


def test_a_rarely_visible_ball_is_a_reason_to_abstain() -> None:
    frames = play()
    for at in range(20):
        if not 8 <= at <= 12:
            frames[at] = replace(frames[at], balls=(replace(frames[at].balls[0], visibility=1),))
    assert reasons_against(frames) == ["the ball was seen in only 25% of the frames that decide"]
    assert list(clip_abstention_reasons(measure(frames), ReviewOptions())) == [
        "the ball was seen in only 25% of the frames"
    ]


def test_a_touch_at_an_interpolated_position_is_a_reason_to_abstain() -> None:
    frames = play()
    for at in range(8, 13):
        frames[at] = replace(frames[at], balls=(replace(frames[at].balls[0], visibility=1),))
    assert reasons_against(frames) == [
        "the ball is not seen when it is nearest to the arm; its position there is inferred"
    ]


def test_a_player_of_few_pixels_is_a_reason_to_abstain() -> None:
    tiny = person(x=110.0, top=45.0, tall=14.0)
    frames = [
        replace(frame, persons=(tiny,), balls=(replace(frame.balls[0], w=2.0, h=2.0),)) for frame in play()
    ]
    (reason,) = reasons_against(frames)
    assert reason.startswith("the player is too small: the arm is 5 pixels long, 8 are needed")


def test_small_players_are_a_reason_to_abstain_even_if_one_box_is_tall() -> None:
    """Two players behind each other may be found as one."""
    others = tuple(person(x=10.0 + 8 * n, top=10.0, tall=30.0, track=10 + n) for n in range(4))
    frames = [replace(frame, persons=(*frame.persons, *others)) for frame in play()]
    assert reasons_against(frames) == ["the players are too small: they are 30 pixels tall, 40 are needed"]


def test_an_arm_with_one_known_joint_is_a_reason_to_abstain() -> None:
    joints = list(person().keypoints)
    joints[7] = joints[9] = (0.0, 0.0, 0)
    joints[10] = (0.0, 0.0, 0)
    half = replace(person(), keypoints=tuple(joints))
    frames = play()
    frames[10] = replace(frames[10], persons=(half,))
    assert measure(frames).joints[10] == 2  # the other arm's upper half is nearer now
    frames[10] = replace(frames[10], persons=(replace(half, keypoints=()),))
    assert "the arm is not seen: fewer than two of shoulder, elbow and wrist were found" in reasons_against(
        frames
    )


def test_a_ball_that_is_too_large_is_a_reason_to_abstain_unless_only_blurred() -> None:
    frames = [replace(frame, balls=(replace(frame.balls[0], w=30.0, h=25.0),)) for frame in play()]
    reasons = reasons_against(frames)
    assert reasons == ["what was taken for the ball is too large for one: 0.35 of a player's height"]
    blurred = [replace(frame, balls=(replace(frame.balls[0], w=40.0),)) for frame in play()]
    assert reasons_against(blurred) == []


def test_a_low_confidence_is_a_reason_to_abstain() -> None:
    assert reasons_against(play(), 0.55) == []
    assert list(low_confidence_reasons(predict(0.95), ReviewOptions())) == []
    assert list(low_confidence_reasons(predict(0.55), ReviewOptions())) == [
        "both answers are likely: the probability of an offence is 0.55"
    ]


def test_an_offence_needs_a_deflected_ball_whatever_the_models_confidence() -> None:
    assert reasons_against(play(), 0.999, STRAIGHT) == [
        "the ball flies on as before: nothing shows that the arm touched it"
    ]
    assert len(reasons_against(play(), 0.999, None)) == 1
    assert reasons_against(play(), 0.01, STRAIGHT) == []


def test_an_offence_needs_a_ball_near_an_arm() -> None:
    frames = play(balls=(ball(112.0, 90.0),))
    assert reasons_against(frames) == ["the ball stays 1.5 arm lengths away from the arm"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"balls": ()}, "no ball was seen"),
        ({"persons": ()}, "no players were found"),
        ({"persons": (replace(person(), keypoints=()),)}, "no arm was seen in any frame that shows the ball"),
    ],
)
def test_a_clip_without_windows_has_a_reason(changed: dict[str, object], reason: str) -> None:
    assert no_window_reason(measure(play(**changed))) == reason


def test_weaknesses_of_the_footage_become_caveats() -> None:
    video = VideoSource(play(1)[0].image, "clip.mp4", 160, 120, 10.0, 60, 100, "")
    found = list(caveats(video, 3, 2))
    assert [text.split(":")[0].split(",")[0] for text in found] == [
        "the file is damaged",
        "at 10 frames a second a touch can fall between two frames",
        "the most suspicious of 3 moments decides",
        "2 more approaches of the ball to an arm were not judged; raise review.max_windows",
    ]
    intact = replace(video, frames=100, frame_rate_hz=25.0)
    assert list(caveats(intact, 1, 0)) == []
