"""What a source asks through: one object, or every object of a kind, page by page.

- A page without its list, of another kind, or with an object that was listed before is an answer of unexpected shape.
- A list that expired while it was read is begun again, and what it gave already is not given twice.
- An object that has no name is left out, and the listing is then not whole; the rest of it is.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from collectors.kubernetes.api import ExpiredError, NotServedError
from collectors.kubernetes.calls import parsed, request_of
from collectors.permit import Permit
from collectors.source import NotEnabledError, Place, Source, UndeclaredCallError, UnreadError
from evidence_store.records import Json, Scope, Unread, Why

if TYPE_CHECKING:
    from collectors.kubernetes.api import Api

LIMIT = 500  # objects of a page
LARGE = 8 << 20  # bytes of a page after which the next one is asked for with half as many objects
SMALLEST = 25  # objects
RESTARTS = 3
EMPTY_PAGES = 20  # one after another: the API server fills its pages
METADATA = "PartialObjectMetadata"
# Nothing else is accepted: a server that cannot leave out the data of secrets must refuse, and not send it.
_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_NOT_SERVED = "not served by this API server"


class Reader:
    """One source's way to the cluster."""

    def __init__(self, place: Place, source: Source, api: "Api") -> None:
        self.scope: Scope = place.scope
        self._api = api
        self._source = source
        self._permit = Permit(source.name, frozenset(request_of(call) for call in source.calls))

    @property
    def calls(self) -> int:
        """Requests that left the process so far, retries included."""
        return self._permit.sent

    def uid(self, type_: str, name: str, namespace: str = "") -> str:
        """The uid of an object: by its namespace and name, which the API keeps unique within a kind."""
        return self.scope.uid(type_, f"{namespace}/{name}" if namespace else name)

    def get(self, call: str) -> dict[str, Json]:
        """One answer. Raises `UnreadError`."""
        try:
            return self._ask(call, {}, "application/json")[0]
        except (NotServedError, ExpiredError):
            raise UnreadError(Unread(Why.UNSUPPORTED, call, _NOT_SERVED)) from None

    def pages(
        self, call: str, kind: str, *, metadata_only: bool = False, field_selector: str = "", limit: int = LIMIT
    ) -> Iterator[dict[str, Json]]:
        """Every object of a kind, once. Raises `UnreadError`; `NotEnabledError` where the source says that 404 means it."""
        selector = {"fieldSelector": field_selector} if field_selector else {}
        accept = _METADATA_ONLY if metadata_only else "application/json"
        expected = f"{METADATA if metadata_only else kind}List"
        given: set[tuple[str, str]] = set()
        nameless = False
        for restart in range(RESTARTS + 1):
            passed: set[tuple[str, str]] = set()
            try:
                for item in self._once_through(call, selector, accept, expected, limit):
                    key = _key(item)
                    if key is None:
                        nameless = True
                        continue
                    if key in passed:
                        raise UnreadError(Unread(Why.UNEXPECTED, call, "an object was listed twice"))
                    passed.add(key)
                    if key not in given:
                        yield item
            except ExpiredError:
                given |= passed
                if restart == RESTARTS:
                    raise UnreadError(Unread(Why.UNEXPECTED, call, f"the list expired {RESTARTS + 1} times")) from None
                continue
            break
        if nameless:
            raise UnreadError(Unread(Why.UNEXPECTED, call, "an object without a name"))

    def _once_through(
        self, call: str, selector: dict[str, str], accept: str, expected: str, limit: int
    ) -> Iterator[dict[str, Json]]:
        """The objects of each page from the first to the last. Raises `ExpiredError` where the server forgot the list."""
        token, empty = "", 0
        while True:
            query = {"limit": str(limit), **selector, **({"continue": token} if token else {})}
            page, size = self._page(call, query, accept)
            items, following = page.get("items"), page.get("metadata")
            if page.get("kind") != expected or not isinstance(items, list) or not isinstance(following, dict):
                raise UnreadError(Unread(Why.UNEXPECTED, call, f"no {expected}"))
            del page
            if size > LARGE:
                limit = max(limit // 2, min(limit, SMALLEST))
            empty = 0 if items else empty + 1
            items.reverse()
            while items:  # each object is given up as soon as it is read
                yield items.pop()
            before, token = token, following.get("continue") or ""
            if not token:
                return
            if not isinstance(token, str) or token == before or empty > EMPTY_PAGES:
                raise UnreadError(Unread(Why.UNEXPECTED, call, "more pages than can be asked for"))

    def _page(self, call: str, query: dict[str, str], accept: str) -> tuple[dict[str, Json], int]:
        try:
            return self._ask(call, query, accept)
        except NotServedError:
            if "404" in self._source.not_enabled and "continue" not in query:
                raise NotEnabledError(f"{call}: {_NOT_SERVED}") from None
            raise UnreadError(Unread(Why.UNSUPPORTED, call, _NOT_SERVED)) from None

    def _ask(self, call: str, query: dict[str, str], accept: str) -> tuple[dict[str, Json], int]:
        """The answer, and its size in bytes."""
        if call not in self._source.calls:
            raise UndeclaredCallError(f"{self._source.name} did not declare {call}")
        return self._api.get(self._permit, call, parsed(call).path, query, accept)


def _key(item: Json) -> tuple[str, str] | None:
    """Namespace and name; `None` for what is no named object."""
    metadata = item.get("metadata") if isinstance(item, dict) else None
    if not isinstance(metadata, dict):
        return None
    name, namespace = metadata.get("name"), metadata.get("namespace") or ""
    return (namespace, name) if isinstance(name, str) and name and isinstance(namespace, str) else None
