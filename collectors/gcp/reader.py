"""What a bulk pass asks through: every asset of one kind of content under the target, and whose each one is.

- Every pass of a connection asks for the same moment: that of its first answer. So a policy and the thing that it is set on
  speak of one time.
- A page token that no longer holds starts the listing again, at most twice; what was given before is not given again.
- An asset type that the service does not know would make the whole listing fail: it is found by asking for each type alone,
  and left out.
- A token that comes twice is an answer of unexpected shape, and not an endless listing.
- One page is held at a time, and one of inventories is shorter: each of them names hundreds of packages.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from collectors.gcp.permissions import permission_of
from collectors.gcp.projects import PROJECT
from collectors.permit import Permit
from collectors.source import Item, Place, UnreadError
from evidence_store.records import Scope, Unread, Why

if TYPE_CHECKING:
    from collectors.gcp.client import Assets, Page
    from collectors.gcp.projects import Projects

PAGE = 1000  # the most that the service gives
SHORTER = {"OS_INVENTORY": 200}  # a thousand take 300 MB
RESTARTS = 2


class Reader:
    """One source's way to the target's assets."""

    effective: datetime | None = None  # each asset says itself when it was updated, where that matters

    def __init__(self, place: Place, permit: "Permit", assets: "Assets", projects: "Projects") -> None:
        self.scope: Scope = place.scope
        self._permit = permit
        self._assets = assets
        self.projects = projects

    @property
    def calls(self) -> int:
        """Requests that left the process so far, retries and restarts included."""
        return self._permit.sent

    def items(self, content: str, kinds: tuple[str, ...], kind: str | None = None) -> Iterator[Item]:
        """Every asset of these types (none: of all), each with the account that it belongs to.

        `kind` names all of them alike, where the content and not the type says what they are. Raises `UnreadError`.
        """
        call = f"cloudasset.ListAssets {content}"
        listing = Listing(self._assets, self._permit, self.projects.parent, self.projects.moment)
        for found in listing.every(call, kinds):
            yield found if isinstance(found, Item) else self.placed(call, found, kind)
        yield from self._unplaced()  # last: what this listing itself was refused is told before it

    def known_projects(self) -> Iterator[Item]:
        """The projects, from the listing that found the places."""
        if self.projects.unread is not None:
            yield Item(PROJECT, self.projects.root, self.projects.unread)
        for asset in self.projects.assets:
            yield self.placed("cloudasset.ListAssets RESOURCE", asset)

    def _unplaced(self) -> Iterator[Item]:
        """What of a project that is not known would be missed stands against the target's root, unless that is a project."""
        if self.projects.unread is not None and not self.projects.is_project:
            yield Item("", self.projects.root, self.projects.unread)

    def placed(self, call: str, asset: Any, kind: str | None = None) -> Item:
        """An asset with the account that it belongs to, or what is wrong with it: an asset of any kind, or of any account."""
        of = kind or asset.asset_type
        wrong = "an asset without a name" if not asset.name else "" if of else "an asset without a type"
        account = None if wrong else self.projects.account_of(asset)
        if account is None:
            return Item(of, "", Unread(Why.UNEXPECTED, permission_of(call), wrong or "an asset that belongs to no project"))
        return Item(of, account, asset)


class Listing:
    """One listing, page by page."""

    def __init__(self, assets: "Assets", permit: "Permit", parent: str, moment: Any = None) -> None:
        self._assets = assets
        self._permit = permit
        self._parent = parent
        self.moment = moment  # that the listing speaks of; the first answer sets it

    def every(self, call: str, kinds: tuple[str, ...]) -> Iterator[Any]:
        """The assets as the protocol carries them, none twice; an `Item` for each type that could not be asked for."""
        from google.api_core.exceptions import InvalidArgument

        given: set[int] = set()  # hashes, to tell what came before a restart
        restarts, asked = 0, kinds
        while True:
            token, tokens, moment = "", set[str](), self.moment
            try:
                while True:
                    page = self._page(call, asked, token, moment)
                    yield from _fresh(page, given)
                    token = page.next_token
                    del page  # before the next one comes
                    if not token:
                        return
                    if token in tokens:
                        raise UnreadError(Unread(Why.UNEXPECTED, permission_of(call), "a page token that came before"))
                    tokens.add(token)
            except InvalidArgument:
                refused = Unread(Why.UNEXPECTED, permission_of(call), "INVALID_ARGUMENT")
                if token and restarts < RESTARTS:
                    restarts += 1
                    continue
                unknown = self._unknown(call, asked) if asked and not token and not restarts else ()
                if not unknown:
                    raise UnreadError(refused) from None
            for kind in unknown:
                yield Item(kind, "", Unread(Why.UNSUPPORTED, permission_of(call), f"for {kind}"))
            asked = tuple(kind for kind in asked if kind not in unknown)
            if not asked:
                return

    def _unknown(self, call: str, kinds: tuple[str, ...]) -> tuple[str, ...]:
        """The types that the service refuses to list. None of them where it refuses what it must know as well."""
        refused = kinds if len(kinds) == 1 else tuple(kind for kind in kinds if self._refuses(call, kind))
        return () if len(refused) == len(kinds) and self._refuses(call, PROJECT) else refused

    def _refuses(self, call: str, kind: str) -> bool:
        from google.api_core.exceptions import InvalidArgument

        try:
            self._page(call, (kind,), "", self.moment, size=1)
        except InvalidArgument:
            return True
        return False

    def _page(self, call: str, kinds: tuple[str, ...], token: str, moment: Any, size: int | None = None) -> "Page":
        """One page. All pages of a listing must be asked for alike, so the first answer's moment is for the next listing."""
        content = call.rpartition(" ")[2]
        request = {
            "parent": self._parent,
            "content_type": content,
            "asset_types": list(kinds),
            "page_size": size or SHORTER.get(content, PAGE),
            "page_token": token,
            "read_time": moment,
        }
        page = self._assets.page(self._permit, call, request)
        self.moment = self.moment or page.read_time
        return page


def _fresh(page: "Page", given: set[int]) -> Iterator[Any]:
    """What of a page did not come before.

    Each asset keeps its whole page in memory. The last one is a copy, for whoever holds it while the next page comes.
    """
    last = len(page.assets) - 1
    for position, asset in enumerate(page.assets):
        if asset.name:
            key = hash((asset.asset_type, asset.name))
            if key in given:
                continue
            given.add(key)
        yield _alone(asset) if position == last else asset


def _alone(asset: Any) -> Any:
    made = type(asset)()
    made.CopyFrom(asset)
    return made
