from __future__ import annotations

from raasid.collect.options import Origin
from raasid.collect.source_discovery import Source

PATTERN = r"(?P<competition>[^/]+)/(?P<season>\d{4})/(?P<match>[^/]+)/cam(?P<camera>\d)"
PLACE = Source("/data/cup/2024/ajax-psv/cam2.mp4", "cam2.mp4")


def test_the_path_tells_what_the_pattern_names() -> None:
    told = Origin(path_pattern=PATTERN).provenance(PLACE, "nobody")
    assert (told.competition, told.season, told.match, told.camera) == ("cup", "2024", "ajax-psv", "2")


def test_what_is_configured_wins_over_the_path() -> None:
    told = Origin(path_pattern=PATTERN, season="2024/25").provenance(PLACE, "nobody")
    assert (told.season, told.match) == ("2024/25", "ajax-psv")


def test_without_a_word_the_match_is_the_files_stem_and_no_folder_shows() -> None:
    told = Origin().provenance(PLACE, "nobody")
    assert (told.match, told.source, told.reviewed) == ("cam2", "collect:cam2.mp4", False)
