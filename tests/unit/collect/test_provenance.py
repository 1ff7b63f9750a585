from __future__ import annotations

from raasid.collect.options import CollectOptions
from raasid.collect.source_discovery import Source

PATTERN = r"(?P<competition>[^/]+)/(?P<season>\d{4})/(?P<match>[^/]+)/cam(?P<camera>\d)"
SOURCE = Source("/data/cup/2024/ajax-psv/cam2.mp4", "cam2.mp4")


def test_the_pattern_reads_provenance_from_the_path() -> None:
    found = SOURCE.provenance(CollectOptions(path_pattern=PATTERN), "none")
    assert (found.competition, found.season, found.match, found.camera) == ("cup", "2024", "ajax-psv", "2")


def test_configured_values_override_the_path() -> None:
    found = SOURCE.provenance(CollectOptions(path_pattern=PATTERN, season="2024/25"), "none")
    assert (found.season, found.match) == ("2024/25", "ajax-psv")


def test_the_default_match_is_the_files_stem_and_no_folder_is_disclosed() -> None:
    found = SOURCE.provenance(CollectOptions(), "none")
    assert (found.match, found.source, found.reviewed) == ("cam2", "collect:cam2.mp4", False)
