"""Every setting in one frozen object; nobody else reads the environment."""
import os
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

import msgspec

PREFIX = "SALTCHECK_"
BASE_URL = "http://127.0.0.1:8000"
Sync = Literal["group", "interval"]
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class BadSetting(Exception):
    """A setting cannot be used; the text names the variable, what is wrong and what to do."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The environment, read once. Paths are absolute; unset paths lie under `home`."""

    home: Path = Path("var")
    database_url: str = ""
    replica_url: str = ""
    redis_url: str = ""
    redis_timeout_ms: Annotated[int, msgspec.Meta(ge=10, le=1_000)] = 50  # a page waits so long for an answer
    geoip_db: Path | None = None
    base_url: str = BASE_URL  # the origin, without a slash at its end
    keys_file: Path | None = None
    spool_dir: Path | None = None
    sync: Sync = "group"
    trusted_proxies: Annotated[int, msgspec.Meta(ge=0, le=8)] = 0
    map_geojson: Path | None = None
    map_approval_no: str = ""
    shadow_rules: Path | None = None
    detector_shares: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1  # sets of detectors that share out the codes

    @cached_property
    def database(self) -> str:
        """SQLAlchemy address of the primary."""
        return self.database_url or f"sqlite:///{self.home / 'saltcheck.db'}"

    @cached_property
    def redis(self) -> str:
        """Valkey/Redis address: the setting, else the socket where the demo's own Valkey listens."""
        return self.redis_url or f"unix://{self.home / 'valkey.sock'}"

    @cached_property
    def keys(self) -> Path:
        """Where the code, device, receipt and session keys lie (JSON, mode 0600)."""
        return self.keys_file or self.home / "keys.json"

    @cached_property
    def spool(self) -> Path:
        """Folder of the append-only scan spool."""
        return self.spool_dir or self.home / "spool"

    @cached_property
    def geoip(self) -> Path:
        """GeoIP2-City file; need not exist (then every scan is unlocated)."""
        return self.geoip_db or self.home / "geoip.mmdb"

    @cached_property
    def production(self) -> bool:
        """Whether real shoppers are behind this (PostgreSQL or a public address): demo keys are refused then."""
        return self.database.startswith("postgresql") or not _at_home(urlsplit(self.base_url).hostname or "")


def _at_home(host: str) -> bool:
    """This machine, or an address that only its own network can reach: a phone on the same Wi-Fi tries the demo."""
    try:
        return host in LOOPBACK or ip_address(host).is_private
    except ValueError:
        return False


def load_settings(**overrides: object) -> Settings:
    """Read the environment, `overrides` by field instead; what is empty is unset. Raises BadSetting naming the first
    wrong variable."""
    variables = {name: PREFIX + name.upper() for name in Settings.__struct_fields__}
    named: dict[str, Any] = {name: os.environ.get(variable, "") for name, variable in variables.items()} | overrides
    given = {name: value for name, value in named.items() if value != ""}
    given["home"] = Path(given.get("home", "var")).expanduser().absolute()
    given["base_url"] = given.get("base_url", BASE_URL).rstrip("/")

    def bad(name: str, problem: str) -> BadSetting:
        return BadSetting(f"{variables[name]}={given[name]!r}: {problem}")

    for name, check in CHECKS.items():
        if problem := name in given and check(given[name]):
            raise bad(name, problem)
    try:
        return msgspec.convert(given, Settings, strict=False, dec_hook=lambda kind, value: kind(value))
    except msgspec.ValidationError as error:
        problem, _, name = str(error).removesuffix("`").rpartition(" - at `$.")
        raise bad(name, problem) from None


def _database(url: str) -> str:
    known = urlsplit(url).scheme.partition("+")[0] in ("sqlite", "postgresql")
    return "" if known else "must start with sqlite:/// or postgresql://"


def _redis(urls: str) -> str:
    known = all(urlsplit(one.strip()).scheme in ("redis", "rediss", "unix") for one in filter(None, urls.split(",")))
    return "" if known else "must be redis://, rediss://, unix:// or a comma list of redis:// addresses"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    known = parts.scheme in ("http", "https") and parts.hostname and not parts.path and not parts.query
    return "" if known else "must be http(s)://HOST[:PORT] without a path"


def _sync(word: str) -> str:
    return "" if word in get_args(Sync) else f"must be {' or '.join(get_args(Sync))}"


CHECKS = {"database_url": _database, "replica_url": _database, "redis_url": _redis, "base_url": _origin, "sync": _sync}
