"""What a test result must be (GB 2721-2015 edible salt, GB 26878-2011 iodine): value in, failed or not and the limit.

Salt is low-sodium (低钠盐) when its name or grade says so, or when the laboratory found at least 1 g/100 g of KCl in
the lot: ordinary salt has only traces, so whoever put that much in must keep to the rules of low-sodium salt.
"""
import re
from typing import NamedTuple

# Factors to mg/kg, the unit in which everything is compared. "%" of salt is by mass.
TO_MG_KG = {
    "mg/kg": 1.0, "ppm": 1.0, "µg/g": 1.0, "ug/g": 1.0, "μg/g": 1.0, "µg/kg": 0.001, "ug/kg": 0.001, "μg/kg": 0.001,
    "mg/100g": 10.0, "g/kg": 1_000.0, "g/100g": 10_000.0, "%": 10_000.0,
}
WHITENESS_UNITS = ("度", "degree", "degrees", "%")
MAX_MG_KG = 1_000_000.0
KCL_ON_PURPOSE = 10_000.0  # mg/kg
LOW_SODIUM_WORDS = re.compile(r"低钠|减钠|(low|reduced)[- ]?sodium", re.IGNORECASE)
METALS = {"lead": 1.0, "arsenic": 0.5, "mercury": 0.1, "cadmium": 0.5, "barium": 15.0}  # mg/kg, highest allowed


class Limit(NamedTuple):
    """Allowed from `low` to `high` mg/kg, both in (`below`: high is out); `text` is how a label would say it."""

    low: float
    high: float
    text: str
    below: bool = False

    def allows(self, mg_kg: float) -> bool:
        # Rounded, because 0.97 kg/kg times a factor must not fail by the last bit of a float.
        value = round(mg_kg, 6)
        return self.low <= value < self.high if self.below else self.low <= value <= self.high


def named_low_sodium(*names: str | None) -> bool:
    """Whether a product's names or grade say that it is low-sodium salt."""
    return any(name and LOW_SODIUM_WORDS.search(name) for name in names)


def limit_of(item: str, iodised: bool, low_sodium: bool) -> Limit | None:
    """The limit of one item in such salt; None where there is none."""
    if item in METALS:
        return Limit(0, METALS[item], f"≤ {METALS[item]:g} mg/kg")
    if item == "iodine":
        return Limit(14, 39, "14–39 mg/kg") if iodised else Limit(0, 5, "< 5 mg/kg", below=True)
    if item == "nacl" and not low_sodium:
        return Limit(970_000, MAX_MG_KG, "≥ 97 g/100 g")
    if item == "kcl" and low_sodium:
        return Limit(100_000, 350_000, "10–35 g/100 g")
    return None


def plain_unit(unit: str) -> str:
    """One spelling of a unit: no blanks, lower case, one way to write a slash."""
    return "".join(unit.lower().replace("／", "/").replace("％", "%").split())
