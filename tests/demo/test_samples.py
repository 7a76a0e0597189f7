"""Codes that are none of ours look right and are found out; the typing slip has its correction."""
import pytest

from webapp.demo.forgery import forge
from webapp.demo.samples import sample_codes
from webapp.keys import create_keys
from webapp.verify.code import BadCode, Code, code_of, nearest, read_code
from webapp.verify.verdict import Verdict


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return create_keys(tmp_path_factory.mktemp("keys") / "keys.json", demo=True).codes


def test_one_code_a_verdict_worst_first(keys):
    serials = {verdict: (1 << 45) + number for number, verdict in enumerate(Verdict)}
    codes = sample_codes({verdict: serial for verdict, serial in serials.items()
                          if verdict not in (Verdict.UNKNOWN, Verdict.MALFORMED)}, 1 << 45 | 99, keys)
    assert list(codes) == list(map(str, Verdict))
    assert len(set(codes.values())) == 12
    for verdict, code in codes.items():
        found = read_code(code, keys)
        if verdict in ("unknown", "malformed"):
            assert isinstance(found, BadCode)
        else:
            assert isinstance(found, Code)
            assert found.serial == serials[Verdict(verdict)]
    assert read_code(codes["unknown"], keys).kind == "forged"
    assert nearest(codes["unknown"], keys) == []
    assert len(codes["malformed"]) == 19
    assert nearest(codes["malformed"], keys) == [code_of(1 << 45 | 99, keys)]


def test_forged_differs_from_the_good_code_only_in_its_tag(keys):
    good = code_of(1 << 45 | 5, keys)
    assert forge(good, keys)[:10] == good[:10]
