"""The secret keys of this installation: code keys by version, device, receipt and session keys, in one JSON file."""
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import msgspec

from webapp.settings import Settings

KEY_BYTES = 32
VERSIONS = range(32)  # one Crockford character


class KeysError(Exception):
    """The keys file cannot be used; the text names the file, what is wrong and what to do. Never holds a key."""


class KeyPair(NamedTuple):
    """Kt makes the tag, Ke hides the running number; a code is only as secret as both."""

    tag: bytes
    mask: bytes


class KeyedHashes(NamedTuple):
    """BLAKE2b states (8-byte digest) that already took the key in; copy() before use, 0.17 µs cheaper than keying."""

    tag: blake2b
    mask: blake2b


@dataclass(frozen=True)
class CodeKeys:
    """Code keys by version (0..31); `current` is the version new codes get, the others are only read."""

    versions: Mapping[int, KeyPair] = field(repr=False)
    current: int
    hashes: Mapping[int, KeyedHashes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.current not in self.versions:
            raise ValueError(f"current code key version {self.current} has no keys")
        if wrong := sorted(set(self.versions) - set(VERSIONS)):
            raise ValueError(f"code key version {wrong[0]} is not in 0..31")
        for version, pair in self.versions.items():
            if any(len(key) != KEY_BYTES for key in pair) or pair.tag == pair.mask:
                raise ValueError(f"code key version {version} needs two different keys of {KEY_BYTES} bytes")
        hashes = {v: KeyedHashes(_keyed(tag), _keyed(mask)) for v, (tag, mask) in self.versions.items()}
        object.__setattr__(self, "hashes", hashes)

    def __getitem__(self, version: int) -> KeyPair:
        return self.versions[version]

    def __contains__(self, version: object) -> bool:
        return version in self.versions


@dataclass(frozen=True)
class Keys:
    """device: for pseudonyms; receipt: raw Ed25519 private key; session: Flask's secret; demo: not for production."""

    codes: CodeKeys
    device: bytes = field(repr=False)
    receipt: bytes = field(repr=False)
    session: bytes = field(repr=False)
    demo: bool


class _CodesInFile(msgspec.Struct, forbid_unknown_fields=True):
    current: int
    versions: dict[int, dict[str, str]]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """The file's shape; every key as 64 hexadecimal digits."""

    demo: bool
    codes: _CodesInFile
    device: str
    receipt: str
    session: str


def load_keys(path: Path) -> Keys:
    """Read the keys. Raises KeysError when missing, readable by every user of the machine, or not well formed."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            body = file.read()
    except FileNotFoundError:
        raise KeysError(f"keys file {path} is missing: restore it from a backup or unset SALTCHECK_KEYS_FILE") from None
    except OSError as error:
        raise KeysError(f"keys file {path} cannot be read: {error.strerror}") from None
    if mode & 0o027:
        raise KeysError(f"keys file {path} is open to other users (mode {mode & 0o777:04o}): chmod 600 {path}")
    return _parse(body, path)


def create_keys(path: Path, demo: bool) -> Keys:
    """Make new random keys in a new file (0600), all of it or nothing. Raises KeysError; never replaces a file."""
    versions = {1: {"tag": _new_key(), "mask": _new_key()}}
    file = _File(demo, _CodesInFile(1, versions), device=_new_key(), receipt=_new_key(), session=_new_key())
    body = msgspec.json.format(msgspec.json.encode(file), indent=2) + b"\n"
    part = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write_synced(part, body)
            os.link(part, path)  # unlike a rename it fails when another process was first
        finally:
            part.unlink(missing_ok=True)
    except FileExistsError:
        raise KeysError(f"keys file {path} exists and is not replaced: its codes would become worthless") from None
    except OSError as error:
        raise KeysError(f"keys file {path} cannot be made: {error.strerror}") from None
    return _parse(body, path)


def keys_of(settings: Settings) -> Keys:
    """The keys of this installation, made where there are none yet: demo keys on a bare home, real ones where the
    settings are production's. A file that production names itself must be there: a mistyped path would otherwise print
    bags that no other machine knows. Raises KeysError."""
    if settings.production and settings.keys_file is not None:
        return load_keys(settings.keys)
    return ensure_keys(settings.keys, demo=not settings.production)


def ensure_keys(path: Path, demo: bool = True) -> Keys:
    """The keys at `path`; where there is no file it is made first. Two processes at once get the same keys."""
    if not path.exists():
        try:
            return create_keys(path, demo)
        except KeysError:
            if not path.exists():
                raise
    return load_keys(path)


def _parse(body: bytes, path: Path) -> Keys:
    try:
        file = msgspec.json.decode(body, type=_File)
        versions = {v: KeyPair(_key(pair["tag"]), _key(pair["mask"])) for v, pair in file.codes.versions.items()}
        codes = CodeKeys(versions, file.codes.current)
        return Keys(codes, _key(file.device), _key(file.receipt), _key(file.session), file.demo)
    except KeyError as error:
        raise KeysError(f"keys file {path} is not usable: a code version lacks {error}") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise KeysError(f"keys file {path} is not usable: {error}") from None


def _key(text: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        raise ValueError("a key is not hexadecimal") from None  # the original text could quote the key
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key is {len(key)} bytes long instead of {KEY_BYTES}")
    return key


def _new_key() -> str:
    return secrets.token_hex(KEY_BYTES)


def _keyed(key: bytes) -> blake2b:
    return blake2b(digest_size=8, key=key)


def _write_synced(path: Path, body: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
