"""What the registry knows about a bag, as plain frozen values: read once from the database, cached, shown, judged.

Dates are the calendar's (Asia/Shanghai), times are aware and in UTC, weights in g, iodine in mg/kg as I.
"""
from datetime import date, datetime

import msgspec


class SiteFacts(msgspec.Struct, frozen=True, gc=False):
    """A place with a GLN (场所). kind: producer | wholesaler | warehouse."""

    gln: str
    name_zh: str
    name_en: str | None
    kind: str
    adcode: int
    address: str | None = None
    lat: float | None = None
    lon: float | None = None
    sc_licence: str | None = None
    salt_certificate: str | None = None
    phone: str | None = None


class ProductFacts(msgspec.Struct, frozen=True, gc=False):
    """A product (产品). salt_source: sea | lake | well; shelf_life_months is None where the salt keeps for ever."""

    gtin: str
    name_zh: str
    name_en: str | None
    brand: str
    net_weight_g: float
    salt_source: str
    iodised: bool
    iodine_mg_kg: float | None
    grade: str | None
    standard: str
    producer_gln: str
    shelf_life_months: int | None


class QualityFacts(msgspec.Struct, frozen=True, gc=False):
    """One test result (检验结果); `limit` is the text of the rule it was checked against."""

    item: str
    value: float
    unit: str
    method: str | None
    report_no: str | None
    tested_on: date
    failed: bool
    limit: str | None


class ShipmentFacts(msgspec.Struct, frozen=True, gc=False):
    """Goods that left a site (发货), and when they arrived, if anybody said so."""

    shipment_no: str
    unit: str
    from_gln: str
    to_gln: str | None
    to_name_zh: str | None
    to_name_en: str | None
    destination_adcode: int
    shipped_at: datetime
    received_at: datetime | None


class RecallFacts(msgspec.Struct, frozen=True, gc=False):
    """An open recall (召回); level 1 is the gravest. lot None = every lot of the product."""

    public_id: str
    level: int
    reason: str
    opened_at: datetime
    lot: str | None


class LotFacts(msgspec.Struct, frozen=True, gc=False):
    """A lot (批次) with all that is shown of it. `shipments` are those of the lot as a whole."""

    batch_id: int
    gtin: str
    lot: str
    site: SiteFacts
    line: str | None
    produced_on: date
    best_before: date | None
    quantity: int
    flagged: bool
    product: ProductFacts
    producer: SiteFacts | None
    quality: tuple[QualityFacts, ...]
    shipments: tuple[ShipmentFacts, ...]
    recall: RecallFacts | None
    revision: int


class Bag(msgspec.Struct, frozen=True, gc=False):
    """All that is known of one code. `void` is the reason it was declared invalid, None while it is valid.

    `shipments` are the bag's own (of its box or pallet), else its lot's. `label_tag` changes whenever
    anything shown of its lot or product changes, `version_tag` whenever anything shown of the bag does; bags that show
    the same share them. `stale`: the database could not be asked
    and this is what was known before.
    """

    serial: int
    issued: bool
    void: str | None = None
    gtin: str | None = None
    lot_no: str | None = None
    lot: LotFacts | None = None
    product: ProductFacts | None = None
    recall: RecallFacts | None = None
    box: str | None = None
    packed_at: datetime | None = None
    shipments: tuple[ShipmentFacts, ...] = ()
    shipped_at: datetime | None = None
    destination_adcode: int | None = None
    label_tag: str = ""
    version_tag: str = ""
    stale: bool = False
