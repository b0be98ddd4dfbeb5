"""What a source asks through, in its own place: one document, every page of a list, or every row of a query.

- `NotEnabledError` only where the service itself said so, in a code that means it.
- Everything else that is not an answer is `UnreadError`, naming the action.
- A page without the list that it should carry, a page that repeats, and rows that end before their count are answers of
  unexpected shape, not ends.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from collectors.azure.permissions import permission_of
from collectors.permit import Permit, under
from collectors.source import Place, Source, UnreadError
from evidence_store.records import Unread, Why

if TYPE_CHECKING:
    from azure.mgmt.resource.resources import ResourceManagementClient


GRAPH_PATH = "/providers/Microsoft.ResourceGraph/resources"
GRAPH_VERSION = "2024-04-01"
PAGE = 1000  # rows: the most that a page may have
SMALLEST = 8  # rows of a page, where larger ones weigh too much


class Sight(Protocol):
    """What the caller may see, and where."""

    @property
    def tenant(self) -> str: ...

    def readable(self) -> Sequence[str]:
        """The subscriptions that are read."""
        ...

    @property
    def at_once(self) -> int:
        """How many subscriptions one query names."""
        ...

    @property
    def beside(self) -> Sequence[str]:
        """The other subscriptions of the tenant that the caller sees."""
        ...

    @property
    def complete(self) -> bool:
        """Whether no subscription of the target's management group, or of the tenant, is hidden or left out."""
        ...

    @property
    def lost(self) -> Unread | None:
        """Why a subscription of the target is not read; what lies above it alone is not seen either."""
        ...

    def lacking(self, account: str, action: str) -> str | None:
        """Why the caller may not do something in a subscription, or above them all; `None` if it may."""
        ...


class Reader:
    """One source's way to one place. Shared by the threads that read for the source."""

    def __init__(self, place: Place, source: Source, client: "ResourceManagementClient", sight: Sight) -> None:
        self.account: str = place.scope.account
        self.sight = sight
        self.is_root: bool = self.account == sight.tenant
        self.asking = Asking(client, source.name, source.calls)

    @property
    def calls(self) -> int:
        """Requests that left the process so far, retries included."""
        return self.asking.permit.sent

    def document(self, path: str, version: str) -> dict[str, Any]:
        """One resource or setting."""
        return self.asking.document(path, version)

    def items(self, path: str, version: str) -> Iterator[Any]:
        """Every item of a list, over every page."""
        return self.asking.items(path, version)

    def require(self, action: str) -> None:
        """Refuse to believe a list that leaves out, without a word, what the caller may not read."""
        if (lacking := self.sight.lacking(self.account, action)) is not None:
            raise UnreadError(Unread(Why.DENIED, action, lacking))


class Asking:
    """Requests under one permit."""

    def __init__(self, client: "ResourceManagementClient", reader: str, calls: Iterable[str]) -> None:
        self._client = client
        self._spelt = {call.lower(): call for call in calls}  # a path may name its types in any case
        self.permit = Permit(reader, frozenset(self._spelt))

    def document(self, path: str, version: str) -> dict[str, Any]:
        from collectors.azure.errors import document, refused

        call, status, _, body = self._send("GET", path, {"api-version": version})
        action = permission_of(call)
        if status == 200:
            return document(body, action)
        raise refused(status, body, action)

    def items(self, path: str, version: str) -> Iterator[Any]:
        from collectors.azure.errors import document, refused

        params: Mapping[str, str] = {"api-version": version}
        seen: set[str] = set()
        while True:
            call, status, _, body = self._send("GET", path, params)
            action = permission_of(call)
            if status != 200:
                raise refused(status, body, action)
            answer = document(body, action)
            listed = answer.get("value")
            if not isinstance(listed, list):
                raise UnreadError(Unread(Why.UNEXPECTED, action, "no list value"))
            yield from listed
            following = answer.get("nextLink")
            if not following:
                return
            if not isinstance(following, str) or following in seen or not urlsplit(following).scheme:
                raise UnreadError(Unread(Why.UNEXPECTED, action, "a page that leads nowhere new"))
            seen.add(following)
            path, params = following, {}

    def rows(self, table: str, query: str, scope: Mapping[str, Sequence[str]], reach: str = "") -> Iterator[dict[str, Any]]:
        """Every row of a query. `scope` names subscriptions or management groups, `reach` which inherited rows come along.

        The service finds a page by how many rows it skips. Where rows go while others are read, the rest moves up, and a row
        may be passed over: so where the count changes on the way the pages are read once more, for what was passed over.
        """
        got, counts = array("q"), set[int]()  # of half a million rows a set of numbers would weigh 40 MB
        for page in self._pages(table, query, scope, reach, counts):
            got.extend([hash(row["id"] if isinstance(row.get("id"), str) else "") for row in page])
            yield from page
        if len(counts) > 1:
            known = set(got)
            for page in self._pages(table, query, scope, reach, counts):
                yield from (row for row in page if not isinstance(row.get("id"), str) or hash(row["id"]) not in known)

    def _pages(
        self, table: str, query: str, scope: Mapping[str, Sequence[str]], reach: str, counts: set[int]
    ) -> Iterator[list[dict[str, Any]]]:
        options: dict[str, Any] = {"$top": PAGE, "resultFormat": "objectArray"}
        if reach:
            options["authorizationScopeFilter"] = reach
        got, seen = 0, set[str]()
        while True:
            answer, headers = self._page({**scope, "query": query, "options": options})
            data = answer.get("data")
            if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
                raise _odd(table, "no list data")
            if str(headers.get("x-ms-tenant-subscription-limit-hit", "")).lower() == "true":
                raise _odd(table, "not every subscription was looked at")
            counts.add(total := _total(table, answer))
            yield data
            got += len(data)
            token = answer.get("$skipToken")
            if not token:
                _ended(table, answer, got, total)
                return
            if not isinstance(token, str) or token in seen:
                raise _odd(table, "a page that leads nowhere new")
            seen.add(token)
            options["$skipToken"] = token

    def _page(self, asked: dict[str, Any]) -> tuple[dict[str, Any], Mapping[str, str]]:
        """One page; with fewer rows where the service says that so many weigh too much."""
        from collectors.azure.errors import code_of, document, refused

        options = asked["options"]
        while True:
            call, status, headers, body = self._send("POST", GRAPH_PATH, {"api-version": GRAPH_VERSION}, asked)
            if status == 200:
                return document(body, call), headers
            if code_of(status, body)[0] != "ResponsePayloadTooLarge" or options["$top"] <= SMALLEST:
                raise refused(status, body, call)
            options["$top"] //= 2

    def _send(
        self, method: str, path: str, params: Mapping[str, str], body: Any = None
    ) -> tuple[str, int, Mapping[str, str], bytes]:
        """The call's name, and the answer's status, headers and body. Raises `UnreadError` where there was none."""
        from azure.core.exceptions import AzureError
        from azure.core.rest import HttpRequest

        from collectors.azure.client import call_of
        from collectors.azure.errors import of_sdk
        from collectors.azure.gate import GateShutError

        request = (
            HttpRequest(method, path, params=dict(params), json=body) if body else HttpRequest(method, path, params=params)
        )
        call = call_of(method, path, request.content) or method
        call = self._spelt.get(call.lower(), call)
        action = permission_of(call) if method == "GET" else call
        try:
            with under(self.permit):
                response = self._client.send_request(request)
                return call, response.status_code, response.headers, response.content
        except (AzureError, OSError) as error:
            raise UnreadError(of_sdk(error, action)) from None
        except GateShutError:
            raise UnreadError(Unread(Why.THROTTLED, action, "asked to wait for longer than a run does")) from None


def _total(table: str, answer: Mapping[str, Any]) -> int:
    """How many rows the service counts, of all pages."""
    total = answer.get("totalRecords")
    if not isinstance(total, int):
        raise _odd(table, "rows without their count")
    return total


def _ended(table: str, answer: Mapping[str, Any], got: int, total: int) -> None:
    """Hold the last page against what the service says of the whole."""
    if str(answer.get("resultTruncated", "")).lower() != "false":
        raise _odd(table, "cut off, with no way to the rest")
    if got < total:
        raise _odd(table, "fewer rows than were counted")


def _odd(table: str, detail: str) -> UnreadError:
    return UnreadError(Unread(Why.UNEXPECTED, f"resourcegraph.{table}", detail))
