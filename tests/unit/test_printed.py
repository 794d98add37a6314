"""A day as `liveblog replay` prints it."""

from events.commands import WritePost
from server.replay.printed import lines
from server.storage.memory_log import MemoryLog
from tests.story import A_BLOG, given, minute
from tests.unit.test_timeline import retract


async def test_a_withdrawal_names_the_post_by_what_may_still_be_shown() -> None:
    story = given(
        A_BLOG,
        WritePost("gone", title="Free cheese", published_at=minute(-30)),
        WritePost("kept", title="The first stall"),
        retract("gone"),
        retract("kept", keep_text=True),
    )
    log = MemoryLog()
    await log.restore("fair", story.stored, None)
    told = [line async for line in lines(log, "fair")]
    assert told[-2:] == [
        "12:03  - withdrawn: a post of 11:30",
        "12:04  - withdrawn: The first stall",
    ]
