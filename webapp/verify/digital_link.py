"""What a scanned address says: our short form `/CODE` or GS1 Digital Link `/01/{gtin}[/10/{lot}][/21/{code}]`."""
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from webapp.verify.gtin import BadNumber, read_gtin

MAX_ADDRESS = 2048


class ScanAddress(NamedTuple):
    """`code` is unchecked text. `gtin` (14 digits) and `lot` are only what the address claims: evidence, not fact."""

    code: str = ""
    gtin: str | None = None
    lot: str | None = None


def read_address(text: str) -> ScanAddress:
    """Take an address or a bare code apart; host, query and fragment are ignored. Never raises."""
    text = text.strip()
    if "/" not in text:
        return ScanAddress(text)
    try:
        path = urlsplit(text[:MAX_ADDRESS]).path
    except ValueError:
        return ScanAddress(text)
    parts = [unquote(part) for part in path.split("/") if part]
    if len(parts) < 2 or parts[0] != "01":
        return ScanAddress(parts[-1] if parts else "")
    claims = dict(zip(parts[2::2], parts[3::2], strict=False))
    try:
        gtin = read_gtin(parts[1])
    except BadNumber:
        gtin = None
    return ScanAddress(claims.get("21", ""), gtin, claims.get("10"))
