"""The usual second look at a bag, told without weighing: a short cut of the scan page, never another answer.

Most codes that are looked at twice are looked at by the same home. S is at most the nats against *household* (less the
logarithm of its weight), and these are bounded for a second person who is not farther away than the first one.
"""
from math import log
from struct import Struct

from webapp.detect.ledger import ALERTED, CAUTIONED, SIZE
from webapp.detect.rules import Rules

# Of a ledger: people, flags, first city, second network, nats against household.
_GLANCE = Struct("<10xHxB2xH22xH8xh")
_MOST_FAR_CHANCE = 0.5  # below it, two people in one province speak for one household


def second_cannot_matter(rules: Rules) -> bool:
    """Whether by these rules no second person in the first one's province can lift S to `caution`."""
    own = rules.ledger
    household = max(own.lag_nats) + log(own.more_people / own.household_more[0]) + max(own.second_network, 0.0)
    return household - log(own.weight_household) < min(rules.verdict.caution, rules.verdict.suspect) \
        and own.far_household < _MOST_FAR_CHANCE


def is_usual(ledger: bytes, adcode: int, destination: int, far_chance: float) -> bool:
    """Whether a visit from `adcode` (0 = unlocated) to the code with this whole ledger is such a second look, with no
    cluster open. `destination`: adcode // 10000, 0 = not known."""
    if len(ledger) != SIZE or far_chance >= _MOST_FAR_CHANCE:
        return False
    people, flags, city, second_network, household = _GLANCE.unpack_from(ledger)
    now = adcode // 10000
    home = city // 100 or now  # where the first visit was not located, the code's home is where it is looked at now
    return bool(people <= 1 and not flags & (ALERTED | CAUTIONED) and not second_network and household <= 0
                and (not home or not destination or home == destination) and (not now or now == home))
