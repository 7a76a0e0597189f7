"""verify/digital_link.py: what a scanned address says."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.verify.digital_link import ScanAddress, read_address

CODE = "1K23N8XV24BW2WX5MK95"
GTIN = "06901234567892"


@pytest.mark.parametrize(("text", "expected"), [
    (CODE, ScanAddress(CODE)),
    (f" {CODE} \n", ScanAddress(CODE)),
    (f"https://yan.cn/{CODE}", ScanAddress(CODE)),
    (f"HTTPS://YAN.CN/{CODE}/?utm_source=x&from=timeline#top", ScanAddress(CODE)),
    (f"/{CODE}", ScanAddress(CODE)),
    (f"https://yan.cn/01/{GTIN}/21/{CODE}", ScanAddress(CODE, GTIN)),
    (f"https://yan.cn/01/{GTIN}/10/L%2F1/21/{CODE}?s=1", ScanAddress(CODE, GTIN, "L/1")),
    (f"https://yan.cn/01/{GTIN}", ScanAddress("", GTIN)),
    (f"https://yan.cn/01/06901234567893/21/{CODE}", ScanAddress(CODE, None)),
    (f"https://yan.cn/01/{GTIN}/21", ScanAddress("", GTIN)),
    ("https://yan.cn/", ScanAddress("")),
    ("http://[::1/x", ScanAddress("http://[::1/x")),
])
def test_an_address_is_taken_apart(text, expected):
    assert read_address(text) == expected


@given(st.one_of(st.text(), st.text("/01 2%[]:?#")))
def test_no_text_raises(text):
    read_address(text)
