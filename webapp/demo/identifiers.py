"""Identifiers with true check digits for things that do not exist.

GS1 keeps prefix 952 for demonstrations: no real product, place or parcel will ever carry these numbers.
"""
from stdnum import ean
from stdnum.cn import uscc as social_credit
from stdnum.iso7064 import mod_11_10

DEMO_PREFIX = "952"


def gtin(company: int, item: int) -> str:
    """GTIN-14 of a company's item."""
    return "0" + _with_check(f"{DEMO_PREFIX}{company:04d}{item:05d}")


def gln(company: int, site: int) -> str:
    """GLN of a company's site; sites count from a range of their own, apart from its items."""
    return _with_check(f"{DEMO_PREFIX}{company:04d}{90000 + site:05d}")


def sscc(company: int, pallet: int) -> str:
    """SSCC of a company's pallet."""
    return _with_check(f"3{DEMO_PREFIX}{company:04d}{pallet:09d}")


def sc_licence(county: int, number: int) -> str:
    """Food production licence (食品生产许可证编号): class 03 condiments, county, running number, ISO 7064 MOD 11,10."""
    body = f"103{county:06d}{number:04d}"
    return f"SC{body}{mod_11_10.calc_check_digit(body)}"


def uscc(county: int, organisation: int) -> str:
    """Unified social credit code (统一社会信用代码) of an enterprise, from an eight-digit organisation number."""
    body = f"{organisation:08d}"
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    body = f"91{county:06d}{body}{'X' if rest == 10 else rest % 11}"
    return body + social_credit.calc_check_digit(body)


def _with_check(body: str) -> str:
    return body + ean.calc_check_digit(body)
