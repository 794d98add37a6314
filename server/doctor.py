"""What `liveblog doctor` looks at: configured, reachable, durable, too old."""

from typing import NamedTuple

from redis.exceptions import RedisError

from server.settings import Settings, has_data, nothing_in
from server.site import Site, opened
from server.storage.embedded import StorageFailed, StorageMissing, find_server
from server.storage.log import Unreachable
from server.storage.redis_log import reach

OLDEST = (7, 0)
"""The Redis whose command set is all we use."""


class Finding(NamedTuple):
    well: bool
    what: str


async def examine(settings: Settings) -> list[Finding]:
    """Everything that was looked at, good or bad."""
    where = settings.redis_url or "embedded"
    findings = [
        Finding(True, f"data directory {settings.data.absolute()}"),
        Finding(True, f"log on {where.rpartition('@')[2]}"),
        Finding(
            not settings.public_bind or len(settings.secret) >= 16,
            f"binds {settings.host}:{settings.port}"
            + ("; LIVEBLOG_SECRET is needed for that" if settings.public_bind else ""),
        ),
    ]
    if not has_data(settings):
        return [*findings, Finding(False, nothing_in(settings.data))]
    try:
        if not settings.redis_url:
            findings.append(Finding(True, f"server program {find_server()}"))
        async with opened(settings) as site:
            findings += await _storage(site)
    except (StorageMissing, StorageFailed, Unreachable, RedisError, OSError) as error:
        findings.append(Finding(False, f"storage: {error}"))
    return findings


async def _storage(site: Site) -> list[Finding]:
    info = await reach(lambda: site.redis.info())
    name = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get("valkey_version") or info["redis_version"])
    compatible = tuple(int(part) for part in str(info["redis_version"]).split(".")[:2])
    found = [Finding(compatible >= OLDEST, f"{name} {version} answers (7.0 or newer needed)")]
    for setting, wanted in (
        ("appendonly", "yes"),
        ("appendfsync", "always"),
        ("maxmemory-policy", "noeviction"),
    ):
        try:
            value = (await site.redis.config_get(setting)).get(setting)
        except RedisError:
            found.append(Finding(True, f"{setting} may not be asked; it must be {wanted}"))
            continue
        found.append(Finding(value == wanted, f"{setting} {value}" + _should(value, wanted)))
    return found


def _should(value: object, wanted: str) -> str:
    return "" if value == wanted else f"; it must be {wanted}, or acknowledged posts can be lost"
