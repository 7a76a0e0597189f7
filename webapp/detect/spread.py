"""How bags of other destinations spread over the provinces by chance: the learned background of the away detector."""
from webapp.places import PROVINCE_TABLE

PRIOR_WEIGHT = 100.0


class Spread:
    """Share of scans by province (adcode // 10000): the census first, then what is seen."""

    def __init__(self) -> None:
        people = sum(p.population for p in PROVINCE_TABLE)
        self._seen = {p.adcode // 10000: PRIOR_WEIGHT * p.population / people for p in PROVINCE_TABLE}
        self._all = PRIOR_WEIGHT

    def learn(self, province: int) -> None:
        self._seen[province] = self._seen.get(province, 0.0) + 1
        self._all += 1

    def share(self, province: int) -> float:
        return max(1e-3, self._seen.get(province, 0.0) / self._all)
