"""Second users: a few copies each of many codes show as strangers who check a bag that somebody else already checked.

How likely a household's own second phone is so late, and on such a line, comes from the tables in rules.toml; a
stranger is likely at any time. The evidence adds up by lot, because each code alone has hardly any.
"""
from webapp.detect.clusters import Cell, Volume, mixture
from webapp.detect.event import Event
from webapp.detect.lots import Lot
from webapp.detect.rules import Rules
from webapp.detect.weigh import NO_LINE, SAME_LINE, Step


class Second:
    def __init__(self, rules: Rules) -> None:
        self.rules, self.own = rules, rules.second
        self.volume = Volume(rules.clusters, rules.second.margin)
        self._bins = rules.ledger.lag_days

    def nats(self, step: Step, linked: bool) -> float:
        """Evidence of one second user, before it is mixed with chance."""
        own = self.own
        if step.line is SAME_LINE:
            return own.known_nats
        late = 0
        for limit in self._bins:
            if step.lag < limit:
                break
            late += 1
        nats = (own.mobile_nats if step.line is NO_LINE else own.wifi_nats)[late]
        if step.far:
            nats = own.known_nats if linked else max(nats, own.far_nats)
        return nats

    def learn(self, lot: Lot, event: Event, step: Step, linked: bool) -> float:
        """Adds a second user to the lot's cell; returns the evidence, for cells of places."""
        nats = self.nats(step, linked)
        self.volume.tick(event.at)
        add(lot.second, mixture(nats, self.own.attack_share), event, self.rules, lot.id)
        return nats

    def over(self, cell: Cell, surplus: float, at: float) -> bool:
        """The lot's second users and the bags it has too many of tell one story: their evidence adds up."""
        return at >= cell.muted and cell.c + surplus >= self.volume.threshold() and (
            len(cell.codes) >= self.own.codes or surplus >= self.own.surplus_alone)


def add(cell: Cell, nats: float, event: Event, rules: Rules, lot: int, named: float = 0.0) -> None:
    """One more observation for a cell; the same source again can only take away. Its code is named in an alert from
    `named` nats on."""
    if nats > 0:
        if event.serial in cell.codes or not cell.source(event, rules.clusters.source_hours):
            return
        cell.hits += 1
        if nats >= named:
            cell.note(event.serial, rules.clusters.codes_kept)
        cell.lots[lot] = cell.lots.get(lot, 0) + 1
        cell.by_lot[lot] = cell.by_lot.get(lot, 0.0) + nats
    cell.drain(nats)
