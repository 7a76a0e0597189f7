"""The words of evidence, Chinese and English, one function a sentence."""
from webapp.detect.alert import Evidence
from webapp.detect.event import DAY
from webapp.detect.ledger import Ledger

INNOCENT = {
    "household": ("一户人家自己查看", "one household checking its own bag"),
    "display": ("店内展示样品", "a display bag in a shop"),
    "forwarded": ("转发的页面", "a forwarded page"),
    "viral": ("网上热传", "a post that went viral"),
}


def against(name: str, nats: float) -> Evidence:
    """How much worse an innocent explanation fits than copies do."""
    zh, en = INNOCENT[name]
    return Evidence(f"“{zh}”难以解释这些查询", f"“{en}” does not explain these scans", round(nats, 2))


def witnesses(ledger: Ledger) -> Evidence:
    days = max(1, round((ledger.last - ledger.first) / DAY))
    cities = sum(1 for city in ledger.cities if city)
    more = "以上" if cities == len(ledger.cities) else ""
    return Evidence(
        f"{days} 天内 {ledger.people} 部不同手机、{ledger.fixed} 条不同线路、{cities} 个{more}城市查询过此码",
        f"checked by {ledger.people} phones on {ledger.fixed} fixed lines in {cities} cities within {days} days", 0.0)


def opened(ledger: Ledger) -> Evidence:
    return Evidence(f"转发页面已被打开 {ledger.links} 次", f"a forwarded page was opened {ledger.links} times", 0.0)


def everywhere(ledger: Ledger) -> Evidence:
    return Evidence(f"{ledger.people} 部手机查询过此码，像网上热传，也可能有人在全国销售同一个码",
                    f"{ledger.people} phones checked this code: a post gone viral, or it is sold all over the country",
                    0.0)


def cluster(zh: str, en: str, nats: float) -> Evidence:
    return Evidence(zh, en, round(nats, 2))
