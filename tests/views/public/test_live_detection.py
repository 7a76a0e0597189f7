"""What the detectors find reaches the next shopper's page, and a case; what they cannot know never does."""
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
import redis
from sqlalchemy import select

from cache.history import HistoryCache
from cache.keys import share_of
from tests.servers import wait_for
from tests.verify.world import BASE
from tests.views.public.conftest import Shop
from tests.views.public.test_scan_page import ask, stock
from webapp.db import DatabaseAway
from webapp.detect import live
from webapp.detect.ledger import unpack
from webapp.detect.opinion import Open, pack_open, together, unpack_open
from webapp.detect.short_ledger import lengthen
from webapp.detecting import Part
from webapp.geolocate import Located
from webapp.models import Case, CodeLedger
from webapp.scanlog.scan import Scan
from webapp.settings import load_settings
from webapp.views import visitor
from webapp.worker import Worker

DAY_S = 86_400
WECHAT = "Mozilla/5.0 (iPhone; CPU iPhone OS 17) Mobile MicroMessenger/8.0 NetType/WIFI"
CITIES = (510100, 440100, 510300, 330100)


class Days:
    """A market where days pass; a worker follows."""

    def __init__(self, shop: Shop, shares: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shop, self.shares, self.later = shop, shares, 0.0
        self.worker = self.new_worker()
        shop.parts.geolocator.place = self._place  # type: ignore[method-assign]
        monkeypatch.setattr(live, "EVERY_S", 0.0)  # so that every round keeps what it learned
        monkeypatch.setattr(live, "SHARE", 1e9)
        monkeypatch.setattr(visitor, "time", SimpleNamespace(time_ns=self._now))

    def new_worker(self) -> Worker:
        settings = self.shop.parts.settings
        return Worker(load_settings(home=settings.home, database_url=settings.database_url,
                                    redis_url=settings.redis_url, detector_shares=self.shares))

    def part(self) -> Part:
        """Whoever learns the codes of this market."""
        return self.worker.detecting.live[share_of(BASE, self.shares)]

    def stranger(self, number: int, query: str = "", code: int = 7) -> dict:
        """Somebody at home, on a line of their own."""
        return ask(self.shop, code, f"10.{number % 4}.{number}.9", query, agent=f"{WECHAT} {number}")

    def verdicts(self, people: int, every: float = 2.0, start: int = 0) -> list[str]:
        said = []
        for number in range(start, start + people):
            said.append(self.stranger(number)["verdict"])
            self.round()
            self.later += every
        return said

    def round(self) -> None:
        """As the worker goes round, at the market's time."""
        self.worker.round()
        self.worker.detecting.on_trial.asked.join()
        self.worker.detecting.round(self._now() // 1000, lambda: True)
        self.worker.detecting.on_trial.asked.join()

    def ledger(self, code: int = 7) -> bytes:
        with self.shop.db.read.connect() as connection:
            return lengthen(connection.scalar(select(CodeLedger.ledger).where(CodeLedger.serial == BASE + code)) or b"")

    def _now(self) -> int:
        return int((time.time() + self.later * DAY_S) * 1e6) * 1000

    @staticmethod
    def _place(ip: str) -> Located:
        return Located(CITIES[int(ip.split(".")[1]) % 4], 0, 0, "geoip", 20, False, "CN")


@pytest.fixture(params=[1, 3], ids=["one set of detectors", "three"])
def days(shop: Shop, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Days]:
    stock(shop)
    one = Days(shop, request.param, monkeypatch)
    yield one
    one.worker.close()


def cases(shop: Shop) -> list[tuple[str, str]]:
    with shop.db.read.connect() as connection:
        return [(row.subject, row.kind) for row in connection.execute(select(Case.subject, Case.kind))]


def test_a_copied_code_turns_red_on_a_strangers_phone_and_becomes_a_case(days: Days) -> None:
    said = days.verdicts(12)
    assert said[:2] == ["first", "again"]
    assert said[-1] == "suspect"
    assert said == sorted(said, key=["first", "again", "caution", "suspect"].index)
    assert cases(days.shop) == [(f"code:{BASE + 7}", "clone")]
    page = days.shop.phone("10.1.99.1", agent=WECHAT + " 99").get(f"/{days.shop.code(7)}").text
    assert "码可能被复制" in page
    assert "假货" not in page
    assert days.stranger(11)["verdict"] == "caution"  # this phone knew the code
    assert days.stranger(98, "?s=1")["verdict"] == "shared_link"  # and this one holds no bag


def test_visits_the_worker_has_not_learned_yet_count_as_well(days: Days) -> None:
    """The worker stands still: pages weigh what they noted themselves."""
    assert "suspect" not in days.verdicts(3)
    learned, said = days.ledger(), []
    for number in range(3, 8):
        said.append(days.stranger(number)["verdict"])
        days.later += 2
    assert days.ledger() == learned
    assert said[-1] == "suspect"
    assert days.stranger(7)["verdict"] == "caution"  # a phone that only the tail knows


def test_what_the_page_weighs_is_what_the_worker_learned(days: Days) -> None:
    days.verdicts(9)
    probe = Scan("0" * 32, days._now() // 1000, BASE + 7, 1, "", 0, "none", 0, "browser", False, False, False,
                 "shopper", "")
    seen = days.shop.parts.observer.observe(probe, note=False)
    assert lengthen(seen.ledger or b"") == days.ledger()
    assert seen.unlearned == []


def test_without_valkey_it_says_nothing_it_does_not_know(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    days.verdicts(12)
    days.shop.parts.observer._memory._cache._urls[:] = [f"unix://{days.shop.parts.settings.home}/none.sock"]
    days.shop.parts.cache.close()
    told = days.stranger(50)
    assert (told["verdict"], told["reasons"], told["degraded"]) == ("again", ["history_unavailable"], ["history"])


def test_a_ledger_that_valkey_lost_comes_back_from_the_database(days: Days) -> None:
    days.verdicts(12)
    with redis.Redis.from_url(days.shop.parts.settings.redis) as server:
        (bucket,) = server.keys("h:*")
        server.hdel(bucket, 7 | 128)
        assert days.stranger(50)["verdict"] == "suspect"
        server.flushall()
    days.worker.round()
    wait_for(lambda: days.worker.round() == 0 and not days.stranger(51)["degraded"], "the history")
    assert days.stranger(52)["verdict"] == "suspect"


def test_without_ledger_and_database_the_page_says_that_evidence_is_missing(
        days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    days.verdicts(12)
    with redis.Redis.from_url(days.shop.parts.settings.redis) as server:
        (bucket,) = server.keys("h:*")
        server.hdel(bucket, 7 | 128)

    def away(question: Callable, replayed: int | None = None) -> None:
        raise DatabaseAway("away")

    monkeypatch.setattr(days.shop.parts.db, "ask", away)
    told = days.stranger(50)
    assert told["verdict"] == "again"
    assert told["degraded"] == ["evidence"]


def test_while_the_detectors_are_far_behind_the_page_says_that_evidence_is_missing(
        days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    days.verdicts(12)
    monkeypatch.setattr(live, "LATE_S", -1.0)
    days.stranger(30, code=20)
    days.round()
    told = days.stranger(50)
    assert (told["verdict"], told["degraded"]) == ("suspect", ["evidence"])
    page = days.shop.phone("10.1.98.1", agent=WECHAT + " 98").get(f"/{days.shop.code(7)}").text
    assert "以往查询的评估此刻不完整" in page
    assert days.stranger(51, code=21)["degraded"] == []  # nobody was here before: nothing is missing
    monkeypatch.setattr(live, "LATE_S", 1.0)
    days.stranger(31, code=20)
    days.round()
    assert days.stranger(52)["degraded"] == []


def test_ledgers_that_a_dying_worker_did_not_tell_are_told_by_the_next(days: Days) -> None:
    days.verdicts(6)
    days.part().publisher.catch_up = lambda position: None  # killed after its checkpoint
    days.verdicts(6, start=6)
    with redis.Redis.from_url(days.shop.parts.settings.redis) as server:
        (bucket,) = server.keys("h:*")
        assert lengthen(server.hget(bucket, 7 | 128)) != days.ledger()
        days.part().detector.close()
        days.worker = days.new_worker()
        days.round()
        assert lengthen(server.hget(bucket, 7 | 128)) == days.ledger()


def test_open_clusters_reach_every_process_with_its_next_scan(days: Days) -> None:
    memory, lot = HistoryCache(days.shop.parts.cache), days.shop.parts.lookup.bag(BASE + 7).lot
    assert days.stranger(1, code=20)["verdict"] == "first"
    memory.publish(1, b"a name", pack_open(Open(copies={(lot.batch_id, 44)})))
    told = days.stranger(1, code=21)
    assert (told["verdict"], told["reasons"]) == ("caution", ["lot_watched", "first_check"])
    assert days.stranger(0, code=22)["verdict"] == "first"  # where the lot was sent nothing is wrong with it
    memory.publish(1, b"another", pack_open(Open(diversions={(lot.batch_id, 44)})))
    assert days.stranger(1, code=23)["verdict"] == "first"


def test_what_is_open_survives_its_packing() -> None:
    opened = Open({(1, 44), (2, 0)}, {(3, 11)}, {(4, 32)}, {33}, {5}, {6}, 0.04, 0.9)
    assert unpack_open(pack_open(opened)) == opened
    assert unpack_open(b"") == unpack_open(b"\xc1") == Open()


def test_what_several_sets_of_detectors_found_is_told_together_with_the_more_careful_numbers() -> None:
    one = Open(copies={(1, 44)}, leaks={3}, far_chance=0.1, trust=0.9)
    other = Open(copies={(2, 0)}, diversions={(5, 51)}, old={(6, 33)}, places={12}, gaps={7}, far_chance=0.3, trust=1.0)
    assert together([one, other, Open()]) == Open(
        {(1, 44), (2, 0)}, {(5, 51)}, {(6, 33)}, {12}, {3}, {7}, far_chance=0.3, trust=0.9)
    assert together([]) == Open()


def test_without_a_geoip_file_strangers_are_never_far_apart(days: Days) -> None:
    """The same people as above, nobody located: a display bag in a shop explains them for longer."""
    days.shop.parts.geolocator.place = lambda ip: Located(0, 0, 0, "none", 0, False, "")  # type: ignore[method-assign]
    days.verdicts(6)
    assert unpack(days.ledger()).cities == [0, 0, 0, 0]


@pytest.mark.parametrize("flood", ["one phone", "one address, new phones", "a hundred addresses of one network"])
def test_a_photographed_code_scanned_a_thousand_times_stays_green_for_its_owner(days: Days, flood: str) -> None:
    owner = {"network": "10.0.1.1", "agent": WECHAT + " owner"}
    assert ask(days.shop, **owner)["verdict"] == "first"
    days.later += 3
    for number in range(300):
        if flood == "one phone":
            ask(days.shop, network="10.1.66.1", agent=WECHAT)
        elif flood == "one address, new phones":
            ask(days.shop, network="10.1.66.1", agent=f"{WECHAT} {number}")
        else:
            ask(days.shop, network=f"10.1.66.{number % 100}", agent=f"{WECHAT} {number}")
        days.later += 0.1
        if number % 50 == 49:
            days.round()
    days.round()
    assert ask(days.shop, **owner)["verdict"] == "again"
    assert days.stranger(40)["verdict"] in ("again", "caution")
    assert cases(days.shop) == []
