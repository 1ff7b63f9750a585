from __future__ import annotations

from dataclasses import replace

from staged_play import person, play

from raasid.footage.records import Frame
from raasid.review.perceived_frames import Continuation


def frame(*persons: tuple[float, int, str]) -> Frame:
    found = tuple(replace(person(x=x, track=track), team=team) for x, track, team in persons)
    return replace(play(1)[0], persons=found)


def test_the_same_place_keeps_number_and_team() -> None:
    before = frame((20, 4, "red"), (60, 7, "blue"), (120, 9, "blue"))
    join = Continuation(before, 12).join
    now = join(frame((62, 0, "red"), (21, 1, "blue"), (122, 2, "red")))
    assert {p.track: (p.team, p.box[0] + 12) for p in now.persons} == {
        7: ("blue", 62.0),
        4: ("red", 21.0),
        9: ("blue", 122.0),
    }


def test_who_is_new_gets_a_number_that_nobody_had() -> None:
    join = Continuation(frame((20, 4, "red")), 12).join
    join(frame((20, 0, "red")))
    later = join(frame((20, 0, "red"), (110, 4, "blue")))
    assert [p.track for p in later.persons] == [4, 12]
    assert [p.track for p in join(frame((110, 4, "blue"))).persons] == [12]


def test_after_an_empty_frame_everybody_is_new() -> None:
    join = Continuation(frame(), 5).join
    assert [p.track for p in join(frame((20, 0, "red"), (90, 1, "red"))).persons] == [5, 6]


def test_two_teams_never_become_one() -> None:
    join = Continuation(frame((20, 1, "red")), 5).join
    now = join(frame((20, 0, "blue"), (120, 1, "red")))
    assert len({p.team for p in now.persons}) == 2
