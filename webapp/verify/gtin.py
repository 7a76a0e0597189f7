"""GS1 numbers by their check digit: GTIN of a product, GLN of a place, SSCC of a pallet or box."""
from stdnum import ean
from stdnum.exceptions import ValidationError

MAX_TYPED = 32  # characters, separators included


class BadNumber(ValueError):
    """Not a GTIN, GLN or SSCC; the text says why in plain words."""


def read_gtin(text: str) -> str:
    """A GTIN of 8, 12, 13 or 14 digits as the 14 digits we store. Raises BadNumber."""
    try:
        return ean.validate(_bounded(text, "GTIN")).zfill(14)
    except ValidationError as error:
        raise BadNumber(f"GTIN {text!r}: {error}") from None


def read_gln(text: str) -> str:
    """A GLN of 13 digits. Raises BadNumber."""
    return _checked(text, 13, "GLN")


def read_sscc(text: str) -> str:
    """An SSCC of 18 digits. Raises BadNumber."""
    return _checked(text, 18, "SSCC")


def _checked(text: str, length: int, name: str) -> str:
    number = ean.compact(_bounded(text, name))
    if not (number.isascii() and number.isdigit() and len(number) == length):
        raise BadNumber(f"{name} {text!r}: not {length} digits")
    if ean.calc_check_digit(number[:-1]) != number[-1]:
        raise BadNumber(f"{name} {text!r}: the last digit does not fit the others")
    return number


def _bounded(text: str, name: str) -> str:
    if len(text) > MAX_TYPED:
        raise BadNumber(f"{name} {text[:MAX_TYPED]!r}…: longer than {MAX_TYPED} characters")
    return text
