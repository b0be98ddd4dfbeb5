"""How long the pages of a listing are, and that one of them is held at a time."""

import weakref
from collections.abc import Iterable
from typing import Any

from collectors.gcp.client import Page
from collectors.gcp.reader import Listing
from collectors.permit import Permit
from tests.collectors.gcp.assets import BUCKET, INSTANCE, machine
from tests.collectors.gcp.cloud import Cloud
from tests.collectors.gcp.estate import RAW
from tests.collectors.gcp.gathering import gather

RESOURCE = "cloudasset.ListAssets RESOURCE"


def test_pages_of_inventories_are_shorter_than_others(gcp: Cloud) -> None:
    gcp.add(INSTANCE, "vm", machine("vm"), os_inventory={"osInfo": {"shortName": "debian"}})
    gather(gcp.connect(), INSTANCE, "OS_INVENTORY")
    asked = {a.call.rpartition(" ")[2]: a.page_size for a in gcp.asked if INSTANCE in a.asset_types}
    assert asked == {"RESOURCE": 1000, "OS_INVENTORY": 200}


def test_a_page_is_let_go_before_the_next_one_comes() -> None:
    class Pages:
        """Answers page by page, and sees whether anybody still holds the one before."""

        def __init__(self) -> None:
            self.before: weakref.ref[Assets] | None = None
            self.held: list[bool] = []

        def page(self, _: Any, __: str, request: dict[str, Any]) -> Page:
            self.held.append(self.before is not None and self.before() is not None)
            number = int(request["page_token"] or 0)
            assets = Assets(RAW(name=f"//x/{number}/{n}", asset_type=BUCKET) for n in range(3))
            self.before = weakref.ref(assets)
            return Page(assets, str(number + 1) if number < 3 else "", None)

    class Assets(list[Any]):
        """Can be referred to weakly. Each message holds its page, as one of the library's does."""

        def __init__(self, made: Iterable[Any]) -> None:
            super().__init__(made)
            self.ids = {id(asset) for asset in self}

    def is_of_its_page(asset: Any) -> bool:
        held = pages.before()
        return held is not None and id(asset) in held.ids

    pages: Any = Pages()
    listing = Listing(pages, Permit("test", frozenset()), "organizations/1")
    found = [(asset.name.rpartition("/")[2], is_of_its_page(asset)) for asset in listing.every(RESOURCE, (BUCKET,))]
    assert found == [("0", True), ("1", True), ("2", False)] * 4  # the last is a copy, held while the next page comes
    assert pages.held == [False] * 4
