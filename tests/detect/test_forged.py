"""Print runs of wrong codes: one alert each, their bags on a journey none, a second run beside the first is seen."""
from random import Random

from webapp.detect.alert import Alert
from webapp.detect.event import DAY, WIFI, Event
from webapp.detect.forged import KNOWN_KEPT, Forged
from webapp.detect.rules import load_rules


def stream(seed: int, texts: list[str], province: int, start: float, scans: int) -> list[Event]:
    r = Random(f"{seed}/{texts[0]}")
    return [Event(start + n * DAY / 2, 0, r.getrandbits(60), r.getrandbits(40), province * 10000 + 100, link=WIFI,
                  bad="forged", text=r.choice(texts)) for n in range(scans)]


def learn(events: list[Event]) -> list[Alert]:
    forged = Forged(load_rules())
    return [alert for event in sorted(events, key=lambda one: one.at) if (alert := forged.learn(event))]


def run(name: str, texts: int) -> list[str]:
    return [f"{name}{n}" for n in range(texts)]


def test_a_print_run_is_one_alert_however_many_texts_it_has_and_however_long_it_lasts() -> None:
    raised = [len(learn(stream(seed, run("A", texts), 44, DAY, 200))) for texts in (1, 5, 15, 40) for seed in range(30)]
    assert min(raised) == 1
    assert sum(raised) - len(raised) <= 0.1 * len(raised)  # by chance a text may come late and then often


def test_a_second_run_in_the_same_province_is_another_alert_within_days() -> None:
    for seed in range(5):
        for texts in (1, 5, 40):
            first = stream(seed, run("A", 5), 44, DAY, 120)
            alerts = learn(first + stream(seed, run("B", texts), 44, 25.2 * DAY, 60))
            second = [alert for alert in alerts if any(text.startswith("B") for text in alert.texts)]
            assert second
            assert second[0].at < 36 * DAY


def test_bags_of_a_known_run_on_a_journey_are_no_news_elsewhere() -> None:
    first = stream(1, run("A", 3), 44, DAY, 60)
    alerts = learn(first + stream(2, run("A", 3), 51, 20.1 * DAY, 20))
    assert {alert.area for alert in alerts} == {440000}


def test_texts_are_not_remembered_without_end() -> None:
    forged = Forged(load_rules())
    for event in stream(1, run("A", 1_000_000), 44, DAY, KNOWN_KEPT + 5000):
        forged.learn(event)
    assert len(forged._known) <= KNOWN_KEPT
