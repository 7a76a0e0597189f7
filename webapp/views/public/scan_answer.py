"""From one visit to a code's address to its answer; the Flask view and the lane in front of it both call this.

read code -> look up -> observe -> judge -> keep -> page
"""
from collections.abc import Sequence

from webapp.detect.pipeline import REGISTRY_AWAY, Judgement
from webapp.scanlog.observer import Observation
from webapp.scanlog.scan import MAX_AT, MIN_AT, Scan, encode, scan_id
from webapp.scanlog.spool import Spool
from webapp.verify.code import BadCode, Code, read_code
from webapp.verify.facts import Bag
from webapp.verify.lookup import Lookup, RegistryAway
from webapp.verify.verdict import Verdict
from webapp.views.headers import Answer
from webapp.views.public.parts import Parts
from webapp.views.public.refusal_page import VERDICT_OF
from webapp.views.public.scan_page import Told
from webapp.views.visitor import Visit

OK, BAD_REQUEST, NOT_FOUND = "200 OK", "400 Bad Request", "404 Not Found"


def answer(visit: Visit, text: str, parts: Parts) -> Answer:
    """`text` is what stands in the address."""
    return answers([(visit, text)], parts)[0]


def answers(asked: Sequence[tuple[Visit, str]], parts: Parts) -> list[Answer]:
    """Visits that came at the same time, answered in order, with one question to Valkey and one to the disk. What is
    not our code is answered before anything else is asked."""
    read = [read_code(text, parts.keys.codes) for _, text in asked]
    scans = [(visit, code) for (visit, _), code in zip(asked, read, strict=True) if not isinstance(code, BadCode)]
    told = iter(_told(scans, parts) if scans else ())
    return [_refusal(visit, code, parts) if isinstance(code, BadCode) else next(told)
            for (visit, _), code in zip(asked, read, strict=True)]


def _told(scans: list[tuple[Visit, Code]], parts: Parts) -> list[Answer]:
    ended = parts.metrics.watch()
    bags = _bags(parts.lookup, scans)
    ended("look_up")
    seen = parts.observer.observe_all([(_scan(visit, code.serial), visit.counted) for visit, code in scans])
    if not parts.lookup.agrees(seen[-1].registry_version):
        bags = _bags(parts.lookup, scans)  # somebody changed the registry since we read it
    ended("observe")
    judged = [REGISTRY_AWAY if bag is None else parts.judge(bag, one) for bag, one in zip(bags, seen, strict=True)]
    ended("judge")
    recorded = _kept([visit.counted for visit, _ in scans], seen, judged, parts.spool)
    ended("keep")
    made = [_page(visit, code, bag, one, judgement, kept, parts) for (visit, code), bag, one, judgement, kept
            in zip(scans, bags, seen, judged, recorded, strict=True)]
    ended("page")
    return made


def _page(visit: Visit, code: Code, bag: Bag | None, seen: Observation, judgement: Judgement, recorded: bool,
          parts: Parts) -> Answer:
    degraded = _degraded(bag, seen)
    parts.metrics.scan_told(judgement.verdict, recorded or not visit.counted, degraded)
    told = Told(code.text, visit.at_us, judgement, bag, seen.history, degraded, recorded,
                notice=visit.counted and not recorded)
    status = NOT_FOUND if judgement.verdict is Verdict.UNKNOWN else OK
    if visit.wants_json:
        return _answer(visit, status, parts.headers.json, parts.json.body(visit.language, told))
    return _answer(visit, status, parts.headers.html, parts.pages.page(visit.language, told))


def _refusal(visit: Visit, bad: BadCode, parts: Parts) -> Answer:
    """No query, no key, no row: a page, and counts in memory."""
    parts.metrics.scan_told(VERDICT_OF[bad.kind], True, ())
    if bad.kind == "forged":
        parts.wrong_codes.count(visit, bad.text)
    status = NOT_FOUND if bad.kind == "forged" else BAD_REQUEST
    if visit.wants_json:
        return Answer(status, parts.headers.json, parts.refusals.json(visit.language, bad))
    return Answer(status, parts.headers.html, parts.refusals.page(visit.language, bad))


def _bags(lookup: Lookup, scans: list[tuple[Visit, Code]]) -> list[Bag | None]:
    if len(scans) > 1:
        lookup.get_ready(code.serial for _, code in scans)
    return [_bag(lookup, code.serial) for _, code in scans]


def _bag(lookup: Lookup, serial: int) -> Bag | None:
    try:
        return lookup.bag(serial)
    except RegistryAway:
        return None


def _scan(visit: Visit, serial: int) -> Scan:
    place = visit.located
    return Scan(
        scan_id(visit.device, serial, visit.at_us), visit.at_us, serial, visit.device, visit.network, place.adcode,
        place.source, place.radius_km, visit.agent, visit.wifi, place.hosting, visit.shared, visit.role, "")


def _kept(counted: list[bool], seen: list[Observation], judged: list[Judgement], spool: Spool) -> list[bool]:
    """Which of these visits are on record. A time nobody can mean (a clock that was never set) would be set aside by
    the worker: no promise then."""
    records = [
        encode(one.scan, judgement.verdict) if counts and not one.kept and MIN_AT <= one.scan.at < MAX_AT else None
        for counts, one, judgement in zip(counted, seen, judged, strict=True)]
    new = [record for record in records if record is not None]
    safe = bool(new) and spool.append(*new)
    return [counts and (one.kept or record is not None and safe)
            for counts, one, record in zip(counted, seen, records, strict=True)]


def _degraded(bag: Bag | None, seen: Observation) -> tuple[str, ...]:
    """What this answer had to do without."""
    weighed = seen.ledger is not None and not seen.late
    if weighed and bag is not None and not bag.stale:
        return ()
    registry = ("registry",) if bag is None or bag.stale else ()
    if seen.history is None:
        return ("history", *registry)
    return registry if weighed else ("evidence", *registry)


def _answer(visit: Visit, status: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
    if visit.set_cookie is not None:
        headers = [*headers, ("Set-Cookie", visit.set_cookie)]
    return Answer(status, headers, body)
