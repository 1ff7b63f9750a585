from __future__ import annotations

from dataclasses import replace

from staged_play import person, play

from raasid.footage.records import Frame
from raasid.review.perceived_frames import TrackStitcher


def frame(*persons: tuple[float, int, str]) -> Frame:
    found = tuple(replace(person(x=x, track=track), team=team) for x, track, team in persons)
    return replace(play(1)[0], persons=found)


def test_persons_keep_track_and_team() -> None:
    before = frame((20, 4, "red"), (60, 7, "blue"), (120, 9, "blue"))
    stitch = TrackStitcher(before, 12).stitch
    now = stitch(frame((62, 0, "red"), (21, 1, "blue"), (122, 2, "red")))
    assert {p.track: (p.team, p.box[0] + 12) for p in now.persons} == {
        7: ("blue", 62.0),
        4: ("red", 21.0),
        9: ("blue", 122.0),
    }


def test_a_new_person_gets_an_unused_track() -> None:
    stitch = TrackStitcher(frame((20, 4, "red")), 12).stitch
    stitch(frame((20, 0, "red")))
    later = stitch(frame((20, 0, "red"), (110, 4, "blue")))
    assert [p.track for p in later.persons] == [4, 12]
    assert [p.track for p in stitch(frame((110, 4, "blue"))).persons] == [12]


def test_after_an_empty_frame_every_person_is_new() -> None:
    stitch = TrackStitcher(frame(), 5).stitch
    assert [p.track for p in stitch(frame((20, 0, "red"), (90, 1, "red"))).persons] == [5, 6]


def test_two_teams_never_become_one() -> None:
    stitch = TrackStitcher(frame((20, 1, "red")), 5).stitch
    now = stitch(frame((20, 0, "blue"), (120, 1, "red")))
    assert len({p.team for p in now.persons}) == 2
