"""A projection whose form may change while it is in use: a fold of the log, in one version of it.

`server.projections` runs them: it builds a new version beside the one that answers, and lets it
answer once it has caught up. docs/decisions/projections.md says how to write the next.
"""

from typing import ClassVar, Protocol

from events.blog import Blog
from events.entry import Entry


class Projection(Protocol):
    """Made without arguments, before the first entry. Versions of one projection share its name."""

    name: ClassVar[str]
    schema: ClassVar[int]
    """The version: 1, then one more for each change of the form or of what is counted."""

    def apply(self, blog: Blog, entry: Entry) -> None:
        """Take in one entry that `blog` has just evolved by."""
        ...


Version = type[Projection]
