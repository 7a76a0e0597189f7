"""Limits on guessing: per account, per network, in memory that does not grow with made-up names."""
import tracemalloc

from webapp.auth.login_limits import ACCOUNT, NETWORK, SLOTS, LoginLimits


def test_account_waits_after_ten_tries_from_anywhere():
    limits = LoginLimits()
    answers = [limits.take_try("alice", f"203.0.{n}.0/24") for n in range(15)]
    assert answers == [True] * ACCOUNT.amount + [False] * 5


def test_network_waits_after_a_hundred_tries_at_any_accounts():
    limits = LoginLimits()
    answers = [limits.take_try(f"person{n}", "203.0.113.0/24") for n in range(NETWORK.amount + 20)]
    assert answers.count(True) == NETWORK.amount


def test_other_accounts_on_other_networks_are_not_held_up():
    limits = LoginLimits()
    for _ in range(20):
        limits.take_try("alice", "203.0.113.0/24")
    assert limits.take_try("bob", "198.51.100.0/24")


def test_right_password_forgives_the_slips_before_it():
    limits = LoginLimits()
    for _ in range(ACCOUNT.amount):
        limits.take_try("alice", "203.0.113.0/24")
    limits.forgive("alice")
    assert limits.take_try("alice", "203.0.113.0/24")


def test_a_flood_of_invented_names_takes_bounded_memory():
    limits = LoginLimits()
    for n in range(2_000):
        limits.take_try(f"warm{n}", f"{n}")
    tracemalloc.start()
    for n in range(60_000):
        limits.take_try(f"invented{n}", f"network{n}")
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 2 * SLOTS * 1_500  # at most every slot filled, whatever the number of names
