"""What a source asks through: one call, or every page of one, in its own place.

- `None`, an empty iteration or `NotEnabledError` only where the service itself said so, in a code that the source names.
- Everything else that is not an answer is `UnreadError`, naming the IAM action.
- A page without the list that it should carry is an answer of unexpected shape, not an empty list.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from collectors.aws.permissions import permission_of
from collectors.permit import Permit, under
from collectors.source import NotEnabledError, Place, Source, UndeclaredCallError, UnreadError
from evidence_store.records import Scope, Unread, Why

if TYPE_CHECKING:
    from collectors.aws.clients import Clients, Principal

_MISSING = object()
_TOKENS = ("NextToken", "nextToken", "Marker", "NextMarker")


class Reader:
    """One source's way to one place. Shared by the threads that read for the source."""

    def __init__(self, place: Place, source: Source, principal: "Principal", clients: "Clients", home: str = "") -> None:
        from collectors.aws import errors

        self.scope: Scope = place.scope
        self.account: str = place.scope.account
        self.region: str = place.scope.region
        self.partition: str = principal.partition
        self.effective: datetime | None = None  # the time that the whole answer speaks of, if the source sets it
        self._asked_in = principal.main_region if self.region == "global" else self.region
        self.home: str = home or self._asked_in  # where the target's account asks regional services about itself
        self._principal = principal
        self._clients = clients
        self._not_enabled = source.not_enabled
        self._permit = Permit(source.name, frozenset(source.calls))
        self._under = under
        self._errors = errors

    @property
    def calls(self) -> int:
        """Requests that left the process so far, retries included."""
        return self._permit.sent

    def arn(self, service: str, resource: str) -> str:
        """An ARN of this partition, region and account."""
        region = "" if self.region == "global" else self.region
        return f"arn:{self.partition}:{service}:{region}:{self.account}:{resource}"

    def uid(self, type_: str, native_id: str) -> str:
        """The uid of a resource that has no ARN."""
        return self.scope.uid(type_, native_id)

    def call(
        self,
        call: str,
        /,
        *,
        absent: Iterable[str] = (),
        not_enabled: Iterable[str] = (),
        in_region: str | None = None,
        **params: Any,
    ) -> dict[str, Any] | None:
        """One call's answer; `None` where the service answers with a code in `absent`: not configured.

        Codes are given as `Code`, or `Code: words of its message`. Those in `not_enabled`, and in the source's own, raise
        `NotEnabledError`. Raises `UnreadError` for whatever else is not an answer.
        """
        asked = self.answers(call, absent=absent, not_enabled=not_enabled, in_region=in_region, first_only=True, **params)
        return next(asked, None)

    def shared(self, call: str, /, **params: Any) -> dict[str, Any] | None:
        """As `call`, for what more than one source asks of the same thing: the first one's answer serves all."""
        key = (self.account, call, *sorted((name, str(value)) for name, value in params.items()))
        answer: dict[str, Any] | None = self._clients.once(key, lambda: self.call(call, **params))
        return answer

    def pages(
        self,
        call: str,
        key: str,
        /,
        *,
        missing_is_empty: bool = False,
        absent: Iterable[str] = (),
        not_enabled: Iterable[str] = (),
        in_region: str | None = None,
        **params: Any,
    ) -> Iterator[Any]:
        """Every item of the list under `key` (`A.B` for a nested one), over every page."""
        for answer in self.answers(call, absent=absent, not_enabled=not_enabled, in_region=in_region, **params):
            found: Any = answer
            for part in key.split("."):
                found = found.get(part, _MISSING) if isinstance(found, dict) else _MISSING
            if isinstance(found, list):
                yield from found
            elif found is not _MISSING or not missing_is_empty:
                raise UnreadError(Unread(Why.UNEXPECTED, permission_of(call), f"no list {key}"))

    def answers(
        self,
        call: str,
        /,
        *,
        absent: Iterable[str] = (),
        not_enabled: Iterable[str] = (),
        in_region: str | None = None,
        first_only: bool = False,
        **params: Any,
    ) -> Iterator[dict[str, Any]]:
        """Every page, whole. Nothing at all where the first answer's code is in `absent`."""
        service, _, operation = call.partition(".")
        action = permission_of(call)
        if call not in self._permit.allowed:  # the client's own guard would see it too; here it need not be made
            raise UndeclaredCallError(f"{self._permit.reader} did not declare {call}")
        client = self._clients.get(self._principal.session, service, in_region or self._asked_in, operation)
        read = _first(client, operation, params) if first_only else _every(client, operation, params, action)
        refused = (*self._not_enabled, *not_enabled)
        while True:
            answer = self._one(read, action, absent, refused)
            if answer is None:
                return
            answer.pop("ResponseMetadata", None)
            yield answer

    def _one(
        self, read: Callable[[], dict[str, Any] | None], action: str, absent: Iterable[str], not_enabled: Iterable[str]
    ) -> dict[str, Any] | None:
        """The next page under this source's permit. `None` at the end, and where the service has nothing of the kind."""
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        try:
            with self._under(self._permit):
                return read()
        except ClientError as error:
            if self._errors.means(error, absent):
                return None
            if self._errors.means(error, not_enabled):
                raise NotEnabledError(f"{action}: {self._errors.code_of(error)}") from None
            raise UnreadError(self._errors.of_client(error, action)) from None
        except (BotoCoreError, ResponseParserError) as error:
            raise UnreadError(self._errors.of_sdk(error, action)) from None


def _first(client: Any, operation: str, params: dict[str, Any]) -> Callable[[], dict[str, Any] | None]:
    """Ask once, then end."""
    asked = False

    def read() -> dict[str, Any] | None:
        nonlocal asked
        if asked:
            return None
        asked = True
        answer: dict[str, Any] = _method(client, operation)(**params)
        return answer

    return read


def _every(client: Any, operation: str, params: dict[str, Any], action: str) -> Callable[[], dict[str, Any] | None]:
    """Ask for page after page: as the SDK describes the operation's paging or, where it does not, by its token's name."""
    from botocore import xform_name

    if client.can_paginate(xform_name(operation)):
        pages = iter(client.get_paginator(xform_name(operation)).paginate(**params))
        return lambda: next(pages, None)
    shape = client.meta.service_model.operation_model(operation).input_shape
    accepted = shape.members if shape is not None else {}
    following: dict[str, Any] | None = dict(params)

    def read() -> dict[str, Any] | None:
        nonlocal following
        if following is None:
            return None
        answer: dict[str, Any] = _method(client, operation)(**following)
        token = next((name for name in _TOKENS if answer.get(name)), None)
        if token is None:
            following = None
            return answer
        asked_with = "Marker" if token == "NextMarker" else token  # noqa: S105 - a page token
        if asked_with not in accepted or following.get(asked_with) == answer[token]:
            raise UnreadError(Unread(Why.UNEXPECTED, action, "more pages than can be asked for"))
        following = {**following, asked_with: answer[token]}
        return answer

    return read


def _method(client: Any, operation: str) -> Callable[..., dict[str, Any]]:
    from botocore import xform_name

    method: Callable[..., dict[str, Any]] = getattr(client, xform_name(operation))
    return method
