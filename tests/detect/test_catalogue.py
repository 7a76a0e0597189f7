"""docs/detectors.md is what the code says."""
from pathlib import Path

from webapp.detect.alert import Kind
from webapp.detect.catalogue import DETECTORS, page

WRITTEN_BY_PEOPLE = {Kind.COUNTERFEIT}  # an investigator's word: no statistic may say it


def test_the_page_of_the_detectors_is_up_to_date(root: Path) -> None:
    assert (root / "docs" / "detectors.md").read_text("utf-8") == page()


def test_every_kind_of_alert_has_its_detector() -> None:
    assert {kind for detector in DETECTORS for kind in detector.kinds} == set(Kind) - WRITTEN_BY_PEOPLE
