"""The scan page as HTML: pieces of templates/public/scan_page.html, put together for one visit."""
from collections.abc import Hashable
from typing import Any, NamedTuple

from webapp.detect.pipeline import Judgement
from webapp.verify.facts import Bag
from webapp.verify.history import History
from webapp.verify.lru import Lru
from webapp.verify.verdict import Verdict
from webapp.views.public import formats
from webapp.views.public.pieces import Piece, Templates, fill, with_holes
from webapp.views.public.says import OPEN_NAMES, says

PIECES_HELD = 4_000  # 1–8 kB each
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
    """Renders each piece once per language × verdict, lot or journey, and fills in what belongs to this scan."""

    def __init__(self, templates: Templates, base_url: str) -> None:
        self._templates = templates
        self._base_url = base_url
        self._pieces: Lru[Hashable, Piece] = Lru(PIECES_HELD)

    def page(self, language: str, told: Told) -> bytes:
        bag = told.bag
        verdict = told.judgement.verdict
        pieces = [self._head(language, told.judgement)]
        if bag is not None and bag.recall is not None:
            pieces.append(self._of_bag("recall", language, bag.version_tag, recall=bag.recall))
        pieces.append(self._verdict(language, told))
        if bag is not None and verdict is not Verdict.UNKNOWN:
            pieces.append(self._of_bag("label", language, bag.label_tag, product=bag.product, lot=bag.lot,
                                       lot_no=bag.lot_no))
            pieces.append(self._of_bag("journey", language, bag.version_tag, lot=bag.lot, packed_at=bag.packed_at,
                                       shipments=bag.shipments))
        pieces.append(self._foot(language))
        return fill(pieces, self._holes(language, told))

    def _head(self, language: str, judgement: Judgement) -> Piece:
        key = ("head", language, judgement.verdict, judgement.reasons[0])
        return self._pieces.get(key) or self._render(
            key, "public/base.html", "head", language,
            title=says(language, judgement.verdict, judgement.reasons).title)

    def _verdict(self, language: str, told: Told) -> Piece:
        verdict, reasons, _ = told.judgement
        checks = "some" if told.history is not None and told.history.scans else "none"
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
            self._pieces.put(key, piece)
        return piece

    def _render(self, key: Hashable, template: str, block: str, language: str, **facts: Any) -> Piece:
        piece = self._templates.piece(template, block, language, **facts)
        self._pieces.put(key, piece)
        return piece

    def _holes(self, language: str, told: Told) -> dict[str, bytes]:
        """Numbers, dates, our own place names and a code that was read: nothing here needs escaping."""
        holes = dict.fromkeys(OPEN_NAMES, NOT_KNOWN)
        holes["code"] = formats.in_groups(language, told.code).encode()
        holes["checked_at"] = formats.moment(language, told.at_us).encode()
        if told.bag is not None and told.bag.lot is not None and told.bag.lot.best_before is not None:
            holes["best_before"] = formats.day(language, told.bag.lot.best_before).encode()
        history = told.history
        if history is not None:
            holes["scans"] = b"%d" % history.scans
            holes["devices"] = b"%d" % history.devices
            holes["provinces"] = b"%d" % history.provinces
            if history.scans:
                holes["first_day"] = formats.day_of_seconds(language, history.first_at).encode()
                holes["first_place"] = formats.first_place(language, history.first_adcode).encode()
        return holes
