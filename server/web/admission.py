"""Who may follow a blog: the same judgement for sockets, event streams and polling."""

import contextlib
from collections.abc import Iterator
from typing import NamedTuple

from starlette.requests import HTTPConnection

from events.frames import Form
from events.position import Position
from server.access import Actor
from server.permits import may_read
from server.push.crowd import Crowd, Full
from server.site import Site
from server.tail import Behind, Loaded
from server.web.blogs import MovedTo, find
from server.web.endpoint import identify
from server.web.problems import Problem, problem_of


class Admission(NamedTuple):
    """A reader who may come in: to which blog, in which form, from where."""

    loaded: Loaded
    actor: Actor | None
    form: Form
    since: Position | None

    @property
    def stands(self) -> bool:
        """Whether the blog is still readable: true at first, and to be asked after any wait."""
        return may_read(self.actor, self.loaded.blog)


def at_once(site: Site, name: str, form: str | None, since: str | None) -> Admission | None:
    """For somebody unknown, where nothing has to be asked or waited for; raises 400.

    None says nothing: ask `admitted`.
    """
    loaded = site.tail.loaded.get(site.index.known(name) or "")
    if loaded is None or loaded.blog.slug != name:
        return None
    admission = Admission(loaded, None, *_asked(form, since))
    if not admission.stands or _ahead(admission):
        return None
    return admission


async def admitted(connection: HTTPConnection, form: str | None, since: str | None) -> Admission:
    """The blog in the path, if this reader may follow it; every refusal as a Problem."""
    site: Site = connection.app.state.site
    try:
        actor = await identify(connection, site)
        admission = Admission(await _found(connection, site, actor), actor, *_asked(form, since))
        if _ahead(admission):
            await _catch_up(admission)
    except Exception as error:
        raise problem_of(error) or error from error
    if not admission.stands:
        raise Problem(404, "this blog is not for you any more")
    return admission


@contextlib.contextmanager
def counted(crowd: Crowd, address: str) -> Iterator[None]:
    """One reader more for as long as the block runs; raises 429."""
    try:
        home = crowd.enter(address)
    except Full as full:
        raise Problem(429, str(full)) from None
    try:
        yield
    finally:
        crowd.leave(home)


def address(connection: HTTPConnection) -> str:
    """Whom to count a reader for; "" where the address says nothing of who somebody is."""
    site: Site = connection.app.state.site
    return site.crowd.counts(connection.client.host if connection.client else "")


async def _found(connection: HTTPConnection, site: Site, actor: Actor | None) -> Loaded:
    try:
        return await find(site, connection.path_params["blog"], actor)
    except MovedTo as moved:
        return await find(site, moved.slug, actor)


def _ahead(admission: Admission) -> bool:
    """Whether the cursor is ahead of this process, as one from another process may be."""
    since = admission.since
    return since is not None and since > admission.loaded.timeline.position


async def _catch_up(admission: Admission) -> None:
    """It will not be ahead for long."""
    assert admission.since
    with contextlib.suppress(Behind):
        await admission.loaded.reach(admission.since, seconds=1)


def _asked(form: str | None, since: str | None) -> tuple[Form, Position | None]:
    if form not in {None, "html", "json"}:
        raise Problem(400, f"as takes html or json, not {str(form)[:40]}")
    try:
        position = Position.parse(since) if since else None
    except ValueError as error:
        raise Problem(400, str(error)) from None
    return ("json" if form == "json" else "html"), position
