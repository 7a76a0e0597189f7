"""Many bags of one lot in a province it was not sent to (窜货, or copies of many codes).

Each first scan of a code of the lot in another province adds the evidence that bags do not get there by chance; each
one elsewhere takes a little away. Chance is learned: bags really sold elsewhere, phones on VPN, wrong addresses.
"""
from math import log

from webapp.detect import evidence
from webapp.detect.alert import Alert, Kind
from webapp.detect.boxes import ALONE, Siblings
from webapp.detect.clusters import Cell, Volume
from webapp.detect.event import DAY, BagFacts, Event
from webapp.detect.lots import Lot
from webapp.detect.rules import Rules
from webapp.detect.spread import Spread


class Away:
    def __init__(self, rules: Rules) -> None:
        self.rules, self.own = rules, rules.away
        self.volume = Volume(rules.clusters, rules.away.margin)
        self.spread = Spread()
        self._placed, self._off = 100.0, 100.0 * rules.away.share_prior

    def learn(self, lot: Lot, event: Event, bag: BagFacts, seen_elsewhere: bool, first: bool,
              box: Siblings = ALONE) -> Alert | None:
        """One witness of a code of `lot` at `event.city`: its first scan, or a later one of a code known elsewhere.
        Where nobody knows the destination, the place of its box is it."""
        province = event.city // 10000
        home = bag.home() or ((box.place,) if box.place else ())
        if not home or not province:
            return None
        if first:
            lot.placed += 1
            self._placed += 1
            self.volume.tick(event.at)
        if province in home:
            return None
        cell = lot.away.get(province)
        if cell is None:
            cell = lot.away[province] = Cell()
            cell.at_n = lot.placed - first
        if first and cell.hits < 3:  # a diversion must not teach us that it is usual
            self._off += 1
            self.spread.learn(province)
        cell.drain(log(1 - self.own.attack_share) * (lot.placed - first - cell.at_n))
        cell.at_n = lot.placed
        if not cell.source(event, self.rules.clusters.source_hours):
            return None
        cell.hits += 1
        cell.marks += seen_elsewhere
        cell.age += event.at - bag.shipped_at
        cell.boxed += box.together
        cell.strays += box.apart
        cell.c += self._gain(home, province, self.own.box_share if box.together else self.own.attack_share)
        cell.note(event.serial, self.rules.clusters.codes_kept)
        return self._alert(lot, bag, province, cell, event)

    def far_chance(self) -> float:
        """Chance that a witness is placed in a wrong province: what is off destination beyond the bags that are."""
        return min(self.own.far_max, self._off / self._placed - self.own.bags_off)

    def _gain(self, home: tuple[int, ...], province: int, share: float) -> float:
        own = self.own
        off = min(own.share_max, max(own.share_min, self._off / self._placed))
        chance = off * self.spread.share(province) / max(0.2, 1 - sum(map(self.spread.share, home)))
        return log(1 - share + share / max(1e-4, chance))

    def copied(self, cell: Cell) -> bool:
        """Enough of its codes were seen elsewhere before: bags that moved are seen in one place. Or their boxes are
        somewhere else: goods are moved by the box."""
        own = self.own
        return (cell.marks >= own.copies_seen and cell.marks >= own.copies_share * cell.hits) or (
            cell.strays >= own.copies_seen and cell.strays > cell.boxed)

    def old(self, cell: Cell) -> bool:
        """On average its bags should be used up."""
        return cell.hits > 0 and cell.age > cell.hits * self.own.old_days * DAY

    def _alert(self, lot: Lot, bag: BagFacts, province: int, cell: Cell, event: Event) -> Alert | None:
        own = self.own
        few = cell.sources < own.sources or len(cell.codes) < own.sources
        if few or cell.c < self.volume.threshold() or event.at < cell.muted:
            return None
        cell.muted = event.at + self.rules.clusters.mute_days * DAY
        copies, old = self.copied(cell), bool(bag.shipped_at) and self.old(cell)
        words = [
            evidence.cluster(
                f"{cell.sources} 部互不相关的手机在目的地以外的同一省份查询了该批次的 {len(cell.codes)} 个码",
                f"{cell.sources} unrelated phones checked {len(cell.codes)} codes of this lot in one province it was "
                "not sent to", cell.c),
        ]
        if cell.marks:
            words.append(evidence.cluster(f"其中 {cell.marks} 次的码此前已在别处查询过",
                                          f"{cell.marks} of these codes had been checked elsewhere before", 0.0))
        if cell.boxed:
            words.append(evidence.cluster(
                f"其中 {cell.boxed} 袋的同箱各袋也都在此地被查询：整箱到了这里",
                f"{cell.boxed} of these bags lay in boxes whose other bags were checked here too: whole boxes came",
                0.0))
        if cell.strays:
            words.append(evidence.cluster(
                f"其中 {cell.strays} 袋的同箱各袋却在别处被查询",
                f"{cell.strays} of these bags lay in boxes whose other bags were checked elsewhere", 0.0))
        if old:
            days = cell.age / cell.hits / DAY
            words.append(evidence.cluster(
                f"发货后平均 {days:.0f} 天，早该用完",
                f"on average {days:.0f} days after shipment: its bags should be used up", 0.0))
        kind = Kind.MULTIUSE if copies else Kind.OLD_BATCH if old else Kind.DIVERSION
        return Alert(kind, event.at, round(cell.c, 2), "case", tuple(words),
                     lot=lot.id, area=province * 10000, serials=tuple(cell.codes))
