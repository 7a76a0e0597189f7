"""What the registry says in public of a product, a lot and a place: /p/GTIN, /b/GTIN/LOT, /o/GLN, and as JSON."""
from collections.abc import Callable
from typing import TypeVar

import msgspec
from flask import Response, abort

from webapp.verify.lookup import RegistryAway
from webapp.views.public import formats
from webapp.views.public.reader import language, parts, respond_html, respond_json, wants_json

T = TypeVar("T")


def product_page(gtin: str) -> Response:
    """A product by its GTIN, with or without leading noughts; a recall of all its lots stands on top."""
    product = _asked(lambda: parts().lookup.product(gtin.zfill(14)))
    recall = _ask(lambda: parts().lookup.recall(product.gtin))
    if wants_json():
        return respond_json(msgspec.structs.asdict(product) | {"recall": recall})
    producer = _ask(lambda: parts().lookup.site(product.producer_gln))
    return respond_html("public/product_page.html", title=formats.name(language(), product), product=product,
                        producer=producer, recall=recall, lot=None, lot_no=None)


def batch_page(gtin: str, lot: str) -> Response:
    """A lot of a product."""
    found = _asked(lambda: parts().lookup.lot(gtin.zfill(14), lot))
    if wants_json():
        return respond_json(found)
    return respond_html("public/batch_page.html", title=found.lot, product=found.product, lot=found, lot_no=found.lot,
                        recall=found.recall, packed_at=None, shipments=found.shipments)


def origin_page(gln: str) -> Response:
    """A place where salt is made or stored."""
    site = _asked(lambda: parts().lookup.site(gln))
    if wants_json():
        return respond_json(site)
    return respond_html("public/origin_page.html", title=formats.name(language(), site), site=site)


def _ask(question: Callable[[], T]) -> T:
    """The registry's answer; 503 while it cannot be asked."""
    try:
        return question()
    except RegistryAway:
        abort(503)


def _asked(question: Callable[[], T | None]) -> T:
    """The same, 404 where it knows of nothing."""
    found = _ask(question)
    if found is None:
        abort(404)
    return found
