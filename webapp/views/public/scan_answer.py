"""From one visit to a code's address to its answer; the Flask view and the lane in front of it both call this.

read code -> look up -> observe -> judge -> keep -> page
"""
from webapp.detect.pipeline import REGISTRY_AWAY
from webapp.scanlog.observer import Observation
from webapp.scanlog.scan import MAX_AT, MIN_AT, Scan, encode, scan_id
from webapp.verify.code import BadCode, read_code
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
    """`text` is what stands in the address. What is not our code is answered before anything else is asked."""
    code = read_code(text, parts.keys.codes)
    if isinstance(code, BadCode):
        return _refusal(visit, code, parts)
    ended = parts.metrics.watch()
    bag = _bag(parts.lookup, code.serial)
    ended("look_up")
    seen = parts.observer.observe(_scan(visit, code.serial), visit.counted)
    if not parts.lookup.agrees(seen.registry_version):
        bag = _bag(parts.lookup, code.serial)  # somebody changed the registry since we read it
    ended("observe")
    judgement = REGISTRY_AWAY if bag is None else parts.judge(bag, seen)
    ended("judge")
    recorded = visit.counted and (seen.kept or _keep(seen.scan, judgement.verdict, parts))
    ended("keep")
    degraded = _degraded(bag, seen)
    parts.metrics.scan_told(judgement.verdict, recorded or not visit.counted, degraded)
    told = Told(code.text, visit.at_us, judgement, bag, seen.history, degraded, recorded,
                notice=visit.counted and not recorded)
    status = NOT_FOUND if judgement.verdict is Verdict.UNKNOWN else OK
    if visit.wants_json:
        made = _answer(visit, status, parts.headers.json, parts.json.body(visit.language, told))
    else:
        made = _answer(visit, status, parts.headers.html, parts.pages.page(visit.language, told))
    ended("page")
    return made


def _refusal(visit: Visit, bad: BadCode, parts: Parts) -> Answer:
    """No query, no key, no row: a page, and counts in memory."""
    parts.metrics.scan_told(VERDICT_OF[bad.kind], True, ())
    if bad.kind == "forged":
        parts.wrong_codes.count(visit, bad.text)
    status = NOT_FOUND if bad.kind == "forged" else BAD_REQUEST
    if visit.wants_json:
        return Answer(status, parts.headers.json, parts.refusals.json(visit.language, bad))
    return Answer(status, parts.headers.html, parts.refusals.page(visit.language, bad))


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


def _keep(scan: Scan, verdict: Verdict, parts: Parts) -> bool:
    """A time nobody can mean (a clock that was never set) would be set aside by the worker: no promise then."""
    return MIN_AT <= scan.at < MAX_AT and parts.spool.append(encode(scan, verdict))


def _degraded(bag: Bag | None, seen: Observation) -> tuple[str, ...]:
    """What this answer had to do without."""
    if seen.ledger is not None and bag is not None and not bag.stale:
        return ()
    registry = ("registry",) if bag is None or bag.stale else ()
    if seen.history is None:
        return ("history", *registry)
    return registry if seen.ledger is not None else ("evidence", *registry)


def _answer(visit: Visit, status: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
    if visit.set_cookie is not None:
        headers = [*headers, ("Set-Cookie", visit.set_cookie)]
    return Answer(status, headers, body)
