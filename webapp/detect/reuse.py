"""Codes on the market a second time where they were sold (旧码回流): two kinds of evidence that tell one story.

Second users who come weeks after the first (again.py) and first scans of bags that should be used up (late.py, inside
the destination) hardly convince alone; in one city or province at one time they add up. The threshold grows with the
volume of first scans, so that false alarms keep their wanted interval.
"""
from webapp.detect import evidence
from webapp.detect.again import Again
from webapp.detect.alert import Alert, Kind
from webapp.detect.clusters import Cell
from webapp.detect.event import DAY, Event
from webapp.detect.late import Late
from webapp.detect.rules import Rules

NOTHING = Cell()


def reuse(late: Late, again: Again, event: Event, rules: Rules) -> Alert | None:
    """The alert that a late first scan or a late second user at `event.city` completes, if it does."""
    province = event.city // 10000 * 10000
    return _judge(late, again, province, event, rules) or (
        _judge(late, again, event.city, event, rules) if event.city != province else None)


def _judge(late: Late, again: Again, area: int, event: Event, rules: Rules) -> Alert | None:
    own = rules.reuse
    firsts, seconds = late.cells.get((area, True), NOTHING), again.cells.get(area, NOTHING)
    nats = firsts.c + seconds.c
    if nats < own.strongest_lot or event.at < max(firsts.muted, seconds.muted):
        return None
    if nats < late.volume.threshold() + own.margin:
        return None
    codes = (*seconds.codes, *(serial for serial in firsts.codes if serial not in seconds.codes))
    most = max(firsts.by_lot.values(), default=0.0)
    if len(codes) < own.codes or nats - most < own.strongest_lot:
        return None  # one lot, at its destination: slow stock
    for cell in (firsts, seconds):
        if cell is not NOTHING:
            cell.muted = event.at + rules.clusters.mute_days * DAY
    words = []
    if seconds.hits:
        words.append(evidence.cluster(
            f"{len(seconds.codes)} 个码在首次查询一个月以后又被陌生人在同一地区查询",
            f"{len(seconds.codes)} codes were checked by a stranger more than a month after their first check, in one "
            "area", seconds.c))
    if firsts.hits:
        words.append(evidence.cluster(
            f"{firsts.hits} 个早该用完的码在此地首次被查询，涉及 {len(firsts.by_lot)} 个批次",
            f"{firsts.hits} codes whose bags should be used up were checked here for the first time, from "
            f"{len(firsts.by_lot)} lots", firsts.c))
    return Alert(Kind.REUSE, event.at, round(nats, 2), "case", tuple(words), area=area,
                 serials=codes[: rules.clusters.codes_kept])
