"""Sixty lots over eighteen months up to now, planned from a seed: the same seed and day give the same lots."""
import random
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from webapp.demo.enterprises import PRODUCERS, Item, Producer

LOTS = 60
HISTORY_DAYS = 540
CODES = 1_000_000
WAITING_CODES = 4_000  # issued, but no lot has claimed them
BOXED_LOT = 2_000  # bags of a lot that is boxed and palletised
BAGS_A_BOX, BOXES_A_PALLET = 20, 25
CHINA = ZoneInfo("Asia/Shanghai")

# What is special about a lot, by its place in the row of sixty (oldest first).
EXPIRED, FAILED, RECALLED, UNRELEASED = 11, 42, 46, 59
BOXED = (49, 51, 54, UNRELEASED)


class Lot(NamedTuple):
    """`destinations`: one province, or one for each half of a boxed lot's pallets; empty while it is in the store."""

    order: int
    producer: Producer
    item: Item
    number: str
    line: str
    produced_on: date
    quantity: int
    destinations: tuple[int, ...]
    shipped_at: datetime | None
    received_at: datetime | None

    @property
    def gtin(self) -> str:
        return self.producer.gtin(self.item)

    @property
    def boxed(self) -> bool:
        return self.order in BOXED

    @property
    def best_before(self) -> date | None:
        """Months added as calendars do; the 29th to 31st end on the 28th."""
        if self.item.months is None:
            return None
        year, month = divmod(self.produced_on.month - 1 + self.item.months, 12)
        return date(self.produced_on.year + year, month + 1, min(self.produced_on.day, 28))


def plan_lots(seed: int, now: datetime) -> list[Lot]:
    """All lots, oldest first. `now` is aware; nothing but the unreleased lot's future lies after it."""
    rng = random.Random(f"lots/{seed}")
    goods = [(producer, item) for producer in PRODUCERS for item in producer.items]
    quantities = _quantities(rng)
    return [_plan(rng, order, *goods[order % len(goods)], quantities[order], now) for order in range(LOTS)]


def _plan(rng: random.Random, order: int, producer: Producer, item: Item, quantity: int, now: datetime) -> Lot:
    today = now.astimezone(CHINA).date()
    produced_on = today - timedelta(days=2 + (LOTS - 1 - order) * (HISTORY_DAYS - 2) // (LOTS - 1))
    line = producer.lines[order // 12 % len(producer.lines)]
    shipped = received = None
    destinations: tuple[int, ...] = ()
    if order != UNRELEASED:
        # Markets in turn, the home province more often: every market is reached, none by chance alone.
        markets = producer.markets + producer.markets[:1]
        start = order // 12 * len(producer.items) + producer.items.index(item)
        destinations = tuple(markets[(start + step) % len(markets)] for step in range(2 if order in BOXED else 1))
        shipped = datetime.combine(produced_on, datetime.min.time(), UTC) + timedelta(
            days=rng.randint(3, 7), minutes=rng.randint(0, 9 * 60))
        received = shipped + timedelta(hours=rng.randint(20, 60))
    number = f"{produced_on:%y%m%d}{chr(65 + producer.lines.index(line))}{item.number}"
    return Lot(order, producer, item, number, line, produced_on, quantity, destinations, shipped, received)


def _quantities(rng: random.Random) -> list[int]:
    """Bags of each lot; with the codes that wait for a lot they add up to CODES."""
    loose = [order for order in range(LOTS) if order not in BOXED]
    weights = [rng.uniform(0.8, 1.2) for _ in loose]
    left = CODES - WAITING_CODES - BOXED_LOT * len(BOXED)
    ends = [round(left * share / sum(weights)) for share in accumulate(weights)]
    sizes = dict(zip(loose, (end - begin for begin, end in pairwise([0, *ends])), strict=True))
    return [sizes.get(order, BOXED_LOT) for order in range(LOTS)]
