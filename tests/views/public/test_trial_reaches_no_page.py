"""What a trial of other rules finds is told to no shopper: neither by Valkey nor by the database."""
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from sqlalchemy import select

from tests.detect.kept import EAGER
from tests.verify.world import BASE
from tests.views.public.conftest import Shop
from tests.views.public.test_live_detection import Days, cases
from tests.views.public.test_scan_page import stock
from webapp.detect import trial
from webapp.detect.kept_state import kept_open
from webapp.detect.opinion import pack_open
from webapp.models import Alert, CodeLedger
from webapp.models.detector import LIVE, SHADOW
from webapp.scanlog.scan import Scan
from webapp.settings import load_settings
from webapp.worker import Worker

# One second user is enough for copies of the whole lot: then shoppers elsewhere are told to look closely. And two
# phones for a copied code, which marks its ledger.
AT_ONCE = EAGER + "[second]\nmargin = -100.0\ncodes = 1\n"


@pytest.fixture
def days(shop: Shop, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Days]:
    monkeypatch.setattr(trial, "KEPT_EVERY_S", 0.0)
    monkeypatch.setattr(trial, "KEPT_SHARE", 1e9)
    stock(shop)
    one = Days(shop, 1, monkeypatch)
    one.worker.close()
    (home / "trial.toml").write_text(AT_ONCE)
    one.worker = Worker(load_settings(home=home, database_url=shop.parts.settings.database_url,
                                      redis_url=shop.parts.settings.redis_url, shadow_rules=home / "trial.toml"))
    yield one
    one.worker.close()


def test_shoppers_hear_what_the_live_detectors_say(days: Days) -> None:
    # Everybody in the city the lot was sent to, weeks apart: odd to the trial, too little for the live rules.
    days.shop.parts.geolocator.place = lambda ip: Days._place("10.0.0.1")  # type: ignore[method-assign]
    days.verdicts(3, every=30.0)
    days.shop.parts.geolocator.place = Days._place  # type: ignore[method-assign]
    for _ in range(2):  # nothing more to learn: what pages are told now stays
        days.round()
    with days.shop.db.read.connect() as connection:
        raised = connection.execute(select(Alert.kind, Alert.shadow)).all()
        live, tried = kept_open(connection, LIVE), kept_open(connection, SHADOW)
        ledgers = {name: connection.scalar(select(CodeLedger.ledger).where(
            CodeLedger.serial == BASE + 7, CodeLedger.detector == name)) for name in (LIVE, SHADOW)}
    assert raised == [("multiuse", True)]
    assert ledgers[LIVE] != ledgers[SHADOW]
    assert (len(tried.copies), live.copies) == (1, set())
    assert cases(days.shop) == []
    assert days.stranger(1, code=50)["verdict"] == "first"  # elsewhere; under the trial's rules: caution
    with redis.Redis.from_url(days.shop.parts.settings.redis) as server:
        everything = b"".join(server.dump(key) for key in server.keys("*"))
        assert pack_open(tried) not in everything
        (bucket,) = server.keys("h:*")
        assert server.hget(bucket, 7 | 128) == ledgers[LIVE]
        server.hdel(bucket, 7 | 128)  # now it comes from the database
    probe = Scan("0" * 32, days._now() // 1000, BASE + 7, 1, "", 0, "none", 0, "browser", False, False, False,
                 "shopper", "")
    assert days.shop.parts.observer.observe(probe, note=False).ledger == ledgers[LIVE]
