"""The scripts and styles of our pages, as files."""

from typing import Final

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

HEADERS: Final = {
    "access-control-allow-origin": "*",
    # A page and its script are of one edition: caches ask by the ETag whether theirs still is.
    "cache-control": "public, max-age=0, must-revalidate",
    "x-content-type-options": "nosniff",
}


class Assets(StaticFiles):
    """A folder of files that pages of any origin may load: there is nothing private among them.

    A module is fetched with CORS, and in a frame that is sandboxed without `allow-same-origin`
    our own page is of no origin at all: without the header it would have no script there.
    """

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(HEADERS)
        return response
