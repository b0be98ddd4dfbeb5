"""The account and its regions: they exist wherever a target is read, so a question about what is missing can be put to them."""

from collections.abc import Iterator

from collectors.aws.reader import Reader
from collectors.source import Facet, source
from evidence_store.records import Observation


@source(
    "sts.GetCallerIdentity",
    level="account",
    calls=(),
    permissions=("sts:GetCallerIdentity",),
    yields=[Facet("aws.account", facts=("Account",), lists=True)],
)
def account(read: Reader) -> Iterator[Observation]:
    """The account itself. Who we are in it was asked when the target's places were found, and is not asked again."""
    yield Observation("aws.account", f"arn:{read.partition}:iam::{read.account}:root", {"Account": read.account})


@source("aws.Region", level="region", calls=(), yields=[Facet("aws.region", facts=("RegionName",), lists=True)])
def region(read: Reader) -> Iterator[Observation]:
    """The region itself. Nothing is asked: that it is enabled was asked when the target's places were found."""
    yield Observation("aws.region", read.uid("aws.region", read.region), {"RegionName": read.region})
