"""The whole demo world, built once: every page says its word to a fresh visitor, and says it again."""
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from webapp.auth.passwords import verify_password
from webapp.db import Database
from webapp.demo.announce import read_demo
from webapp.demo.build import build_world, demo_settings
from webapp.demo.home import open_home
from webapp.detect.opinion import Open
from webapp.detect.pipeline import Judge, Known
from webapp.detect.pipeline import judge as judge_scan
from webapp.detect.rules import load_rules
from webapp.keys import load_keys
from webapp.models import (
    Batch,
    Case,
    Client,
    CodeBlock,
    CodeHistory,
    CodeLedger,
    Packing,
    Product,
    Quality,
    Scan,
    Shipment,
    Site,
    User,
)
from webapp.scanlog.scan import Scan as Visit
from webapp.scanlog.scan import sighting_of
from webapp.verify.code import Code, read_code
from webapp.verify.history import NOTHING, observe, unpack
from webapp.verify.lookup import Lookup
from webapp.verify.verdict import Verdict

STAYS = set(Verdict) - {Verdict.FIRST, Verdict.SHARED_LINK, Verdict.UNKNOWN, Verdict.MALFORMED}


class World:
    def __init__(self, path, now):
        self.now = now
        self.steps = []
        with open_home(path) as home:
            build_world(home, "http://127.0.0.1:8150", self.steps.append, now=now)
            self.ready = home.ready
        self.settings = demo_settings(path)
        self.db = Database(self.settings)
        self.demo = read_demo(path)
        self.keys = load_keys(self.settings.keys).codes

    def count(self, table, *where):
        with self.db.read.connect() as connection:
            return connection.scalar(select(func.count()).select_from(table).where(*where))

    def visits(self, code, times):
        """Verdicts that so many fresh phones behind loopback would read, one after the other."""
        serial = read_code(code, self.keys).serial
        with self.db.read.connect() as connection:
            state = connection.scalar(select(CodeHistory.state).where(CodeHistory.serial == serial))
            short = connection.scalar(select(CodeLedger.ledger).where(CodeLedger.serial == serial)) or b""
        history, bag, said = unpack(state) if state else NOTHING, Lookup(self.db).bag(serial), []
        judge, opened, before = Judge(load_rules()), Open(), []
        for number in range(times):
            at = int((datetime.now(UTC) + timedelta(minutes=number)).timestamp() * 1e6)
            visit = Visit("0" * 32, at, serial, 7000 + number, "127.0.0.0/24", 0, "none", 0, "browser", False, False,
                          False, "shopper", "")
            standing = judge.standing(bag, at)
            said.append(judge_scan(visit, standing, Known(history, short, before, opened), judge.rules).verdict)
            history = observe(history, sighting_of(visit))
            before.append(sighting_of(visit))
        return said


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("demo") / "var", datetime.now(UTC))


def test_it_is_ready_and_tells_its_steps(world):
    assert world.ready
    assert len(world.steps) > 5


def test_it_holds_what_was_promised(world):
    assert world.count(Site, Site.kind == "producer") >= 4
    assert world.count(Product) >= 12
    assert world.count(Batch) == 60
    assert world.count(Batch, Batch.flagged) == 1
    assert world.count(Quality) >= 300
    assert world.count(Packing) > 100
    assert 20_000 < world.count(Scan) < 30_000
    with world.db.read.connect() as connection:
        codes = connection.scalar(select(func.sum(CodeBlock.last_serial - CodeBlock.first_serial + 1)))
        provinces = connection.scalars(select(Shipment.destination_adcode).distinct()).all()
        places = connection.scalars(select(Scan.adcode).distinct()).all()
        roles = connection.scalars(select(User.role)).all()
    assert codes == 1_000_000
    assert world.count(CodeBlock) < 100
    assert len(provinces) >= 20
    assert len(places) >= 300
    assert set(roles) == set(world.demo.logins) == {"brand", "investigator", "enterprise", "authority", "admin"}


def test_everybody_who_is_announced_can_sign_in(world):
    with world.db.read.connect() as connection:
        stored = {user.email: user.password_hash for user in connection.execute(select(User.email, User.password_hash))}
        secret = connection.scalar(select(Client.secret_hash).where(Client.client_id == world.demo.clients.client_id))
    for login in world.demo.logins.values():
        assert verify_password(stored[login.email], login.password)
    assert verify_password(secret, world.demo.clients.client_secret)


def test_no_scan_waits_in_the_spool(world):
    assert not list(world.settings.spool.glob("*.spool"))


@pytest.mark.parametrize("verdict", sorted(STAYS))
def test_the_page_says_its_word_now_and_later(world, verdict):
    """To phones of one household behind loopback; more of them only make a household the likelier."""
    assert set(world.visits(world.demo.codes[verdict], 2 if verdict == "caution" else 10)) == {verdict}


def test_first_is_first_once(world):
    assert world.visits(world.demo.codes["first"], 3) == ["first", "again", "again"]


def test_the_forwarded_page_has_not_been_opened(world):
    assert world.visits(world.demo.codes["shared_link"], 1) == ["first"]


def test_what_is_no_code_of_ours(world):
    assert read_code(world.demo.codes["unknown"], world.keys).kind == "forged"
    assert read_code(world.demo.codes["malformed"], world.keys).kind == "malformed"
    assert all(isinstance(read_code(world.demo.codes[verdict], world.keys), Code) for verdict in STAYS)


def test_cases_are_open_for_the_stories_and_for_nothing_else(world):
    with world.db.read.connect() as connection:
        kinds = connection.execute(select(Case.kind, func.count()).group_by(Case.kind)).all()
    assert dict(map(tuple, kinds)) == {"clone": 2, "diversion": 1, "prerelease": 1, "forged": 1}


def test_a_build_that_was_cut_off_is_mended_to_the_same_world_with_new_secrets(world, tmp_path):
    class CutOff(Exception):
        pass

    def stop_at_scans(step):
        if "month" in step:
            raise CutOff

    with open_home(tmp_path / "var") as home:
        with pytest.raises(CutOff):
            build_world(home, "http://127.0.0.1:8150", stop_at_scans, now=world.now)
        assert not home.ready
    again = World(tmp_path / "var", world.now)
    assert again.ready
    assert again.count(Scan) == world.count(Scan)
    assert again.count(Case) == world.count(Case)
    assert again.demo.logins["admin"].password != world.demo.logins["admin"].password
    assert again.demo.codes["first"] != world.demo.codes["first"]
