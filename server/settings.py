"""What can be set, where from, and what is refused: environment first, flags win."""

import ipaddress
import os
from collections.abc import Mapping
from importlib.util import find_spec
from math import nan
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

_COUNTS = {"port", "workers", "replicas", "readers", "readers_per_address", "accepts"}
_SECONDS = {"ping": (0.1, 120.0), "stall": (0.1, 600.0), "drain": (0.0, 60.0)}
"""The least and the most of each."""


class BadSetting(Exception):
    """One line that names the setting and says what it takes."""


class Settings(Struct, frozen=True):
    """Each field is LIVEBLOG_<NAME> in the environment.

    `base_url` is the address readers see ("" means whatever they asked for); `replicas` how many
    must confirm a write; `proxies` whose forwarded headers are believed, comma-separated.

    Of readers: `readers` a process takes in all, and `readers_per_address` (0: no bound);
    `accepts` sockets it opens a second (0: no bound), the others wait. In seconds: `ping` between
    two signs of life, `stall` without progress until a reader is sent away, `drain` over which a
    server that ends sends them away.

    `loop` is `asyncio`, or `uvloop` where that is installed.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    data: Path = Path("data")
    redis_url: str = ""
    secret: str = ""
    base_url: str = ""
    replicas: int = 0
    proxies: str = ""
    readers: int = 15_000
    readers_per_address: int = 1_000
    accepts: int = 3_000
    ping: float = 25.0
    stall: float = 30.0
    drain: float = 5.0
    loop: str = "asyncio"

    @property
    def media(self) -> Path:
        return self.data / "media"

    @property
    def snapshots(self) -> Path:
        return self.data / "snapshots"

    @property
    def trusted_proxies(self) -> list[str]:
        """The networks of `proxies`, those of IPv4 also as an IPv6 socket shows them."""
        named = filter(None, (each.strip() for each in self.proxies.split(",")))
        networks = [ipaddress.ip_network(each, strict=False) for each in named]
        mapped = [
            f"::ffff:{each.network_address}/{96 + each.prefixlen}"
            for each in networks
            if each.version == 4
        ]
        return [*map(str, networks), *mapped]

    def environment(self) -> dict[str, str]:
        """The environment of another process with the same settings."""
        ours = {
            f"LIVEBLOG_{name.upper()}": str(getattr(self, name)) for name in self.__struct_fields__
        }
        return {**os.environ, **ours}

    @property
    def public_bind(self) -> bool:
        """Whether others than this machine can reach the port."""
        try:
            return not ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host != "localhost"


def has_data(settings: Settings) -> bool:
    """Whether there is a log where the settings say; of one on a Redis it is not known here."""
    return bool(settings.redis_url) or (settings.data / "redis").is_dir()


def nothing_in(data: Path) -> str:
    """What is said where there is none."""
    return f"there is no data in {data}: name it with --data or LIVEBLOG_DATA"


def load(flags: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the environment and the flags that were given; raises BadSetting."""
    wanted: dict[str, Any] = {}
    for name in Settings.__struct_fields__:
        given = flags.get(name)
        if given is None:
            given = environment.get(f"LIVEBLOG_{name.upper()}")
        if given is not None:
            wanted[name] = _read(name, str(given))
    settings = Settings(**wanted)
    _check(settings)
    return settings


def _read(name: str, text: str) -> Any:
    if name in _COUNTS:
        if not (text.isascii() and text.isdecimal() and len(text) <= 6):
            raise BadSetting(f"LIVEBLOG_{name.upper()} takes a number, not {text[:40]!r}")
        return int(text)
    if name in _SECONDS:
        low, high = _SECONDS[name]
        try:
            seconds = float(text)
        except ValueError:
            seconds = nan
        if not low <= seconds <= high:
            raise BadSetting(
                f"LIVEBLOG_{name.upper()} takes {low:g} to {high:g} seconds, not {text[:40]!r}"
            )
        return seconds
    return Path(text) if name == "data" else text.strip()


def _check(settings: Settings) -> None:
    if settings.port > 65535:
        raise BadSetting(f"LIVEBLOG_PORT {settings.port} is above 65535")
    if not 1 <= settings.workers <= 64:
        raise BadSetting(f"LIVEBLOG_WORKERS takes 1 to 64, not {settings.workers}")
    if settings.loop not in {"asyncio", "uvloop"}:
        raise BadSetting(f"LIVEBLOG_LOOP is asyncio or uvloop, not {settings.loop[:40]!r}")
    if settings.loop == "uvloop" and find_spec("uvloop") is None:
        raise BadSetting("LIVEBLOG_LOOP is uvloop, which is not installed: pip install uvloop")
    if settings.readers < 1:
        raise BadSetting("LIVEBLOG_READERS takes at least 1")
    for name, url, schemes in (
        ("REDIS_URL", settings.redis_url, {"redis", "rediss", "unix"}),
        ("BASE_URL", settings.base_url, {"http", "https"}),
    ):
        if url and urlsplit(url).scheme not in schemes:
            raise BadSetting(
                f"LIVEBLOG_{name} starts with one of {', '.join(sorted(schemes))}: not {url[:60]!r}"
            )
    for proxy in filter(None, settings.proxies.split(",")):
        try:
            ipaddress.ip_network(proxy.strip(), strict=False)
        except ValueError:
            raise BadSetting(
                f"LIVEBLOG_PROXIES takes addresses or networks, not {proxy.strip()[:60]!r}"
            ) from None


def refuse_open_door(settings: Settings) -> None:
    """A server others can reach needs a secret of its own; raises BadSetting."""
    if settings.public_bind and len(settings.secret) < 16:
        raise BadSetting(
            f"{settings.host} can be reached by others: set LIVEBLOG_SECRET to 16 or more random "
            "characters (openssl rand -hex 32), or bind 127.0.0.1"
        )
