"""Who may come in: users, tokens, sessions, one-time login links. Secrets are stored as digests."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, get_args

import msgspec
from msgspec import Struct
from redis.asyncio import Redis

from server.storage.redis_log import reach

Role = Literal["reader", "contributor", "editor", "admin"]
ROLES: Final[Sequence[Role]] = get_args(Role)
"""Each may all that those before it may."""

SESSION: Final = timedelta(days=14)
LOGIN: Final = timedelta(minutes=15)

TOKENS = "liveblog:tokens"
USERS = "liveblog:users"


class Unknown(Exception):
    """There is no such user or token, or not any more."""


class Taken(Exception):
    """There is such a user already."""


class Actor(Struct, frozen=True):
    """Someone who acts: an opaque id for the log, a role, and the one blog it is confined to."""

    id: str
    role: Role
    name: str = ""
    blog: str = ""

    def reaches(self, role: Role, blog: str = "") -> bool:
        """Whether this actor may do what the role may, in that blog."""
        confined = self.blog and blog != self.blog
        return not confined and ROLES.index(self.role) >= ROLES.index(role)


class Token(Struct, frozen=True):
    """What is kept of a token; the token itself is shown once."""

    id: str
    role: Role
    name: str
    blog: str
    created: datetime
    expires: datetime | None


class User(Struct, frozen=True):
    id: str
    name: str
    role: Role
    disabled: bool = False


_encode = msgspec.json.encode
_token = msgspec.json.Decoder(Token).decode
_user = msgspec.json.Decoder(User).decode


class Access:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def create_token(
        self, role: Role, name: str = "", blog: str = "", expires: datetime | None = None
    ) -> str:
        """Make a token and return it: the only time it can be seen."""
        secret = f"lb_{secrets.token_urlsafe(32)}"
        now = datetime.now(UTC)
        token = Token(f"t-{secrets.token_hex(6)}", role, name, blog, now, expires)
        await reach(lambda: self._redis.hset(TOKENS, _digest(secret), _encode(token)))
        return secret

    async def tokens(self) -> list[Token]:
        """Every token, the oldest first."""
        kept = await reach(lambda: self._redis.hvals(TOKENS))
        return sorted((_token(raw) for raw in kept), key=lambda token: token.created)

    async def revoke_token(self, token_id: str) -> None:
        """Take a token back by its id; raises Unknown."""
        for digest, raw in (await reach(lambda: self._redis.hgetall(TOKENS))).items():
            if _token(raw).id == token_id:
                await reach(lambda digest=digest: self._redis.hdel(TOKENS, digest))  # type: ignore[misc]
                return
        raise Unknown(f"there is no token {token_id}")

    async def by_token(self, secret: str) -> Actor | None:
        """Who a token stands for; None if it is unknown, revoked or expired."""
        raw = await reach(lambda: self._redis.hget(TOKENS, _digest(secret)))
        if raw is None:
            return None
        token = _token(raw)
        if token.expires and token.expires <= datetime.now(UTC):
            return None
        return Actor(token.id, token.role, token.name, token.blog)

    async def create_user(self, name: str, role: Role) -> User:
        """Raises Taken."""
        user = User(f"u-{secrets.token_hex(6)}", name, role)
        if not await reach(lambda: self._redis.hsetnx(USERS, name, _encode(user))):
            raise Taken(f"there is a user {name} already")
        return user

    async def users(self) -> list[User]:
        kept = await reach(lambda: self._redis.hvals(USERS))
        return sorted((_user(raw) for raw in kept), key=lambda user: user.name)

    async def user(self, name: str) -> User:
        """Raises Unknown."""
        raw = await reach(lambda: self._redis.hget(USERS, name))
        if raw is None:
            raise Unknown(f"there is no user {name}")
        return _user(raw)

    async def disable_user(self, name: str) -> None:
        """End a user's access: its sessions and links stop working. Raises Unknown."""
        user = msgspec.structs.replace(await self.user(name), disabled=True)
        await reach(lambda: self._redis.hset(USERS, name, _encode(user)))

    async def login_link(self, name: str) -> str:
        """The secret of a link that logs a user in once, within 15 minutes; raises Unknown."""
        if (await self.user(name)).disabled:
            raise Unknown(f"the user {name} is disabled")
        secret = secrets.token_urlsafe(24)
        await reach(lambda: self._redis.set(_login(secret), name, ex=LOGIN))
        return secret

    async def login(self, secret: str) -> str | None:
        """Turn a link's secret into a new session's; None if it was used or is too old."""
        name = await reach(lambda: self._redis.getdel(_login(secret)))
        if name is None:
            return None
        session = secrets.token_urlsafe(32)
        await reach(lambda: self._redis.set(_session(session), name, ex=SESSION))
        return session

    async def logout(self, session: str) -> None:
        await reach(lambda: self._redis.delete(_session(session)))

    async def by_session(self, session: str) -> Actor | None:
        """Who a session belongs to; None if it has ended or its user is disabled."""
        name = await reach(lambda: self._redis.get(_session(session)))
        raw = await reach(lambda: self._redis.hget(USERS, name)) if name else None
        if raw is None or (user := _user(raw)).disabled:
            return None
        return Actor(user.id, user.role, user.name)


def _digest(secret: str) -> str:
    # Secrets are random and long: a plain digest cannot be guessed back.
    return hashlib.sha256(secret.encode()).hexdigest()


def _session(secret: str) -> str:
    return f"liveblog:session:{_digest(secret)}"


def _login(secret: str) -> str:
    return f"liveblog:login:{_digest(secret)}"
