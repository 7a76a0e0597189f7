"""Every setting in one frozen object; nobody else reads the environment."""
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class BadSetting(Exception):
    """A setting cannot be used; the text names the variable, what is wrong and what to do."""


class Settings(BaseSettings):
    """The environment, read once. Paths are absolute; unset paths lie under `home`."""

    model_config = SettingsConfigDict(env_prefix="SALTCHECK_", frozen=True, extra="ignore")

    home: Path = Path("var")
    database_url: str = ""
    replica_url: str = ""
    redis_url: str = ""
    geoip_db: Path | None = None
    base_url: str = "http://127.0.0.1:8000"
    keys_file: Path | None = None
    spool_dir: Path | None = None
    sync: Literal["group", "interval"] = "group"
    trusted_proxies: int = Field(0, ge=0, le=8)
    map_geojson: Path | None = None
    map_approval_no: str = ""
    shadow_rules: Path | None = None

    @field_validator("home", mode="after")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("shadow_rules", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return value or None

    @field_validator("database_url", "replica_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and urlsplit(value).scheme.partition("+")[0] not in ("sqlite", "postgresql"):
            raise ValueError("must start with sqlite:/// or postgresql://")
        return value

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, value: str) -> str:
        for one in filter(None, value.split(",")):
            if urlsplit(one.strip()).scheme not in ("redis", "rediss", "unix"):
                raise ValueError("must be redis://, rediss://, unix:// or a comma list of redis:// addresses")
        return value

    @field_validator("base_url")
    @classmethod
    def _plain_origin(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.rstrip("/") or parts.query:
            raise ValueError("must be http(s)://HOST[:PORT] without a path")
        return value.rstrip("/")

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
    """Read the environment. Raises BadSetting naming the first wrong variable."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper().removeprefix("SALTCHECK_")
        reason = first["msg"].removeprefix("Value error, ")
        raise BadSetting(f"SALTCHECK_{name}={first['input']!r}: {reason}") from None
