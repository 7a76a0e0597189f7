"""users, clients and keys: what is handed out once and can be taken away."""
import io
import json
from pathlib import Path

import pytest

from tests.commands.conftest import Run
from tests.intake.office import GLN, STRANGER, Office
from webapp.auth.passwords import verify_password
from webapp.auth.sessions import open_session, person_of
from webapp.keys import load_keys
from webapp.models import Client, User


def password_in(out: str) -> str:
    return next(line.removeprefix("password: ") for line in out.splitlines() if line.startswith("password: "))


def test_a_person_gets_a_password_once(office: Office, run: Run) -> None:
    ended = run("users", "add", "Ann@Example.org", "--role", "brand", "--brand", "示例")
    assert ended.code == 0
    user = office.one(User)
    assert (user["email"], user["role"], user["brand"]) == ("ann@example.org", "brand", "示例")
    assert verify_password(user["password_hash"], password_in(ended.out))
    assert "ann@example.org\tbrand\t示例\ton" in run("users", "list").out


def test_a_password_may_come_on_standard_input(office: Office, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("盐盐盐 twelve long\nmore"))
    ended = run("users", "add", "a@b", "--role", "admin", "--password-stdin")
    assert "password" not in ended.out
    assert verify_password(office.one(User)["password_hash"], "盐盐盐 twelve long")
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert run("users", "add", "c@d", "--role", "admin", "--password-stdin").code == 4


@pytest.mark.parametrize(("words", "code", "said"), [
    (("a@b", "--role", "king"), 2, "known: admin"), (("ab", "--role", "admin"), 2, "e-mail"),
    (("a@b", "--role", "brand"), 2, "needs --brand"), (("a@b", "--role", "enterprise"), 2, "needs --enterprise"),
    (("a@b", "--role", "brand", "--brand", "no such"), 4, "no product has the brand"),
    (("a@b", "--role", "enterprise", "--enterprise", "6905555500002"), 4, "not registered"),
    (("a@b", "--role", "enterprise", "--enterprise", "1"), 2, "--enterprise: GLN"),
    (("a@b", "--role", "authority", "--province", "510300"), 2, "no province"),
    (("a@b", "--role", "admin", "--province", "510000"), 2, "--province has no meaning"),
])
def test_a_mistake_is_one_line(office: Office, run: Run, words: tuple, code: int, said: str) -> None:
    ended = run("users", "add", *words)
    assert ended.code == code
    assert said in ended.err
    assert office.all(User) == []


def test_a_new_password_and_switching_off_end_every_session(office: Office, run: Run) -> None:
    run("users", "add", "a@b", "--role", "authority", "--province", "510000")
    assert "a user already" in run("users", "add", "A@b", "--role", "admin").err
    user_id = office.one(User)["id"]
    token = open_session(office.db, user_id)
    password = password_in(run("users", "password", "a@b").out)
    assert person_of(office.db, token) is None
    assert verify_password(office.one(User)["password_hash"], password)
    token = open_session(office.db, user_id)
    assert run("users", "off", "a@b").code == 0
    assert person_of(office.db, token) is None
    assert run("users", "off", "x@y").code == 4


def test_a_program_gets_its_secret_once_and_can_be_switched_off(office: Office, run: Run) -> None:
    told = json.loads(run("clients", "add", "--enterprise", GLN, "--json").out)
    client = office.one(Client)
    assert (told["enterprise_gln"], told["client_id"]) == (GLN, client["client_id"])
    assert verify_password(client["secret_hash"], told["client_secret"])
    assert f"client_secret: {told['client_secret']}" not in run("clients", "add", "--enterprise", STRANGER).out
    assert run("clients", "off", told["client_id"]).code == 0
    assert f"{told['client_id']}\t{GLN}\toff" in run("clients", "list").out
    assert run("clients", "off", "nobody").code == 4
    assert run("clients", "add", "--enterprise", "6905555500002").code == 4
    assert run("clients", "add", "--enterprise", "1").code == 2


def test_keys_are_made_once(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("keys", "create", "--demo").code == 0
    assert load_keys(home / "keys.json").demo is True
    assert "is not replaced" in run("keys", "create").err
    monkeypatch.setenv("SALTCHECK_KEYS_FILE", str(home / "real.json"))
    monkeypatch.setenv("SALTCHECK_BASE_URL", "https://salt.example")
    assert run("keys", "create", "--demo").code == 4
    assert run("keys", "create").code == 0
    assert load_keys(home / "real.json").demo is False
