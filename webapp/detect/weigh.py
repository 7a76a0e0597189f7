"""How one more visit changes a code's ledger, and what the ledger then says: pure functions of 64 bytes and a visit."""
from math import cos, exp, lgamma, log, radians
from typing import NamedTuple

from webapp.detect.event import DAY, MOBILE, WIFI, Event
from webapp.detect.ledger import Ledger
from webapp.detect.rules import LedgerRules

HOUR = 3600
AGAIN, SHARED, FLOODED, WITNESS, CRAWLED = "again", "shared", "flooded", "witness", "crawled"
NO_LINE, SAME_LINE, OTHER_LINE, FIRST_LINE = "no_line", "same_line", "other_line", "first_line"
LAT_STEP, LON_STEP = 36.0 / 65535, 62.0 / 65535  # a phone's position in 2 x 16 bits: 60-90 m, over China
KM_A_DEGREE = 111.2
LN_2 = log(2.0)
FAST, SLOW, SLOW_SHARE = 4.0, 0.5, 0.2  # openings of a forwarded page a day: most at once, a fifth over days


class Step(NamedTuple):
    """What a visit was for its code. `lag`: days since the first scan; `line`: its network among earlier ones."""

    kind: str
    lag: float = 0.0
    line: str = NO_LINE
    far: bool = False


_AGAIN, _SHARED, _FLOODED = Step(AGAIN), Step(SHARED), Step(FLOODED)


def fold(ledger: Ledger, event: Event, crowded: bool, certain: bool, trust: float, rules: LedgerRules) -> Step:
    """Put `event` into `ledger`. `crowded`: many strangers share its network; `certain`: it is known to be somebody's
    own line; `trust` 0..1: share markers work here."""
    at = int(event.at)
    if ledger.scans == 0:
        ledger.first = at
    ledger.scans += 1
    if at > ledger.last:
        ledger.last = at
    phone = event.device & 0xFFFF or 1
    phones = ledger.phones
    if phone in phones:
        return _AGAIN
    hours = max(0, (at - ledger.first) // HOUR)
    if event.shared:
        if ledger.links < 255:
            ledger.links += 1
        _, _ = _burst(ledger, hours, rules)
        ledger.forwarded = max(_floor(ledger, rules), ledger.forwarded - rules.marked_link)
        ledger.viral = max(_floor(ledger, rules), ledger.viral - rules.marked_link)
        return _SHARED
    phones.pop()
    phones.insert(0, phone)
    line = _line(ledger, event, crowded, certain)
    if line is NO_LINE or (not certain and line is not SAME_LINE):
        if ledger.mobile >= rules.mobile_free + rules.mobile_per_fixed * ledger.fixed:
            return _FLOODED
        ledger.mobile += 1
    if line is not SAME_LINE:  # a known line is the same home, or one person with many pseudonyms
        ledger.people += 1
    if ledger.people == 1 and line is not SAME_LINE:
        ledger.burst = hours
        _count_place(ledger, event, line)
        _keep_point(ledger, event)
        return Step(WITNESS, 0.0, line)
    lag = max(0.0, (at - ledger.first) / DAY)
    far = _weigh(ledger, event, line, lag, hours, trust, rules)
    _count_place(ledger, event, line)
    _keep_point(ledger, event)
    return Step(WITNESS, lag, line, far)


def _line(ledger: Ledger, event: Event, crowded: bool, certain: bool) -> str:
    if event.link == MOBILE or not event.network or (crowded and event.link != WIFI):
        return NO_LINE
    net = event.network & 0xFFFF or 1
    if net in ledger.nets:
        return SAME_LINE
    known = ledger.nets[0]
    ledger.nets.pop()
    ledger.nets.insert(0, net)
    ledger.fixed += certain
    return OTHER_LINE if known else FIRST_LINE


def _floor(ledger: Ledger, rules: LedgerRules) -> float:
    """How much a page that was forwarded may speak for that: else marked openings would vouch for a code for ever."""
    return rules.marked_limit - rules.marked_more * ledger.links


def _count_place(ledger: Ledger, event: Event, line: str) -> None:
    if not event.city or line is SAME_LINE:  # a stored line repeats its own error
        return
    city, counts = event.city // 100, ledger.counts
    for i, known in enumerate(ledger.cities):
        if known == city:
            counts[i] = min(255, counts[i] + 1)
            return
        if not known:
            ledger.cities[i], counts[i] = city, 1
            return
    ledger.over = min(65535, ledger.over + 1)  # beyond four cities: only how many


def _keep_point(ledger: Ledger, event: Event) -> None:
    if event.point and not ledger.lat:
        lat, lon = event.point
        if 18 <= lat <= 54 and 73 <= lon <= 135:
            ledger.lat, ledger.lon = round((lat - 18) / LAT_STEP) or 1, round((lon - 73) / LON_STEP)


def _burst(ledger: Ledger, hours: int, rules: LedgerRules) -> tuple[float, float]:
    """-> (nats against one more opening of the running burst, days since its start); starts a new one if that is
    the better explanation."""
    age = max(0, hours - ledger.burst) / 24.0  # below 0 when a clock was wrong
    if age < rules.burst_days:
        rate = (1 - SLOW_SHARE) * FAST * exp(-FAST * age) + SLOW_SHARE * SLOW * exp(-SLOW * age)
        cost = log(rules.burst_rate / rate)
        if cost < rules.burst_over:
            return max(rules.burst_floor, cost), age
    ledger.burst = hours
    return rules.burst_new, 0.0


def _weigh(ledger: Ledger, event: Event, line: str, lag: float, hours: int, trust: float, rules: LedgerRules) -> bool:
    more = rules.household_more
    late = 0
    for limit in rules.lag_days:
        if lag < limit:
            break
        late += 1
    household = rules.lag_nats[late]
    if line is not SAME_LINE:
        household += log(rules.more_people / more[min(ledger.people, len(more) + 1) - 2])
    display = opened = rules.crowd_people
    if line is SAME_LINE:
        household += rules.known_network
        display += rules.known_network_display
    elif line is OTHER_LINE:
        household += rules.third_network if ledger.nets[2] else rules.second_network
        display += rules.other_network_display
    elif event.link == MOBILE:
        display += rules.mobile_display
    far, viral = False, 0.0
    if event.city and line is not SAME_LINE:
        main = main_city(ledger)
        far = bool(main) and event.city // 10000 != main // 100
        viral = rules.viral_same_city if event.city // 100 in ledger.cities else rules.viral_new_city
    if event.point and ledger.lat:
        if _km(ledger, event.point) <= rules.near_km:
            household += rules.near_household
            display += rules.near_display
        else:
            household += rules.away_household
            display += rules.away_display
    burst, _ = _burst(ledger, hours, rules)
    unmarked = -trust * log(1 - rules.marked_share)
    app = rules.wechat_forwarded if event.wechat else rules.other_app_forwarded
    opened += burst + unmarked + app
    ledger.household += household
    ledger.display += display
    ledger.forwarded = max(_floor(ledger, rules), ledger.forwarded + min(opened, household))
    ledger.viral += viral + burst + unmarked + app
    return far


def main_city(ledger: Ledger) -> int:
    """The city (adcode // 100) most witnesses came from; 0 = nobody located yet."""
    counts = ledger.counts
    return ledger.cities[counts.index(max(counts))]


def main_counts(ledger: Ledger) -> tuple[int, int]:
    """-> witnesses placed in the province most came from, and in others."""
    total, best = ledger.over, 0
    cities, counts = ledger.cities, ledger.counts
    for i in range(4):
        count = counts[i]
        if not count:
            break
        total += count
        province, here = cities[i] // 100, 0
        for j in range(4):
            if cities[j] // 100 == province:
                here += counts[j]
        best = max(best, here)
    return best, total - best


def place_evidence(ledger: Ledger, far_chance: float) -> float:
    """ln P(provinces | copies: any mix) - ln P(provinces | all in one, but `far_chance` of each)."""
    same, away = main_counts(ledger)
    if same + away < 2:
        return 0.0
    copies = lgamma(2.0 + same) + lgamma(1.0 + away) - lgamma(3.0 + same + away) + LN_2
    return copies - (same - 1) * log(1 - far_chance) - away * log(far_chance)


def _km(ledger: Ledger, point: tuple[float, float]) -> float:
    lat, lon = 18 + ledger.lat * LAT_STEP, 73 + ledger.lon * LON_STEP
    north, east = point[0] - lat, (point[1] - lon) * cos(radians(lat))
    return KM_A_DEGREE * (north * north + east * east) ** 0.5


def explanations(ledger: Ledger, destination: int, open_there: bool, rules: LedgerRules,
                 far_chance: float = 0.0) -> dict[str, float]:
    """X of every innocent explanation: nats by which copies explain the scans better. `far_chance`: learned chance that
    a scan is placed in a wrong province."""
    one_place = place_evidence(ledger, max(rules.far_household, far_chance))
    household, display = ledger.household + one_place, ledger.display + one_place
    forwarded = ledger.forwarded + place_evidence(ledger, max(rules.far_forwarded, far_chance))
    if destination and not open_there and ledger.people and outside(ledger, destination):
        household += rules.off_household
        display += rules.off_display
        forwarded += rules.off_forwarded
    span = (ledger.last - ledger.first) / DAY
    if span >= 60:
        display += rules.span_display_90 if span >= 90 else rules.span_display_60
    return {"household": household, "display": display, "forwarded": forwarded, "viral": ledger.viral}


def outside(ledger: Ledger, destination: int) -> bool:
    """The code's main city lies outside its destination, where few people have it."""
    main = main_city(ledger)
    if not main or main // 100 == destination:
        return False
    there = sum(c for city, c in zip(ledger.cities, ledger.counts, strict=True) if city // 100 == destination)
    return 3 * there < max(ledger.counts)


def score(ledger: Ledger, destination: int, open_there: bool, rules: LedgerRules, far_chance: float = 0.0) -> float:
    """S, the evidence for copying that no innocent explanation takes away."""
    if ledger.people < 2:
        return 0.0
    x = explanations(ledger, destination, open_there, rules, far_chance)
    return -log(
        rules.weight_household * exp(-_clamp(x["household"])) + rules.weight_display * exp(-_clamp(x["display"]))
        + rules.weight_forwarded * exp(-_clamp(x["forwarded"])) + rules.weight_viral * exp(-_clamp(x["viral"])))


def independent(ledger: Ledger, rules: LedgerRules) -> bool:
    """Enough witnesses on enough lines to call a bag copied. A code that is hammered by few phones needs twice as many:
    somebody wants it to turn red."""
    hammered = ledger.scans > rules.hammered_scans + rules.hammered_per_person * ledger.people
    times = 2 if hammered else 1
    return ledger.people >= times * rules.alert_people and ledger.fixed >= times * rules.alert_networks


def _clamp(x: float) -> float:
    return 50.0 if x > 50.0 else -50.0 if x < -50.0 else x
