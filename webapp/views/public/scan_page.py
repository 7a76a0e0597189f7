"""The scan page as HTML: pieces of templates/public/scan_page.html, put together for one visit."""
from collections.abc import Hashable
from typing import Any, NamedTuple

from webapp.detect.pipeline import Judgement
from webapp.verify.facts import Bag
from webapp.verify.history import History
from webapp.verify.lru import Lru
from webapp.verify.verdict import Verdict
from webapp.views.public import formats
from webapp.views.public.pieces import Fill, Joined, Piece, Templates, join, with_holes
from webapp.views.public.says import OPEN_NAMES, says

PIECES_BYTES = 3 << 20  # 1–2 kB for each journey and lot, head and foot once
JOINED_HELD = 1_500  # lists of pieces, a kilobyte each
TEMPLATE = "public/scan_page.html"
NOT_KNOWN = "—".encode()


class Told(NamedTuple):
    """Everything one answer says, whatever its shape. bag None = the registry could not be asked; history None = it
    could not be read. `notice` = say that the scan should have been kept and was not."""

    code: str
    at_us: int
    judgement: Judgement
    bag: Bag | None
    history: History | None
    degraded: tuple[str, ...]
    recorded: bool
    notice: bool


class ScanPages:
    """Renders each piece once per language × verdict, lot or journey, joins the pieces once for all scans that are told
    the same, and fills in what belongs to one scan."""

    def __init__(self, templates: Templates, base_url: str) -> None:
        self._templates = templates
        self._base_url = base_url
        self._pieces: Lru[Hashable, Piece] = Lru(PIECES_BYTES)
        self._joined: Lru[Hashable, Joined] = Lru(JOINED_HELD)

    def page(self, language: str, told: Told) -> bytes:
        bag = told.bag
        verdict, reasons, _ = told.judgement
        checks = "some" if told.history is not None and told.history.scans else "none"
        same = (language, verdict, reasons, told.degraded, told.notice, checks, bag and bag.version_tag)
        joined = self._joined.get(same)
        if joined is None:
            joined = join(self._pieces_of(language, told, checks))
            self._joined.put(same, joined)
        return joined.filled(FILLS, language, told)

    def _pieces_of(self, language: str, told: Told, checks: str) -> list[Piece]:
        bag = told.bag
        pieces = [self._head(language, told.judgement)]
        if bag is not None and bag.recall is not None:
            pieces.append(self._of_bag("recall", language, bag.version_tag, recall=bag.recall))
        pieces.append(self._verdict(language, told, checks))
        if bag is not None and told.judgement.verdict is not Verdict.UNKNOWN:
            pieces.append(self._of_bag("label", language, bag.label_tag, product=bag.product, lot=bag.lot,
                                       lot_no=bag.lot_no))
            pieces.append(self._of_bag("journey", language, bag.version_tag, lot=bag.lot, packed_at=bag.packed_at,
                                       shipments=bag.shipments))
        return [*pieces, self._foot(language)]

    def _head(self, language: str, judgement: Judgement) -> Piece:
        key = ("head", language, judgement.verdict, judgement.reasons[0])
        return self._pieces.get(key) or self._render(
            key, "public/base.html", "head", language,
            title=says(language, judgement.verdict, judgement.reasons).title)

    def _verdict(self, language: str, told: Told, checks: str) -> Piece:
        verdict, reasons, _ = told.judgement
        known = told.bag is not None
        key = ("verdict", language, verdict, reasons, told.degraded, told.notice, checks, known)
        piece = self._pieces.get(key)
        if piece is None:
            told_in_words = says(language, verdict, reasons)
            sentence = with_holes(told_in_words.sentence, self._templates.holes, OPEN_NAMES)
            piece = self._render(
                key, TEMPLATE, "verdict", language, verdict=verdict, reasons=reasons, degraded=told.degraded,
                recorded=not told.notice, checks=checks, known=known, says=told_in_words._replace(sentence=sentence))
        return piece

    def _of_bag(self, block: str, language: str, tag: str, **facts: Any) -> Piece:
        key = (block, language, tag)
        return self._pieces.get(key) or self._render(key, TEMPLATE, block, language, **facts)

    def _foot(self, language: str) -> Piece:
        key = ("foot", language)
        piece = self._pieces.get(key)
        if piece is None:
            genuine = self._templates.piece(TEMPLATE, "genuine", language, base_url=self._base_url)
            foot = self._templates.piece("public/base.html", "foot", language, scanned=True)
            piece = Piece((genuine.texts[0] + foot.texts[0],), ())
            self._pieces.put(key, piece, piece.size)
        return piece

    def _render(self, key: Hashable, template: str, block: str, language: str, **facts: Any) -> Piece:
        piece = self._templates.piece(template, block, language, **facts)
        self._pieces.put(key, piece, piece.size)
        return piece


def _code(language: str, told: Told) -> bytes:
    return formats.in_groups(language, told.code).encode()


def _checked_at(language: str, told: Told) -> bytes:
    return formats.moment(language, told.at_us).encode()


def _best_before(language: str, told: Told) -> bytes:
    if told.bag is None or told.bag.lot is None or told.bag.lot.best_before is None:
        return NOT_KNOWN
    return formats.day(language, told.bag.lot.best_before).encode()


def _scans(_language: str, told: Told) -> bytes:
    return NOT_KNOWN if told.history is None else b"%d" % told.history.scans


def _devices(_language: str, told: Told) -> bytes:
    return NOT_KNOWN if told.history is None else b"%d" % told.history.devices


def _provinces(_language: str, told: Told) -> bytes:
    return NOT_KNOWN if told.history is None else b"%d" % told.history.provinces


def _first_day(language: str, told: Told) -> bytes:
    if told.history is None or not told.history.scans:
        return NOT_KNOWN
    return formats.day_of_seconds(language, told.history.first_at).encode()


def _first_place(language: str, told: Told) -> bytes:
    if told.history is None or not told.history.scans:
        return NOT_KNOWN
    return formats.first_place(language, told.history.first_adcode).encode()


# Numbers, dates, our own place names and a code that was read: nothing here needs escaping.
FILLS: dict[str, Fill] = {
    "code": _code,
    "checked_at": _checked_at,
    "best_before": _best_before,
    "scans": _scans,
    "devices": _devices,
    "provinces": _provinces,
    "first_day": _first_day,
    "first_place": _first_place,
}
