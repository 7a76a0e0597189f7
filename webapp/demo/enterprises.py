"""The people and goods of the demo world: invented names at real places, every number a demonstration number."""
from functools import cache
from typing import NamedTuple

from webapp.demo.identifiers import gln, gtin, sc_licence, uscc
from webapp.places import PLACES, PROVINCE_INDEX, PROVINCE_TABLE


class Item(NamedTuple):
    """A product to be. `share` = its part of the producer's bags; `months` is empty where the salt keeps for ever."""

    number: int
    name_zh: str
    name_en: str
    grams: int
    source: str
    iodine: int  # mg/kg as I; 0 = not iodised
    grade: str
    months: int | None
    low_sodium: bool = False


class Producer(NamedTuple):
    company: int
    brand: str
    name_zh: str
    name_en: str
    county: int  # GB/T 2260: stands in the licence numbers
    adcode: int  # prefecture of the plant
    address: str
    lines: tuple[str, ...]
    markets: tuple[int, ...]  # provinces it sells in, adcode
    items: tuple[Item, ...]

    @property
    def plant(self) -> str:
        return gln(self.company, 0)

    @property
    def store(self) -> str:
        """GLN of the finished-goods warehouse (成品库)."""
        return gln(self.company, 1)

    def wholesaler(self, province: int) -> str:
        """GLN of its wholesaler in a province."""
        return gln(self.company, 100 + PROVINCE_INDEX[province])

    def gtin(self, item: Item) -> str:
        return gtin(self.company, item.number)


PRODUCERS = (
    Producer(
        1, "青岚", "四川青岚盐业有限公司（演示）", "Qinglan Salt (demo)", 510304, 510300, "四川省自贡市大安区示例路1号",
        ("A自动线", "B自动线", "C半自动线"),
        (510000, 500000, 520000, 530000, 440000, 330000, 610000, 540000),
        (Item(1, "青岚深井精制盐", "Qinglan refined well salt", 400, "well", 25, "优级", 36),
         Item(2, "青岚未加碘精制盐", "Qinglan refined well salt, not iodised", 400, "well", 0, "优级", 36),
         Item(3, "青岚低钠盐", "Qinglan low-sodium salt", 350, "well", 25, "一级", 36, low_sodium=True)),
    ),
    Producer(
        2, "渤晴", "山东渤晴海盐有限公司（演示）", "Boqing Sea Salt (demo)", 370783, 370700, "山东省寿光市示例大道2号",
        ("1号线", "2号线"),
        (370000, 130000, 110000, 120000, 210000, 220000, 230000),
        (Item(1, "渤晴海晶盐", "Boqing sea crystal salt", 400, "sea", 25, "一级", 36),
         Item(2, "渤晴未加碘海盐", "Boqing sea salt, not iodised", 500, "sea", 0, "一级", 36),
         Item(3, "渤晴低钠海盐", "Boqing low-sodium sea salt", 300, "sea", 20, "一级", 36, low_sodium=True)),
    ),
    Producer(
        3, "霁湖", "青海霁湖盐业有限公司（演示）", "Jihu Lake Salt (demo)", 632821, 632800, "青海省乌兰县示例街3号",
        ("湖盐一线",),
        (630000, 620000, 650000, 640000, 150000, 140000),
        (Item(1, "霁湖天然湖盐", "Jihu natural lake salt", 320, "lake", 30, "优级", None),
         Item(2, "霁湖未加碘湖盐", "Jihu lake salt, not iodised", 320, "lake", 0, "优级", None)),
    ),
    Producer(
        4, "禾井", "湖北禾井盐化有限公司（演示）", "Hejing Well Salt (demo)", 420981, 420900, "湖北省应城市示例路4号",
        ("甲线", "乙线"),
        (420000, 410000, 430000, 360000, 340000, 320000, 310000),
        (Item(1, "禾井加碘精制盐", "Hejing iodised refined salt", 500, "well", 25, "一级", 36),
         Item(2, "禾井腌制盐", "Hejing pickling salt", 1000, "well", 0, "二级", None)),
    ),
    Producer(
        5, "南屿", "福建南屿海盐有限公司（演示）", "Nanyu Sea Salt (demo)", 350305, 350300, "福建省莆田市示例路5号",
        ("晒盐线",),
        (350000, 440000, 450000, 460000),
        (Item(1, "南屿日晒海盐", "Nanyu sun-dried sea salt", 350, "sea", 25, "一级", 24),
         Item(2, "南屿雪花盐", "Nanyu flake salt", 250, "sea", 0, "优级", 12)),
    ),
)

Row = dict[str, object]


def site_rows(producer: Producer) -> list[Row]:
    """The upload `sites` of one producer: its plant, its store, a wholesaler in each of its markets."""
    plant, province = PLACES[producer.adcode], PLACES[PLACES[producer.adcode].province]
    head = {"kind": "producer", "adcode": producer.adcode, "lat": plant.lat, "lon": plant.lon}
    rows: list[Row] = [
        {**head, "gln": producer.plant, "name_zh": producer.name_zh, "name_en": producer.name_en,
         "address": producer.address, "uscc": uscc(producer.county, 10000000 + producer.company),
         "sc_licence": sc_licence(producer.county, producer.company),
         "salt_certificate": f"SD-{province.adcode // 10000}{producer.company:04d}",
         "phone": f"400-000-{producer.company:04d}"},
        {**head, "kind": "warehouse", "gln": producer.store, "name_zh": f"{producer.brand}成品库",
         "name_en": f"{producer.name_en.split()[0]} finished-goods store", "address": producer.address},
    ]
    for adcode in producer.markets:
        market, seat = PROVINCE_TABLE[PROVINCE_INDEX[adcode]], PLACES[capital_of(adcode)]
        rows.append({
            "gln": producer.wholesaler(adcode), "kind": "wholesaler", "adcode": seat.adcode, "lat": seat.lat,
            "lon": seat.lon, "name_zh": f"{market.short_zh}{producer.brand}食盐批发部（演示）",
            "name_en": f"{producer.name_en.split()[0]} wholesale, {PLACES[adcode].name_en}",
        })
    return rows


def product_rows(producer: Producer) -> list[Row]:
    """The upload `products` of one producer."""
    return [
        {"gtin": producer.gtin(item), "name_zh": item.name_zh, "name_en": item.name_en, "brand": producer.brand,
         "net_weight_g": item.grams, "salt_source": item.source, "iodised": "yes" if item.iodine else "no",
         "iodine_mg_kg": item.iodine or "", "grade": item.grade,
         "standard": "QB/T 2019" if item.low_sodium else "GB/T 5461",
         "producer_gln": producer.plant, "shelf_life_months": item.months or ""}
        for item in producer.items
    ]


@cache
def capital_of(province: int) -> int:
    """The prefecture of a province's capital, everywhere the first of its codes; itself where it has none."""
    return min((code for code in PLACES if province < code < province + 10000), default=province)
