"""A tenant in memory that answers as Resource Manager and Resource Graph do, the hiding of rows included."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.collectors.azure.defaults import AT_SUBSCRIPTION, BESIDE, PROPERTIES

if TYPE_CHECKING:
    from collectors.azure.session import AzureConnection

TENANT = "11111111-1111-4111-8111-111111111111"
PROD = "aaaaaaaa-0000-4000-8000-000000000001"
TEST = "bbbbbbbb-0000-4000-8000-000000000002"
GROUP = "annexa"
CLIENT = "cccccccc-0000-4000-8000-000000000003"
SECRET = "a-client-secret-of-the-tests"
CALLER = "dddddddd-0000-4000-8000-000000000004"

GONE = object()  # as a property: leave the default's out


@dataclass(frozen=True, slots=True)
class Call:
    """One request that came in."""

    at: float  # monotonic seconds
    name: str  # resourcegraph.<table>, arm.<type>, token
    path: str
    body: Any
    status: int


@dataclass(slots=True)
class Fault:
    """What goes wrong with a call, and how often."""

    call: str
    how: str
    times: int
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Denial:
    """A deny assignment."""

    scope: str
    body: dict[str, Any]  # its properties


def type_of(id_: str) -> str:
    """The resource type of an id, as the id spells it."""
    before, found, after = id_.rpartition("/providers/")
    if not found:
        parts = before.strip("/").split("/") if before else id_.strip("/").split("/")
        return "Microsoft.Resources/" + "/".join(parts[0::2])
    parts = after.split("/")
    return "/".join([parts[0], *parts[1::2]])


class Cloud:
    """One tenant, two subscriptions below one management group, and a caller who reads everything unless told otherwise."""

    def __init__(self) -> None:
        self.endpoint = ""
        self.resets = 0
        self.reset()

    def reset(self) -> None:
        self.resets += 1
        self.page = 2
        self.latency = 0.0
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.resources: dict[str, dict[str, Any]] = {}
        self.states = {PROD: "Enabled", TEST: "Enabled"}
        self.grants: dict[str, list[dict[str, list[str]]]] = {}
        self.below: dict[str, set[str]] = {}  # management group -> its subscriptions; all of them where none are named
        self.denials: list[Denial] = []
        self.unseen: set[str] = set()  # subscriptions where the caller has no role at all
        self.unlisted: set[str] = set()  # subscriptions that the list of them has not got yet
        self.leaving: list[str] = []  # resources that go when the first page of a query has been given
        self.expired = False
        self.tenant_token = TENANT
        self.assertions: set[str] = set()  # tokens of workloads that the directory trusts
        for account in (PROD, TEST, TENANT):
            self.grants[account] = [{"actions": ["*/read"], "notActions": []}]
        for subscription in (PROD, TEST):
            chain = [{"name": GROUP, "displayName": "Annexa"}, {"name": TENANT, "displayName": "Tenant Root Group"}]
            self.add(f"/subscriptions/{subscription}", properties={"managementGroupAncestorsChain": chain})

    def add(
        self,
        what: str,
        name: str = "",
        *,
        subscription: str = PROD,
        scope: str | None = None,
        properties: Mapping[str, Any] | None = None,
        **beside: Any,
    ) -> str:
        """Add a resource by id, or by type and name (`server/database` for a child), and give its id.

        Properties are laid over those of a new resource of the type; `GONE` takes one away. `scope` is where a role or a
        policy is assigned: an id, `/` for the root.
        """
        id_ = what if what.startswith("/") else self._id(what, name, subscription, scope)
        type_ = type_of(id_)
        key = type_.lower()
        laid = {**copy.deepcopy(PROPERTIES.get(key, {})), **(properties or {})}
        if scope is not None and key in AT_SUBSCRIPTION:
            laid.setdefault("scope", scope)
        elif key in AT_SUBSCRIPTION and "authorization" in key:
            laid.setdefault("scope", f"/subscriptions/{subscription}")
        if key.endswith("/roledefinitions"):
            laid.setdefault("assignableScopes", [f"/subscriptions/{subscription}"])
            laid.setdefault("roleName", name)
        self.resources[id_.lower()] = {
            "id": id_,
            "name": id_.rsplit("/", 1)[-1],
            "type": key,
            "location": "westeurope",
            "tags": {},
            **copy.deepcopy(BESIDE.get(key, {})),
            **beside,
            "properties": {k: v for k, v in laid.items() if v is not GONE},
        }
        return id_

    def _id(self, type_: str, name: str, subscription: str, scope: str | None) -> str:
        namespace, *types = type_.split("/")
        names = name.split("/")
        below = "/".join(f"{t}/{n}" for t, n in zip(types, names, strict=True))
        if type_.lower() == "microsoft.authorization/roledefinitions":
            return f"/providers/{namespace}/{below}"
        if scope is not None or type_.lower() in AT_SUBSCRIPTION:
            above = "" if scope == "/" else scope or f"/subscriptions/{subscription}"
            return f"{above}/providers/{namespace}/{below}"
        return f"/subscriptions/{subscription}/resourceGroups/main/providers/{namespace}/{below}"

    def assign(
        self, role: str, principal: str, *, scope: str | None = None, subscription: str = PROD, kind: str = "User", **more: Any
    ) -> str:
        """A role assignment: the role's id (its GUID), who holds it, and where (default: the subscription)."""
        number = sum("/roleassignments/" in id_ for id_ in self.resources) + 1
        return self.add(
            "Microsoft.Authorization/roleAssignments",
            f"eeeeeeee-0000-4000-8000-{number:012d}",
            subscription=subscription,
            scope=scope,
            properties={
                "roleDefinitionId": f"/providers/Microsoft.Authorization/RoleDefinitions/{role}",
                "principalId": principal,
                "principalType": kind,
                **more,
            },
        )

    def assess(self, machine: str, *patches: Mapping[str, Any], **properties: Any) -> None:
        """A patch assessment of a machine (its id), with what it found."""
        latest = f"{machine}/patchAssessmentResults/latest"
        self.add(latest, properties=properties)
        for number, patch in enumerate(patches, 1):
            self.add(f"{latest}/softwarePatches/{number}", properties=patch)

    def grant(self, actions: list[str], not_actions: list[str] | None = None, *, account: str | None = None) -> None:
        """All that the caller may do from now on, in one place or in each."""
        for each in self.grants if account is None else (account,):
            self.grants[each] = [{"actions": list(actions), "notActions": list(not_actions or ())}]

    def deny(self, action: str, *, account: str | None = None) -> None:
        """Take one action away, in one place or in each."""
        for each in self.grants if account is None else (account,):
            for held in self.grants[each]:
                held["notActions"].append(action)

    def forbid(
        self,
        scope: str,
        actions: list[str],
        not_actions: list[str] | None = None,
        *,
        whom: tuple[str, str] = ("00000000-0000-0000-0000-000000000000", "SystemDefined"),
        but: tuple[str, ...] = (),
    ) -> None:
        """A deny assignment at a scope, for everyone (or one: object id and type) but those with these object ids."""
        body = {
            "denyAssignmentName": "managed by the platform",
            "permissions": [{"actions": actions, "notActions": not_actions or [], "dataActions": [], "notDataActions": []}],
            "scope": scope,
            "doNotApplyToChildScopes": False,
            "principals": [{"id": whom[0], "type": whom[1]}],
            "excludePrincipals": [{"id": each, "type": "ServicePrincipal"} for each in but],
            "isSystemProtected": True,
        }
        self.denials.append(Denial(scope.lower(), body))

    def deny_all(self) -> None:
        """No role anywhere: the subscriptions are not even listed."""
        self.unseen |= {PROD, TEST}
        for each in self.grants:
            self.grants[each] = []

    def throttle(self, call: str, times: int = 1, retry_after: float | None = None) -> None:
        """Refuse a call as too many. `retry_after` is told in the header that carries milliseconds unless whole seconds."""
        headers = {}
        if retry_after is not None:
            whole = float(retry_after).is_integer()
            headers = {"Retry-After": str(int(retry_after))} if whole else {"x-ms-retry-after-ms": str(int(retry_after * 1000))}
        self.faults.append(Fault(call, "refuse", times, 429, headers))

    def garble(self, call: str, how: str = "html", times: int = 1000) -> None:
        """Spoil a call's answers: html, truncated, empty, array, no_list, no_link, endless, short, cut, too_large, offsite."""
        self.faults.append(Fault(call, how, times))

    def tell(self, call: str, headers: Mapping[str, str], times: int = 1000) -> None:
        """Send headers along with a call's answers."""
        self.faults.append(Fault(call, "tell", times, headers=dict(headers)))

    def fail(self, call: str, status: int, code: str = "", times: int = 1000) -> None:
        """Refuse a call with a status and a code."""
        self.faults.append(Fault(call, f"code:{code}", times, status))

    def asked(self, name: str) -> list[Call]:
        """The requests of one call, in order."""
        return [call for call in self.calls if call.name.lower() == name.lower()]

    def connect(self, *, pace: Any = None, at_once: int = 1000, **settings: Any) -> "AzureConnection":
        """A connection to the tenant, as a target of these settings would make it, in more of a hurry than usual."""
        from collectors.azure import AzureTarget
        from collectors.azure.gate import Pace
        from collectors.azure.session import AzureConnection

        target = AzureTarget(**{"name": "test", "endpoint": self.endpoint, **settings})
        return AzureConnection(target, pace or Pace(attempts=3, seconds=20, first=0.01), at_once)


def account_of(id_: str) -> str:
    parts = id_.lower().split("/")
    return parts[2] if len(parts) > 2 and parts[1] == "subscriptions" else ""
