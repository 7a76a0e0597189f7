"""Codes scanned before their lot left the producer (提前出现): codes leaked, or the shipment was recorded late."""
from math import inf

from webapp.detect import evidence
from webapp.detect.alert import Alert, Kind
from webapp.detect.event import DAY, BagFacts, Event
from webapp.detect.lots import Lot
from webapp.detect.rules import Rules

TIMES_KEPT = 200  # of one lot in one province


class Leak:
    def __init__(self, rules: Rules) -> None:
        self.own = rules.leak

    def early(self, bag: BagFacts, event: Event) -> bool:
        return bool(bag.shipped_at) and event.at < bag.shipped_at - self.own.grace_hours * 3600

    def learn(self, lot: Lot, event: Event, bag: BagFacts) -> Alert | None:
        """The first witness of a code before shipment."""
        province = event.city // 10000
        source = event.device & 0xFFFFFFFF
        if source in lot.early_sources or (event.network and -event.network in lot.early_sources):
            return None
        lot.early_sources.add(source)
        if event.network and event.link:
            lot.early_sources.add(-event.network)
        times = lot.early.setdefault(province, [])
        times.append(event.at)
        lot.early_serials.append(event.serial)
        del lot.early_serials[:-60], times[:-TIMES_KEPT]
        own, days = self.own, (bag.shipped_at - event.at) / DAY
        here, untold = len(times), sum(len(early) for place, early in lot.early.items() if place not in lot.leaked)
        if not province or province in lot.leaked or here < own.share * untold:
            return None
        home = province in bag.home()
        early = sum(1 for at in times if at < bag.shipped_at - own.record_gap_days * DAY)
        leaked = not home or early >= own.sources
        needed = own.sources_away if leaked and not home and days > own.away_days else own.sources
        if bag.shipped_at == inf or lot.leaked:  # the record may be late; a bag of a known leak may travel
            needed = own.sources
        if here < needed or (lot.leaked and here < own.stray_share * sum(map(len, lot.early.values()))):
            return None
        if leaked:
            lot.leaked.add(province)
        elif lot.leaked or here > needed:
            return None
        zh, en = (f"发货前 {days:.0f} 天", f"{days:.0f} days before it was shipped") if days < inf else (
            "没有发货记录时", "before there was any record of its leaving")
        words = (evidence.cluster(
            f"{zh}，已有 {here} 部不同手机在同一省份查询该批次的码",
            f"{here} different phones in one province checked codes of this lot {en}", 4.0 * here),)
        return Alert(Kind.PRERELEASE if leaked else Kind.RECORD_GAP, event.at, 4.0 * here, "case" if leaked else "info",
                     words, lot=lot.id, area=province * 10000, serials=tuple(lot.early_serials))
