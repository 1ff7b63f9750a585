from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from staged_play import TOUCHED, UNTOUCHED, ball, person, play

from raasid.footage.records import Clip, Frame, Provenance
from raasid.laws.decide import decide
from raasid.models.context.module import ClipJudgement
from raasid.review.abstention import (
    Bend,
    Limits,
    nothing_to_judge,
    of_clip,
    of_window,
    to_keep_in_mind,
    undecided,
)
from raasid.review.arm_distance import Reach, reach_of
from raasid.review.video_source import Film
from raasid.tracks.track_arrays import tracks_of

BENT, STRAIGHT = Bend(1.2, 0.05), Bend(0.25, 0.05)


def reach(frames: list[Frame]) -> Reach:
    return reach_of(tracks_of(Clip("clip", tuple(frames), Provenance("test"))))


def said(offence: float) -> ClipJudgement:
    facts = TOUCHED if offence >= 0.5 else UNTOUCHED
    return ClipJudgement(
        clip="clip",
        facts={},
        likeliest=facts,
        ruling=decide(facts, "ifab_2025_26"),
        offence=offence,
        abstained=False,
    )


def against(frames: list[Frame], offence: float = 0.95, bend: Bend | None = BENT) -> list[str]:
    return list(of_window(reach(frames), said(offence), 10, bend, Limits()))


def test_a_touch_in_plain_sight_stands() -> None:
    assert against(play()) == []


@pytest.mark.parametrize(("frames", "told"), [(1, "1 frame shows"), (4, "4 frames show"), (5, None)])
def test_a_few_frames_show_no_motion(frames: int, told: str | None) -> None:
    reasons = list(of_clip(reach(play(frames)), Limits()))
    assert [reason.startswith(told or "?") for reason in reasons] == ([True] if told else [])


def test_a_ball_that_is_hardly_seen_decides_nothing() -> None:
    frames = play()
    for at in range(20):
        if not 8 <= at <= 12:
            frames[at] = replace(frames[at], balls=(replace(frames[at].balls[0], visibility=1),))
    assert against(frames) == ["the ball was seen in only 25% of the frames that decide"]
    assert list(of_clip(reach(frames), Limits())) == ["the ball was seen in only 25% of the frames"]


def test_a_touch_at_an_inferred_place_decides_nothing() -> None:
    frames = play()
    for at in range(8, 13):
        frames[at] = replace(frames[at], balls=(replace(frames[at].balls[0], visibility=1),))
    assert against(frames) == [
        "the ball is not seen when it is nearest to the arm; its place there is inferred"
    ]


def test_a_player_of_few_pixels_decides_nothing() -> None:
    tiny = person(x=110.0, top=45.0, tall=14.0)
    frames = [
        replace(frame, persons=(tiny,), balls=(replace(frame.balls[0], w=2.0, h=2.0),)) for frame in play()
    ]
    (reason,) = against(frames)
    assert reason.startswith("the player is too small: the arm is 5 pixels long, 8 are needed")


def test_players_from_afar_decide_nothing_though_one_seems_tall() -> None:
    """Two who stand behind each other are found as one."""
    others = tuple(person(x=10.0 + 8 * n, top=10.0, tall=30.0, track=10 + n) for n in range(4))
    frames = [replace(frame, persons=(*frame.persons, *others)) for frame in play()]
    assert against(frames) == ["the players are too small: they are 30 pixels tall, 40 are needed"]


def test_an_arm_of_which_one_joint_is_known_decides_nothing() -> None:
    joints = list(person().keypoints)
    joints[7] = joints[9] = (0.0, 0.0, 0)
    joints[10] = (0.0, 0.0, 0)
    half = replace(person(), keypoints=tuple(joints))
    frames = play()
    frames[10] = replace(frames[10], persons=(half,))
    joints_of = reach(frames)
    assert joints_of.joints[10] == 2  # the other arm's upper half is nearer now
    frames[10] = replace(frames[10], persons=(replace(half, keypoints=()),))
    assert "the arm is not seen: fewer than two of shoulder, elbow and wrist were found" in against(frames)


def test_a_shirt_that_was_taken_for_the_ball_decides_nothing() -> None:
    frames = [replace(frame, balls=(replace(frame.balls[0], w=30.0, h=25.0),)) for frame in play()]
    reasons = against(frames)
    assert reasons == ["what was taken for the ball is too large for one: 0.35 of a player's height"]
    blurred = [replace(frame, balls=(replace(frame.balls[0], w=40.0),)) for frame in play()]
    assert against(blurred) == []


def test_a_probability_in_the_middle_decides_nothing() -> None:
    assert against(play(), 0.55) == []
    assert list(undecided(said(0.95), Limits())) == []
    assert list(undecided(said(0.55), Limits())) == [
        "both answers are likely: the probability of an offence is 0.55"
    ]


def test_a_ball_that_flies_on_is_no_offence_however_sure_the_model() -> None:
    assert against(play(), 0.999, STRAIGHT) == [
        "the ball flies on as before: nothing shows that the arm touched it"
    ]
    assert len(against(play(), 0.999, None)) == 1
    assert against(play(), 0.01, STRAIGHT) == []


def test_a_ball_that_stays_away_from_every_arm_is_no_offence() -> None:
    frames = play(balls=(ball(112.0, 90.0),))
    assert against(frames) == ["the ball stays 1.5 arm lengths away from the arm"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"balls": ()}, "no ball was seen"),
        ({"persons": ()}, "no players were found"),
        ({"persons": (replace(person(), keypoints=()),)}, "no arm was seen in any frame that shows the ball"),
    ],
)
def test_why_there_is_nothing_to_judge(changed: dict[str, object], told: str) -> None:
    assert nothing_to_judge(reach(play(**changed))) == told


def test_limits_of_the_footage_are_told() -> None:
    film = Film(play(1)[0].image, "clip.mp4", 160, 120, 10.0, 60, 100, "")
    told = list(to_keep_in_mind(film, 3, 2))
    assert [text.split(":")[0].split(",")[0] for text in told] == [
        "the file is damaged",
        "at 10 frames a second a touch can fall between two frames",
        "the most suspicious of 3 moments decides",
        "2 more approaches of the ball to an arm were not judged; raise review.windows",
    ]
    whole = replace(film, frames=100, frame_rate_hz=25.0)
    assert list(to_keep_in_mind(whole, 1, 0)) == []
    assert np.isfinite(whole.frame_rate_hz)
