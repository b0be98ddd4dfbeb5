"""The four passes over a target: what there is, who may do what with it, what the organization forbids, what is installed.

Each is one listing of the whole target, whatever the number of its projects and of the types that are asked for.
"""

from collections.abc import Iterator

from collectors.gcp.projects import PROJECT
from collectors.gcp.reader import Reader
from collectors.source import Item, bulk
from evidence_store.records import Unread

POLICY = "policy"  # the kind of every item of the two passes that list policies


@bulk("cloudasset.ListAssets RESOURCE")
def resources(read: Reader, kinds: tuple[str, ...]) -> Iterator[Item]:
    """Resources of these types. Projects are known since the places were listed, and not asked for again."""
    if PROJECT in kinds:
        yield from read.known_projects()
    if wanted := tuple(kind for kind in kinds if kind != PROJECT):
        yield from read.items("RESOURCE", wanted)


@bulk("cloudasset.ListAssets IAM_POLICY")
def iam_policies(read: Reader, _: tuple[str, ...]) -> Iterator[Item]:
    """The policy of everything that has one.

    Two types may share one name, as functions of the first and the second generation do. None of the two policies must hide
    the other, so the second one's name says its type.
    """
    names: set[int] = set()  # hashes: there may be a hundred thousand
    for item in read.items("IAM_POLICY", (), POLICY):
        if not isinstance(item.body, Unread):
            key = hash(item.body.name)
            if key in names:
                item.body.name += f"#{item.body.asset_type.rpartition('/')[2]}"
            names.add(key)
        yield item


@bulk("cloudasset.ListAssets ORG_POLICY")
def organization_policies(read: Reader, _: tuple[str, ...]) -> Iterator[Item]:
    """The organization policies set on the organization, on folders and on projects."""
    yield from read.items("ORG_POLICY", (), POLICY)


@bulk("cloudasset.ListAssets OS_INVENTORY")
def inventories(read: Reader, kinds: tuple[str, ...]) -> Iterator[Item]:
    """What the agent of each machine last reported."""
    yield from read.items("OS_INVENTORY", kinds)
