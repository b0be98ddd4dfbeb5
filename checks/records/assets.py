"""The asset register, beside what is scanned; access reviews of the systems in it, and classes of their information."""

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime

from checks.check import Unknown, check
from checks.records.registers import PERSON, at_work_now, day, entries, gone, lacking, some, stale, told
from evidence_store.records import Inventory, Resource

# What the register is compared with: the types of scanned things that hold or process information, by kind of target.
SCANNED = {
    "aws": ("aws.ec2.instance", "aws.rds.cluster", "aws.rds.instance", "aws.s3.bucket"),
    "host": ("host.machine",),
}


@check(
    on="records.isms",
    severity="high",
    version=1,
    looks_up={
        "records.scope": ("targets",),
        "records.asset": ("id", "owner", "classification", "resources"),
        "records.person": PERSON,
        "aws.account": ("Account",),
        "aws.ec2.instance": ("State",),
        "aws.rds.cluster": (),
        "aws.rds.instance": (),
        "aws.s3.bucket": (),
        "host.machine": (),
    },
    fix="Register what is named, with an owner and its uid or a pattern under `resources`, and remove what no longer exists.",
)
def rec_asset_register_reconciled(
    isms: Resource, *, at: datetime, inventory: Inventory, tolerance_percent: int = 5
) -> str | Unknown | None:
    """The asset register agrees with what is scanned, and every asset has an owner who works here.

    Compared are machines, databases, stores and instances of the targets that the scope names, in both directions: what
    is scanned and not registered, and what is registered by uid or pattern and was not found. A scope that names no
    AWS account and no host gives nothing to compare with, and no answer.

    `tolerance_percent`: the share of scanned things that may be unregistered, in percent
    """
    assets = entries(inventory, "asset")
    if not assets:
        return f"{isms.name} has no register of assets in isms/assets.toml"
    here = at_work_now(inventory, at)
    faults = [fault for asset in assets for fault in lacking(asset, owner="owner") + gone(asset, here, owner="owner")]
    targets = [target for scope in entries(inventory, "scope") for target in scope.fact("targets") or []]
    kinds = {target.partition(":")[0] for target in targets} & SCANNED.keys()
    if not kinds:
        return told(faults) or Unknown("isms/scope.toml names no AWS account and no host to compare isms/assets.toml with")
    unseen = [t for t in targets if t.partition(":")[0] in kinds and not _seen(t, inventory)]
    if unseen:
        return told(faults) or Unknown(f"the scope names {some(unseen)}, which was not scanned")
    inside = [place for target in targets for place in (_pattern(target), _pattern(f"{target}:*"))]
    found = sorted(
        resource.uid
        for kind in kinds
        for type_ in SCANNED[kind]
        for resource in _scanned(type_, inventory)
        if any(place.fullmatch(str(resource.scope)) for place in inside)
    )
    registered = {name for asset in assets for name in asset.fact("resources") or []}
    wide = [_pattern(name) for name in sorted(registered) if "*" in name]
    unregistered = [uid for uid in found if uid not in registered and not any(p.fullmatch(uid) for p in wide)]
    if len(unregistered) * 100 > tolerance_percent * len(found):
        share = f"{len(unregistered)} of {len(found)} scanned resources stand in no entry of isms/assets.toml"
        faults.append(f"{share}, and the tolerance is {tolerance_percent} percent: {some(unregistered)}")
    return told(faults + list(_lost(assets, set(found))))


def _seen(target: str, inventory: Inventory) -> bool:
    """Whether what a scope names was scanned; a pattern is, if anything that it matches was."""
    kind, account = (*target.split(":"), "")[:2]
    if kind == "aws":
        names = [found.fact("Account") for found in inventory.where("aws.account")]
    else:
        names = [found.scope.account for found in inventory.where("host.machine")]
    return any(_pattern(account).fullmatch(name) for name in names)


def _pattern(text: str) -> re.Pattern[str]:
    """A uid or a pattern in which `*` stands for anything."""
    return re.compile(".*".join(re.escape(part) for part in text.split("*")), re.DOTALL)


def _scanned(type_: str, inventory: Inventory) -> Iterator[Resource]:
    """What exists; an instance that was terminated is still listed for a while, and does not."""
    for resource in inventory.where(type_):
        if type_ != "aws.ec2.instance" or (resource.fact("State") or {}).get("Name") != "terminated":
            yield resource


def _lost(assets: Iterable[Resource], found: set[str]) -> Iterator[str]:
    """What the register names of the compared kinds, and the scan did not find."""
    compared = re.compile(r"arn:[^:]*:(ec2:[^:]*:[^:]*:instance/|rds:[^:]*:[^:]*:(db|cluster):|s3:::)|host:")
    for asset in assets:
        absent = [n for n in asset.fact("resources") or [] if compared.match(n) and n not in found]
        lost = [n for n in absent if "*" not in n or not any(_pattern(n).fullmatch(uid) for uid in found)]
        if lost:
            yield f"{asset.name} names {some(lost)}, which the scan did not find"


@check(
    on="records.isms",
    severity="high",
    version=1,
    looks_up={
        "records.access_rule": ("system",),
        "records.access_review": ("system", "latest", "reviewer", "decided_on", "decisions"),
        "records.asset": ("id", "owner"),
    },
    fix="Have the owner of each system named decide on every grant in it, carry out the removals, and note both.",
)
def rec_access_review_done(
    isms: Resource, *, at: datetime, inventory: Inventory, interval_days: int = 180, removal_days: int = 14
) -> str | None:
    """Owners reviewed the access to each system in the interval, decided on each grant, and removals were carried out.

    Rights pile up as people change work. Every system that has access rules needs a review by its owner. The grants in a
    review are those that the reviewer had before them; live grants are judged by the checks on identity systems.

    `interval_days`: how long a review holds, in days
    `removal_days`: how soon after the decision a change or removal has to be carried out, in days
    """
    systems = sorted({rule.fact("system") for rule in entries(inventory, "access_rule")})
    if not systems:
        return f"{isms.name} has no rules in isms/access_rules.toml that would say to which systems access is reviewed"
    faults: list[str] = []
    for system in systems:
        reviews = list(inventory.where("records.access_review", system=system, latest=True))
        if not reviews:
            faults.append(f"access to {system} was never reviewed")
        for review in reviews:
            owners = [asset.fact("owner") for asset in inventory.where("records.asset", id=system)]
            faults += _reviewed(review, owners, at, interval_days, removal_days)
    return told(faults)


def _reviewed(review: Resource, owners: list[str | None], at: datetime, interval_days: int, removal_days: int) -> Iterator[str]:
    """What is wrong with the last review of a system."""
    yield from stale(review, "decided_on", at, interval_days, "decided") + lacking(review, reviewer="reviewer")
    by = review.fact("reviewer")
    if by and any(owners) and by not in owners:
        yield f"{review.name} was made by {by}, and the owner is {some(o for o in owners if o)}"
    decisions = review.fact("decisions") or []
    if not decisions:
        yield f"{review.name} lists no grants"
    decided = day(review, "decided_on")
    for grant in decisions:
        if not grant["decision"]:
            yield f"{review.name} has no decision on {grant['account']}"
        elif grant["decision"] != "keep" and decided is not None and _open(grant["done_on"], decided, at, removal_days):
            yield f"{review.name}: {grant['decision']} of {grant['account']} was not carried out in {removal_days} days"


def _open(done_on: str | None, decided: date, at: datetime, days: int) -> bool:
    """Whether a decision was not carried out, though the time for it is over."""
    return (done_on is None or done_on > at.date().isoformat()) and (at.date() - decided).days > days


@check(
    on="records.isms",
    severity="medium",
    version=1,
    looks_up={
        "records.classification": ("level", "handling", "approved_by", "approved_on", "effective_on"),
        "records.asset": ("id", "type", "classification"),
    },
    fix="Approve the levels in isms/classification.toml, and give each asset in isms/assets.toml that holds information one.",
)
def rec_classification_scheme(
    isms: Resource,
    *,
    at: datetime,
    inventory: Inventory,
    review_days: int = 365,
    types: tuple[str, ...] = ("information", "database", "system", "application"),
) -> str | Unknown | None:
    """Levels of classification are approved, and each asset that holds information has one.

    How something is handled follows from its level. Assets of the register are judged; whether a store that is scanned
    stands in the register is the question of `rec_asset_register_reconciled`.

    `review_days`: how long an approval or a review of the levels holds, in days
    `types`: the types of asset that hold information
    """
    levels = entries(inventory, "classification")
    if not levels:
        return f"{isms.name} has no classification scheme in isms/classification.toml"
    faults = [
        f
        for level in levels
        for f in lacking(level, handling="handling", approved_by="approver", approved_on="day of approval")
    ]
    faults += [f for level in levels for f in stale(level, "effective_on", at, review_days, "approved or reviewed")]
    known = {level.fact("level") for level in levels}
    stores = [asset for asset in entries(inventory, "asset") if asset.fact("type") in (None, *types)]
    if not stores:
        return told(faults) or Unknown("isms/assets.toml names no asset that holds information, so none has a class")
    bare = [asset.name for asset in stores if not asset.fact("classification")]
    odd = [f"{a.name} ({a.fact('classification')})" for a in stores if (a.fact("classification") or None) not in (None, *known)]
    faults += [f"no class is given to {some(bare)}"] if bare else []
    faults += [f"a class outside the scheme is given to {some(odd)}"] if odd else []
    return told(faults)
