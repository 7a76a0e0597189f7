"""Passwords: argon2id, and nothing to learn from how long a wrong one takes."""
import time
from statistics import median

from webapp.auth.passwords import hash_password, verify_password


def test_right_password_is_accepted_and_a_wrong_one_refused():
    stored = hash_password("盐 and pepper")
    assert verify_password(stored, "盐 and pepper")
    assert not verify_password(stored, "盐 and peppeR")


def test_hash_is_argon2id_with_a_salt_of_its_own():
    first, second = hash_password("same"), hash_password("same")
    assert first.startswith("$argon2id$")
    assert first != second


def test_nobody_is_refused_even_with_the_password_of_nobody():
    assert not verify_password(None, "no person has this password")


def test_broken_hash_is_a_refusal():
    assert not verify_password("not a hash", "anything")


def test_unknown_person_costs_the_same_time_as_a_wrong_password():
    stored = hash_password("right")
    verify_password(None, "warm up")

    def seconds(password_hash):
        begin = time.perf_counter()
        verify_password(password_hash, "wrong")
        return time.perf_counter() - begin

    known, unknown = (median(seconds(one) for _ in range(7)) for one in (stored, None))
    assert unknown > known / 2  # without the stand-in hash it would be a thousandth
