"""keys.py: the keys file is made whole, kept secret, and refused when it is not."""
import json
import multiprocessing
import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from webapp.keys import CodeKeys, KeyPair, KeysError, create_keys, ensure_keys, load_keys


def test_what_is_made_is_loaded(tmp_path):
    made = create_keys(tmp_path / "new" / "keys.json", demo=False)
    loaded = load_keys(tmp_path / "new" / "keys.json")
    assert loaded == made
    assert not loaded.demo
    assert loaded.codes.current in loaded.codes
    Ed25519PrivateKey.from_private_bytes(loaded.receipt)
    assert len({*loaded.codes[loaded.codes.current], loaded.device, loaded.receipt, loaded.session}) == 5


def test_file_is_readable_by_its_owner_only_and_leaves_nothing_beside_it(tmp_path):
    create_keys(tmp_path / "keys.json", demo=True)
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600


def test_an_existing_file_is_never_replaced(tmp_path):
    path = tmp_path / "keys.json"
    create_keys(path, demo=True)
    before = path.read_bytes()
    with pytest.raises(KeysError, match="exists"):
        create_keys(path, demo=False)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o620, 0o601])
def test_refuses_a_file_open_to_others(tmp_path, mode):
    path = tmp_path / "keys.json"
    create_keys(path, demo=True)
    path.chmod(mode)
    with pytest.raises(KeysError, match="chmod 600"):
        load_keys(path)


def test_says_what_is_wrong_and_never_quotes_a_key(tmp_path):
    path = tmp_path / "keys.json"
    create_keys(path, demo=True)
    good = json.loads(path.read_text())
    secret = good["session"]
    broken = [
        "", "{", "[]", "{}", "\xff",
        json.dumps(good | {"session": secret[:-2]}),
        json.dumps(good | {"session": secret[:-1] + "x"}),
        json.dumps(good | {"session": 7}),
        json.dumps(good | {"more": secret}),
        json.dumps(good | {"codes": {"current": 2, "versions": good["codes"]["versions"]}}),
        json.dumps(good | {"codes": {"current": 1, "versions": {"1": {"tag": secret}}}}),
        json.dumps(good | {"codes": {"current": 1, "versions": {"1": {"tag": secret, "mask": secret}}}}),
        json.dumps(good | {"codes": {"current": 32, "versions": {"32": good["codes"]["versions"]["1"]}}}),
    ]
    for text in broken:
        path.write_text(text, encoding="latin-1")
        with pytest.raises(KeysError, match="keys.json is not usable") as error:
            load_keys(path)
        assert secret[:16] not in str(error.value)


def test_a_missing_file_is_an_error_unless_demo_keys_will_do(tmp_path):
    with pytest.raises(KeysError, match="missing"):
        load_keys(tmp_path / "keys.json")
    assert ensure_keys(tmp_path / "keys.json").demo
    assert ensure_keys(tmp_path / "keys.json") == load_keys(tmp_path / "keys.json")


def test_processes_that_start_together_get_the_same_keys(tmp_path):
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        sessions = pool.map(_session_key, [tmp_path / "keys.json"] * 8)
    assert len(set(sessions)) == 1


def test_keys_do_not_show_in_a_traceback(tmp_path):
    keys = create_keys(tmp_path / "keys.json", demo=True)
    assert "\\x" not in repr(keys)
    assert keys.session.hex() not in repr(keys)


def test_old_versions_stay_readable_beside_the_current_one():
    keys = CodeKeys({0: KeyPair(b"a" * 32, b"b" * 32), 31: KeyPair(b"c" * 32, b"d" * 32)}, current=31)
    assert 0 in keys
    assert 1 not in keys
    assert keys[0].tag == b"a" * 32


def _session_key(path):
    return ensure_keys(path).session
