"""What the detectors remember of a lot while it is on the market."""
from math import exp, log

from webapp.detect.clusters import Cell
from webapp.detect.event import DAY, BagFacts
from webapp.detect.rules import PeopleRules


class Lot:
    """`firsts` codes of the lot scanned by a witness for the first time, `placed` of them with a place."""

    __slots__ = ("id", "destination", "shipped_at", "quantity", "firsts", "placed", "away", "second", "crawl",
                 "crawled_at", "early", "early_sources", "early_serials", "leaked", "recent", "sent", "boxes")

    def __init__(self, bag: BagFacts) -> None:
        self.id, self.destination, self.shipped_at = bag.lot, bag.destination, bag.shipped_at
        self.quantity = bag.quantity
        self.firsts = self.placed = 0
        self.away: dict[int, Cell] = {}
        self.second = Cell()
        self.crawl = self.crawled_at = 0.0
        self.early: dict[int, list[float]] = {}
        self.early_sources: set[int] = set()
        self.early_serials: list[int] = []
        self.leaked: set[int] = set()  # provinces with an alert
        self.recent: list[int] = []
        self.sent: dict[int, int] = {}  # first scans by the destination of their bag
        self.boxes: dict[int, bytes] = {}  # see boxes.py

    def correct(self, bag: BagFacts) -> None:
        """The registry has come to know more: live, bags are seen before their shipment is on record."""
        self.quantity = bag.quantity
        if bag.shipped_at:
            self.destination, self.shipped_at = bag.destination, bag.shipped_at

    def parts(self) -> list[tuple[int, float]]:
        """(destination, share of the lot that was sent there), as far as its scanned bags tell; 0 = not known."""
        total = sum(self.sent.values())
        if not total:
            return [(self.destination, 1.0)]
        return [(destination, bags / total) for destination, bags in self.sent.items()]

    def robot(self, at: float, rules: PeopleRules) -> None:
        self.crawl = self.crawling(at, rules) + 1
        self.crawled_at = at

    def crawling(self, at: float, rules: PeopleRules) -> float:
        return self.crawl * exp(-(at - self.crawled_at) * log(2) / (rules.crawl_half_life_days * DAY))
