"""The QR symbol on a bag: `https://` as byte segment, `HOST/CODE` upper case as alphanumeric segment, level Q.

The scheme stays lower case because several phone cameras take `HTTPS://` for plain text; the alphanumeric rest keeps
the symbol at version 3 for a host of up to 12 characters.
"""
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import segno
from segno.consts import MODE_ALPHANUMERIC, MODE_BYTE

QUIET_ZONE = 4  # modules on each side, ISO/IEC 18004
GS1_MINIMUM_MM = 0.396
_DOTS_PER_MM = 600 / 25.4


class PrintSize(NamedTuple):
    """version 1..40; module_mm = side of one module when `size_mm` includes the quiet zone."""

    version: int
    modules: int
    size_mm: float
    module_mm: float


def make_qr(base_url: str, code: str) -> segno.QRCode:
    """The symbol for a code's scan address; `base_url` is the origin, `code` the 20 characters."""
    parts = urlsplit(base_url)
    segments = [(f"{parts.scheme}://", MODE_BYTE), (f"{parts.netloc}/{code}".upper(), MODE_ALPHANUMERIC)]
    return segno.make_qr(segments, error="q", boost_error=False)  # type: ignore[arg-type]  # its stub omits segments


def print_size(qr: segno.QRCode, size_mm: float = 15.0) -> PrintSize:
    """How large a module gets when the symbol with its quiet zone is `size_mm` wide."""
    modules = int(qr.symbol_size(border=QUIET_ZONE)[0])
    return PrintSize(int(qr.version), modules, size_mm, size_mm / modules)


def save_qr(qr: segno.QRCode, path: Path, size_mm: float = 15.0) -> None:
    """Write SVG in true millimetres, black on white, or PNG of about 600 dots per inch; raises OSError."""
    size = print_size(qr, size_mm)
    if path.suffix.lower() == ".png":
        scale = max(1, round(size.module_mm * _DOTS_PER_MM))
        dots_per_mm = scale / size.module_mm
        qr.save(str(path), kind="png", scale=scale, border=QUIET_ZONE, light="white", dpi=round(dots_per_mm * 25.4))
    else:
        qr.save(str(path), kind="svg", scale=size.module_mm, unit="mm", border=QUIET_ZONE, light="white")
