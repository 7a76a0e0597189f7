"""What one value of an upload must be: text in, typed value out, or BadValue with the reason."""
import math
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from stdnum import numdb
from stdnum.cn import uscc as social_credit
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_10

from webapp.intake.refusals import Why, shown
from webapp.places import PLACES, prefecture_of
from webapp.verify.china_day import CHINA
from webapp.verify.gtin import BadNumber, read_gln, read_gtin, read_sscc

LOT = re.compile(r"[A-Za-z0-9!\"%&'()*+,\-./_:;<=>?]{1,20}", re.ASCII)
DIGITS = re.compile(r"\d+", re.ASCII)
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
DAY = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[ T]0?0:00(?::00)?)?", re.ASCII)
SLASHED_DAY = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(?=\D|$)", re.ASCII)
SHORT_HOUR = re.compile(r"(?<=\d[ T])(\d)(?=:)", re.ASCII)
EARLIEST, LATEST = 1990, 2199

Read = Callable[[str], Any]


class BadValue(Exception):
    """A value is not what its column holds."""

    def __init__(self, why: Why, **values: object) -> None:
        super().__init__(why)
        self.why, self.values = why, values


def text(limit: int) -> Read:
    """Free text of at most `limit` characters."""
    def read(value: str) -> str:
        if len(value) > limit:
            raise BadValue(Why.TOO_LONG, limit=limit)
        return value
    return read


def choice(*known: str) -> Read:
    """One of a few words, in any case."""
    def read(value: str) -> str:
        if (word := value.lower()) not in known:
            raise BadValue(Why.CHOICE, value=shown(value), known=", ".join(known))
        return word
    return read


def yes_no(value: str) -> bool:
    """yes or no; also 是/否 and true/false, as spreadsheets and JSON have them."""
    word = value.lower()
    if word in ("yes", "true", "是"):
        return True
    if word in ("no", "false", "否"):
        return False
    raise BadValue(Why.CHOICE, value=shown(value), known="yes, no")


def gtin(value: str) -> str:
    """A GTIN, given back with 14 digits."""
    try:
        return read_gtin(value)
    except BadNumber:
        raise BadValue(Why.GTIN, value=shown(value)) from None


def gln(value: str) -> str:
    """A GLN, the GS1 number of a place."""
    try:
        return read_gln(value)
    except BadNumber:
        raise BadValue(Why.GLN, value=shown(value)) from None


def parcel(value: str) -> str:
    """The id of a box or pallet: any text, but one of 18 digits is an SSCC and must have its check digit."""
    if len(value) == 18 and DIGITS.fullmatch(value):
        try:
            return read_sscc(value)
        except BadNumber:
            raise BadValue(Why.SSCC, value=shown(value)) from None
    return text(40)(value)


def lot(value: str) -> str:
    """A lot (批号) as GS1 AI 10 allows it."""
    if not LOT.fullmatch(value):
        raise BadValue(Why.LOT, value=shown(value))
    return value


def unit(value: str) -> str:
    """What was shipped: a box or pallet id, or GTIN/LOT, given back with the GTIN's 14 digits."""
    number, slash, rest = value.partition("/")
    if slash and len(number) in (13, 14) and DIGITS.fullmatch(number):
        return f"{gtin(number)}/{lot(rest)}"
    return parcel(value)


def sc_licence(value: str) -> str:
    """A food production licence (食品生产许可证编号)."""
    number = value.upper().replace(" ", "")
    digits = number.removeprefix("SC")
    if len(number) != 16 or len(digits) != 14 or not DIGITS.fullmatch(digits) or not mod_11_10.is_valid(digits):
        raise BadValue(Why.SC_LICENCE, value=shown(value))
    return number


def uscc(value: str) -> str:
    """A unified social credit code (统一社会信用代码, GB 32100)."""
    try:
        return social_credit.validate(value)
    except ValidationError:
        raise BadValue(Why.USCC, value=shown(value)) from None


def adcode(value: str) -> int:
    """A GB/T 2260 code of a province, prefecture or county; a county's is given back as its prefecture's."""
    number = int(value) if len(value) == 6 and DIGITS.fullmatch(value) else 0
    if number in PLACES:
        return number
    if not number or not _known_county(value):
        raise BadValue(Why.UNKNOWN_ADCODE, value=shown(value))
    return prefecture_of(number)


@cache
def _known_county(value: str) -> bool:
    # The table ends in an empty entry for prefixes it does not know.
    return any("county" in facts for _, facts in numdb.get("cn/loc").info(value))


def standard(value: str) -> str:
    """The product's standard; GB/T 5462 is industrial salt (工业盐) however it is spelt."""
    plain = "".join(str(unicodedata.decimal(c, c)) for c in unicodedata.normalize("NFKC", value).upper())
    joined = "".join(c for c in plain if c.isalnum())
    if re.search(r"(?<!\d)0*5462(?!\d)", plain) or re.search(r"GBT?0*5462(?=\D|$|(?:19|20)\d\d)", joined):
        raise BadValue(Why.INDUSTRIAL_SALT)
    return text(60)(value)


def number(low: float, high: float) -> Read:
    """A decimal number between two bounds, both in."""
    def read(value: str) -> float:
        if not NUMBER.fullmatch(value) or not math.isfinite(found := float(value)):
            raise BadValue(Why.NUMBER, value=shown(value))
        if not low <= found <= high:
            raise BadValue(Why.OUT_OF_RANGE, value=shown(value), low=low, high=high)
        return found
    return read


def whole(low: int, high: int) -> Read:
    """A whole number between two bounds, both in."""
    read_number = number(low, high)

    def read(value: str) -> int:
        if (found := read_number(value)) != int(found):
            raise BadValue(Why.NUMBER, value=shown(value))
        return int(found)
    return read


def day(value: str) -> date:
    """A date: 2025-01-31, 20250131, or 2025/1/31 as Excel writes it in China."""
    match = DAY.fullmatch(value)
    try:
        found = date(*map(int, match.group(1, 3, 4))) if match else date.fromisoformat(value)
    except ValueError:
        found = date.min
    if not EARLIEST <= found.year <= LATEST:
        raise BadValue(Why.DATE, value=shown(value))
    return found


def moment(value: str) -> datetime:
    """An ISO 8601 time, given back in UTC. Without an offset it is China's time (UTC+8), a bare date its midnight."""
    try:
        iso = SHORT_HOUR.sub(r"0\1", SLASHED_DAY.sub(_dashed, value))
        found = datetime.fromisoformat(iso)
        if not EARLIEST <= found.year <= LATEST:
            raise ValueError
        return (found if found.tzinfo else found.replace(tzinfo=CHINA)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadValue(Why.TIME, value=shown(value)) from None


def _dashed(match: re.Match[str]) -> str:
    year, month, of_month = match.groups()
    return f"{year}-{int(month):02d}-{int(of_month):02d}"
