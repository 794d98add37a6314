"""The command line. Every error is one line that says what to do, and an exit code that is right:
0 done, 1 it did not work or something is wrong with what was looked at, 2 it was asked wrongly.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from events.commands import Refused
from events.entry import Corrupt
from server import doctor, serve, settings
from server.access import ROLES, Role, Taken, Unknown
from server.index import SlugTaken
from server.replay import printed as replay
from server.settings import BadSetting, Settings
from server.site import Site, opened, running
from server.storage.embedded import StorageFailed, StorageMissing
from server.storage.log import LogError
from server.tail import NoSuchBlog
from server.transfer import archive, importing, playing_into
from server.transfer.static_export import NotExported, export_static

T = TypeVar("T")

EXPECTED = (
    BadSetting,
    StorageMissing,
    StorageFailed,
    LogError,
    NoSuchBlog,
    SlugTaken,
    playing_into.NotThisReplay,
    Refused,
    Corrupt,
    Unknown,
    Taken,
    importing.BadLine,
    archive.BadArchive,
    NotExported,
    OSError,
)


class _Commands(click.Group):
    """Turns what may go wrong into one line."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EXPECTED as error:
            raise click.ClickException(" ".join(str(error).split())) from error
        except KeyboardInterrupt:
            raise click.exceptions.Exit(130) from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="liveblog")
def main() -> None:
    """Liveblog: publish as it happens, push it to everyone, replay the day."""


def located(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say where the log is."""
    command = click.option("--redis", "redis_url", help="A Redis URL instead of the embedded one.")(
        command
    )
    return click.option("--data", help="The data directory (default: data).")(command)


def served(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option("--workers", type=click.IntRange(1, 64), help="Processes.")(command)
    command = click.option("--port", type=click.IntRange(0, 65535), help="Default: 8000.")(command)
    return located(click.option("--host", help="Default: 127.0.0.1.")(command))


def with_site(
    flags: dict[str, Any],
    work: Callable[[Site], Coroutine[Any, Any, T]],
    *,
    following: bool = False,
    begins: bool = False,
) -> T:
    """Open the storage, whether or not a server runs on it, and do the work.

    Only what `begins` with nothing makes a data directory: a mistyped one is not made.
    """
    wanted = settings.load(flags)
    if not (begins or settings.has_data(wanted)):
        raise click.UsageError(settings.nothing_in(wanted.data))

    async def do() -> T:
        async with (running if following else opened)(wanted) as site:
            return await work(site)

    return asyncio.run(do())


@main.command("serve")
@served
def serve_command(**flags: Any) -> None:
    """Serve the blogs of a data directory."""
    serve.serve(_serving(flags))


@main.command()
@served
@click.option("--pace", type=click.FloatRange(0.1, 100), default=1.0, help="1 is the day's own.")
def demo(pace: float, **flags: Any) -> None:
    """Serve, with a sample day that keeps happening."""
    serve.serve(_serving(flags), demo=pace)


def _serving(flags: dict[str, Any]) -> Settings:
    wanted = settings.load(flags)
    settings.refuse_open_door(wanted)
    return wanted


@main.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as-happened", is_flag=True, help="Let the events' times be the posts' times.")
@located
def import_command(file: Path, as_happened: bool, **flags: Any) -> None:
    """Import a day from JSON Lines (docs: the import format)."""

    async def work(site: Site) -> str:
        day = await importing.read(file)
        with _progress("Importing") as progress:
            return await importing.carry_out(site, day, as_happened=as_happened, progress=progress)

    click.echo(f"/blogs/{with_site(flags, work, following=True, begins=True)}")


@main.command()
@click.argument("blog")
@click.argument("to", metavar="FILE|DIR", type=click.Path(path_type=Path))
@click.option("--static", is_flag=True, help="Its pages as files in a folder, to open offline.")
@click.option("--force", is_flag=True, help="Replace a folder that is there already.")
@located
def export(blog: str, to: Path, static: bool, force: bool, **flags: Any) -> None:
    """Write a blog's log, with its chain and media, to a file; or with --static its pages."""
    if to.is_dir() and not static:
        raise click.BadParameter(f"{to} is a folder: name a file, or say --static")

    async def work(site: Site) -> str:
        with _progress("Exporting") as progress:
            blog_id = await _blog(site, blog)
            if not static:
                return f"{await archive.export(site, blog_id, to, progress=progress)} entries"
            done = await export_static(site, blog_id, to, force=force, progress=progress)
            return f"{to / 'index.html'}: {done.files} files, as of {done.position}"

    click.echo(with_site(flags, work))


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@located
def restore(file: Path, **flags: Any) -> None:
    """Bring back an exported log: entries keep their ids, a new epoch opens."""

    async def work(site: Site) -> str:
        with _progress("Restoring") as progress:
            return await archive.restore(site, file, progress=progress)

    click.echo(f"/blogs/{with_site(flags, work, begins=True)}")


@main.command()
@click.argument("blog_or_file")
@located
def verify(blog_or_file: str, **flags: Any) -> None:
    """Walk the chain; exit 1 and the first bad position."""
    path = Path(blog_or_file)
    if not path.is_file() and {"/", "."} & set(blog_or_file):  # neither is in a slug or an id
        told = f"{path} is a folder: name a file" if path.is_dir() else f"there is no file {path}"
        raise click.BadParameter(told)
    if path.is_file():
        with _progress("Verifying") as progress:
            count = archive.verify_file(path, progress=progress)
    else:

        async def work(site: Site) -> int:
            with _progress("Verifying") as progress:
                blog = await _blog(site, blog_or_file)
                return await archive.verify_log(site.log, blog, progress=progress)

        count = with_site(flags, work)
    click.echo(f"{count} entries, every one as it was written")


@main.command()
@click.argument("blog")
@located
def rebuild(blog: str, **flags: Any) -> None:
    """Build the projections from the log anew and compare; repair the index."""

    async def work(site: Site) -> str:
        return await archive.rebuild(site, await _blog(site, blog))

    click.echo(with_site(flags, work, following=True))


class _Speed(click.FloatRange):
    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        speed = float(super().convert(value, param, ctx))
        return speed if speed == speed else self.fail(f"{value} is no number", param, ctx)


@main.command("replay")
@click.argument("blog")
@click.option("--from", "begin", help="A time or position; default: the beginning.")
@click.option("--to", "end", help="A time or position, included; default: the end.")
@click.option("--into", help="The slug of a new blog to play it into, instead of printing.")
@click.option(
    "--speed",
    type=_Speed(replay.SLOWEST, replay.FASTEST),
    help="Times as fast as it happened (default: without waiting).",
)
@located
def replay_command(
    blog: str,
    begin: str | None,
    end: str | None,
    into: str | None,
    speed: float | None,
    **flags: Any,
) -> None:
    """Print the day as it happened, or play it again into a new blog."""

    async def work(site: Site) -> None:
        source, of = await _blog(site, blog), replay.WHOLE
        if begin or end:
            of = await replay.stretch(site.log, (await site.tail.load(source)).blog, begin, end)
        if into is None:
            async for line in replay.lines(site.log, source, speed, of):
                click.echo(line)
            return
        with _progress("Playing") as progress:
            played = await playing_into.play(site, source, into, of, speed, progress)
        click.echo(f"/blogs/{into}")
        for line in played.told():
            click.echo(line, err=True)
        if played.refused:
            raise click.exceptions.Exit(1)

    try:
        with_site(flags, work, following=into is not None)
    except (replay.BadStretch, playing_into.BadSlug) as error:
        raise click.BadParameter(str(error)) from error


@main.group()
def token() -> None:
    """Tokens for the API."""


@token.command("create")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--name", default="", help="What it is for.")
@click.option("--blog", default="", help="Confine it to one blog.")
@click.option("--expires", help="Days until it ends, such as 30d, or a date.")
@located
def create_token(role: Role, name: str, blog: str, expires: str | None, **flags: Any) -> None:
    """Print a new token; it is shown only now."""
    until = _until(expires)

    async def work(site: Site) -> str:
        confined = await _blog(site, blog) if blog else ""
        return await site.access.create_token(role, name, confined, until)

    click.echo(with_site(flags, work, begins=True))


@token.command("list")
@located
def list_tokens(**flags: Any) -> None:
    """Every token's id, role, name, blog and end."""

    async def work(site: Site) -> None:
        for each in await site.access.tokens():
            ends = each.expires.date().isoformat() if each.expires else "never ends"
            click.echo("\t".join([each.id, each.role, each.name, each.blog or "every blog", ends]))

    with_site(flags, work)


@token.command("revoke")
@click.argument("token_id")
@located
def revoke_token(token_id: str, **flags: Any) -> None:
    """Take a token back, by the id that `token list` shows."""
    with_site(flags, lambda site: site.access.revoke_token(token_id))


@main.group()
def user() -> None:
    """People who log in to the desk."""


@user.command("create")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True)
@located
def create_user(name: str, role: Role, **flags: Any) -> None:
    """Add a user; `liveblog login NAME` lets them in."""
    if not name.isprintable() or not 0 < len(name.strip()) <= 80:
        raise click.BadParameter("a name has 1 to 80 printable characters")
    with_site(flags, lambda site: site.access.create_user(name.strip(), role), begins=True)
    click.echo(f"{name}: liveblog login {name}")


@user.command("list")
@located
def list_users(**flags: Any) -> None:
    """Every user's name and role."""

    async def work(site: Site) -> None:
        for each in await site.access.users():
            click.echo("\t".join([each.name, each.role, "disabled" if each.disabled else ""]))

    with_site(flags, work)


@user.command("disable")
@click.argument("name")
@located
def disable_user(name: str, **flags: Any) -> None:
    """Lock a user out, now."""
    with_site(flags, lambda site: site.access.disable_user(name))


@main.command()
@click.argument("name", default="admin")
@located
def login(name: str, **flags: Any) -> None:
    """Print a link that logs a user in once, within 15 minutes."""
    click.echo(with_site(flags, lambda site: serve.login_link(site, name)))


@main.command("doctor")
@located
def doctor_command(**flags: Any) -> None:
    """Say what is configured, reachable, durable, too old; exit 1 if something is wrong."""
    findings = asyncio.run(doctor.examine(settings.load(flags)))
    for finding in findings:
        click.echo(f"{'ok  ' if finding.well else 'BAD '} {finding.what}")
    if not all(finding.well for finding in findings):
        raise click.exceptions.Exit(1)


async def _blog(site: Site, name: str) -> str:
    """The id of the blog that a slug or an id names."""
    found = await site.index.find(name)
    if found is None and await site.log.head(name):
        return name
    if found is None:
        raise NoSuchBlog(name)
    return found


def _until(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        if text.endswith("d"):
            return datetime.now(UTC) + timedelta(days=int(text[:-1]))
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise click.BadParameter(f"--expires takes 30d or 2027-01-31, not {text[:40]!r}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class _progress:  # noqa: N801 - used as a context manager, like the functions of contextlib
    """A line that counts, on a terminal; nothing in a pipe."""

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._shown = sys.stderr.isatty()

    def __enter__(self) -> Callable[[int, int], None]:
        return self._show

    def __exit__(self, *_: object) -> None:
        if self._shown:
            click.echo("\r\033[K", nl=False, err=True)

    def _show(self, done: int, of: int) -> None:
        if self._shown:
            click.echo(f"\r{self._doing}: {done} of {of}", nl=False, err=True)


if __name__ == "__main__":
    main()
