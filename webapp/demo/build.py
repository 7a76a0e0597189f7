"""Builds the whole demo world in its folder, or leaves a mark that says it was cut off."""
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from webapp.db import Database
from webapp.demo.announce import demo_of, write_demo
from webapp.demo.geoip import build_geoip
from webapp.demo.home import Home
from webapp.demo.incidents import recall_and_void
from webapp.demo.logins import add_client, add_logins
from webapp.demo.lots import plan_lots
from webapp.demo.registry import Registry, fill_registry
from webapp.demo.samples import sample_codes, sample_serials
from webapp.demo.scans import ordinary_scans
from webapp.demo.spooled import detect_all, ship_all, spool_visits
from webapp.demo.stories import Story, forged_codes, tell_stories
from webapp.detect.rules import load_rules
from webapp.geolocate import Geolocator
from webapp.keys import CodeKeys, create_keys
from webapp.migrate import upgrade
from webapp.settings import Settings, load_settings
from webapp.verify.china_day import microseconds
from webapp.verify.lookup import Lookup

SEED = 7
Report = Callable[[str], object]


def demo_settings(home: Path) -> Settings:
    """Everything inside the folder, whatever the environment says: a demo never reaches anybody's real database."""
    return load_settings(
        home=home, database_url="", replica_url="", redis_url="", geoip_db=None, keys_file=None,
        spool_dir=None)


def build_world(home: Home, base_url: str, report: Report, seed: int = SEED, now: datetime | None = None) -> None:
    """Make the folder's content anew; `report` gets a line a step. The folder is marked ready only at the very end."""
    now = now or datetime.now(UTC)
    home.begin()
    settings = demo_settings(home.path)
    db = Database(settings)
    try:
        report("keys, tables, GeoIP file")
        keys = create_keys(settings.keys, demo=True)
        upgrade(db)
        build_geoip(settings.geoip)
        registry = fill_registry(db, keys, plan_lots(seed, now), seed, now, report)
        report("people")
        logins, client = add_logins(db, now), add_client(db, now)
        stories = tell_stories(seed, registry.issued, microseconds(now))
        _keep_scans(settings, db, keys.codes, registry, stories, seed, now, report)
        report("a recall and a void code")
        serials = sample_serials(registry.issued, stories, registry.waiting[0])
        recall_and_void(db, registry.issued, serials, now)
        codes = sample_codes(serials, registry.waiting[1], keys.codes)
        write_demo(home.path, demo_of(base_url, codes, logins, client))
    finally:
        db.close()
    home.finish()


def _keep_scans(settings: Settings, db: Database, keys: CodeKeys, registry: Registry, stories: list[Story], seed: int,
                now: datetime, report: Report) -> None:
    report("a month of scans")
    visits = [*ordinary_scans(seed, registry.issued, microseconds(now)),
              *(visit for story in stories for visit in story.visits)]
    wrong = forged_codes(seed, registry.issued[-1].last, keys, microseconds(now))
    lookup, rules = Lookup(db, held=100_000), load_rules()
    lookup.agrees(0)  # nobody changes the registry meanwhile: what was read stays good
    kept = spool_visits(visits, wrong, settings.spool, lookup, Geolocator(settings.geoip), rules)
    report(f"{kept:,} scans into the database")
    ship_all(settings, db, lookup)
    report("what the detectors find in them")
    detect_all(db, lookup, rules, microseconds(now))
