"""A connection to Azure: who we are, which subscriptions there are, and what may be read in each.

- The credential is tried first; without a token there is no target. Nothing waits for a person: no browser, no code.
- What the caller's roles allow, and what deny assignments take, is asked in each subscription before anything else is, since
  Resource Graph leaves out what may not be read. A subscription that does not tell is a failed place; the others go on.
- What is laid down above subscriptions belongs to the tenant, which is the first place.
"""

import base64
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from collectors.azure import AzureTarget
from collectors.azure.client import new_client
from collectors.azure.errors import of_sdk
from collectors.azure.gate import Gate, Pace
from collectors.azure.graph import account_of
from collectors.azure.permissions import OWN_CALLS, Grant, Permissions, denied, granted
from collectors.azure.reader import Asking, Reader
from collectors.permit import user_agent
from collectors.source import NotEnabledError, Place, Source, UnreadError
from evidence_store.records import Scope, Unread, Why

READ_STATES = frozenset({"Enabled", "Warned", "PastDue"})
SUBSCRIPTIONS_VERSION = "2022-12-01"
AUTHORIZATION_VERSION = "2022-04-01"
USUAL = Pace()
AT_ONCE = 1000  # subscriptions that one query may name
NOTHING = Permissions(())
_WELL_KNOWN = (
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.chinacloudapi.cn",
    "login.partner.microsoftonline.cn",
)


@dataclass(slots=True)
class _Sight:
    """What the caller may see: found by `places`, asked by readers."""

    tenant: str = ""
    at_once: int = AT_ONCE
    caller: str = ""  # object id of who asks; empty where the token does not say
    subscriptions: dict[str, Permissions] = field(default_factory=dict)
    above: Permissions | None = None  # at the management group; `None`: it did not tell
    beside: tuple[str, ...] = ()  # subscriptions of the tenant that the target leaves out
    complete: bool = False  # whether no subscription of the target's group, or of the tenant, is hidden or left out
    lost: Unread | None = None

    def readable(self) -> Sequence[str]:
        return tuple(sorted(self.subscriptions))

    def lacking(self, account: str, action: str) -> str | None:
        """Why something may not be done; `None` if it may.

        Above subscriptions: what the group allows or, since it is shown to readers of what inherits it, what all allow.
        """
        if account != self.tenant:
            return self.subscriptions.get(account, NOTHING).lacking(action)
        if self.above is not None and self.above.lacking(action) is None:
            return None
        below = [held.lacking(action) for held in self.subscriptions.values()] or [NOTHING.lacking(action)]
        return next((why for why in below if why is not None), None)


class AzureConnection:
    """One target. `places` finds its subscriptions; `reader` asks there."""

    kind = "azure"

    def __init__(self, settings: AzureTarget, pace: Pace = USUAL, at_once: int = AT_ONCE) -> None:
        """Raises `UnreadError` where the environment's credentials are of no use. `at_once`: subscriptions in one query."""
        self._settings = settings
        self._at_once = at_once
        try:
            self._credential = _credential(settings)
        except (ValueError, OSError) as error:  # of a certificate that is not there, of a name that the chain does not know
            raise UnreadError(Unread(Why.CREDENTIALS, "sign-in", type(error).__name__)) from None
        self.gate = Gate()
        agent = user_agent()
        self._client = new_client(self._credential, settings.endpoint, agent, settings.ca_file, self.gate, pace)
        self._asking = Asking(self._client, "the search for subscriptions", OWN_CALLS)
        self._sight = _Sight(at_once=at_once)

    def places(self) -> Iterable[Place]:
        """The tenant, then every subscription of the target. Raises `UnreadError` where neither token nor list is to be had."""
        claims = self._claims()
        tenant = str(claims.get("tid") or self._settings.tenant or "").lower()
        if not tenant:
            raise UnreadError(Unread(Why.UNEXPECTED, "sign-in", "a token that names no tenant; set the target's `tenant`"))
        if self._settings.tenant and tenant != self._settings.tenant.lower():
            raise UnreadError(Unread(Why.CREDENTIALS, "sign-in", f"to tenant {tenant}, which is not the target's"))
        principal = _principal(claims)
        self._sight = _Sight(tenant, self._at_once, str(claims.get("oid") or ""))
        found = self._seen()
        wanted = self._wanted(found)
        if not wanted:
            detail = "no subscription in service is seen; give the caller the role Reader where it is to read"
            raise UnreadError(Unread(Why.DENIED, "Microsoft.Resources/subscriptions/read", detail))
        with ThreadPoolExecutor(min(16, len(wanted))) as pool:
            above = pool.submit(self._above)
            entered = list(pool.map(lambda each: self._enter(each, found.get(each), principal), wanted))
            self._sight.above = above.result()
        hidden = self._unseen_below(principal)
        entered += hidden if self._settings.management_group is not None else []
        self._sight.lost = next((place.failed for place in entered if place.failed is not None), None)
        self._sight.beside = tuple(sorted(s for s, state in found.items() if state in READ_STATES and s not in set(wanted)))
        self._sight.complete = not hidden and (self._settings.management_group is not None or not self._sight.beside)
        return [Place(Scope("azure", tenant), principal), *entered]

    def reader(self, place: Place, source: Source) -> Reader:
        return Reader(place, source, self._client, self._sight)

    def close(self) -> None:
        self._client.close()
        self._credential.close()

    def _claims(self) -> dict[str, Any]:
        """What the token says of the caller. It was given to us: whether it is genuine is for Azure to say."""
        from azure.core.exceptions import AzureError

        try:
            token = self._credential.get_token(f"{self._settings.endpoint}/.default").token
        except (AzureError, OSError) as error:
            raise UnreadError(of_sdk(error, "sign-in")) from None
        try:
            payload = token.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        except (IndexError, ValueError):
            return {}
        return claims if isinstance(claims, dict) else {}

    def _seen(self) -> dict[str, str]:
        """The subscriptions that the credential sees, with their states."""
        with _believed("Microsoft.Resources/subscriptions/read"):
            listed = self._asking.items("/subscriptions", SUBSCRIPTIONS_VERSION)
            return {item["subscriptionId"].lower(): str(item.get("state", "")) for item in listed}

    def _wanted(self, seen: dict[str, str]) -> list[str]:
        """The subscriptions of the target: those that it names, or those in service, of its management group if it has one.

        One below the group that the caller is not shown among its own is wanted too, and fails.
        """
        if self._settings.subscriptions != "all":
            return list(self._settings.subscriptions)
        wanted = seen if self._settings.management_group is None else self._below(self._settings.management_group)
        return sorted(each for each in wanted if each not in seen or seen[each] in READ_STATES)

    def _below(self, group: str) -> list[str]:
        query = "resourcecontainers | where type =~ 'microsoft.resources/subscriptions' | project id | order by id asc"
        with _believed("Microsoft.Resources/subscriptions/read"):
            rows = self._asking.rows("resourcecontainers", query, {"managementGroups": [group]})
            return [account_of(row["id"]) for row in rows]

    def _enter(self, subscription: str, state: str | None, principal: str) -> Place:
        """One subscription; a failed place where it is not seen, not in service, or does not say what may be read."""
        scope = Scope("azure", subscription)
        if state is None:
            detail = "not among the subscriptions that the credential sees; give it the role Reader there"
            return Place(scope, principal, Unread(Why.DENIED, "Microsoft.Resources/subscriptions/read", detail))
        if state not in READ_STATES:
            detail = f"the subscription is {state or 'of no state'}"
            return Place(scope, principal, Unread(Why.UNSUPPORTED, "Microsoft.Resources/subscriptions/read", detail))
        try:
            grants = self._granted(f"/subscriptions/{subscription}")
            if not grants:
                detail = "the caller has no role at the subscription; give it the role Reader there"
                return Place(scope, principal, Unread(Why.DENIED, "*/read", detail))
            self._sight.subscriptions[subscription] = Permissions(grants, self._denied(subscription))
        except UnreadError as error:
            return Place(scope, principal, error.unread)
        return Place(scope, principal)

    def _unseen_below(self, principal: str) -> list[Place]:
        """The target's group, or the tenant's, failed, where the caller's role does not show each subscription below it."""
        action = "Microsoft.Resources/subscriptions/read"
        if self._sight.above is not None and self._sight.above.lacking(action) is None:
            return []
        detail = "at the management group itself: subscriptions below it may be hidden"
        group = self._settings.management_group or self._sight.tenant
        return [Place(Scope("azure", group), principal, Unread(Why.DENIED, action, detail))]

    def _above(self) -> Permissions | None:
        """What may be read above subscriptions; `None` without management groups, and for a caller without a role there."""
        group = self._settings.management_group or self._sight.tenant
        try:
            return Permissions(self._granted(f"/providers/Microsoft.Management/managementGroups/{group}"))
        except UnreadError:
            return None

    def _granted(self, scope: str) -> tuple[Grant, ...]:
        """What the caller's own roles allow. Raises `UnreadError`."""
        with _believed("Microsoft.Authorization/permissions/read"):
            return granted(self._asking.items(f"{scope}/providers/Microsoft.Authorization/permissions", AUTHORIZATION_VERSION))

    def _denied(self, subscription: str) -> tuple[Grant, ...]:
        """What deny assignments at, above and below a subscription take from the caller. Raises `UnreadError`."""
        path = f"/subscriptions/{subscription}/providers/Microsoft.Authorization/denyAssignments"
        with _believed("Microsoft.Authorization/denyAssignments/read"):
            return denied(self._asking.items(path, AUTHORIZATION_VERSION), self._sight.caller)


@contextmanager
def _believed(action: str) -> Iterator[None]:
    """Turn an answer without what it should carry into `UnreadError`."""
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        raise UnreadError(Unread(Why.UNEXPECTED, action, type(error).__name__)) from None
    except NotEnabledError as error:  # no answer to who we are and where
        raise UnreadError(Unread(Why.UNEXPECTED, action, str(error))) from None


def _principal(claims: dict[str, Any]) -> str:
    """Who asks, as an administrator finds them: the application or the user, and the object."""
    who = claims.get("upn") or claims.get("unique_name") or claims.get("appid") or claims.get("azp") or ""
    what = claims.get("oid") or claims.get("sub") or ""
    return f"{who} ({what})" if who and what else str(who or what or "a caller whose token does not say")


def _credential(settings: AzureTarget) -> Any:
    """The SDK's own chain, without whatever asks a person or starts a developer's tools other than the Azure CLI."""
    from azure.identity import DefaultAzureCredential

    more: dict[str, Any] = {}
    authority = settings.authority or os.environ.get("AZURE_AUTHORITY_HOST")
    if settings.authority:
        more["authority"] = settings.authority
    if authority and (urlsplit(authority if "//" in authority else f"//{authority}").hostname not in _WELL_KNOWN):
        more["disable_instance_discovery"] = True  # it would ask the public cloud whether to trust what the operator configured
    if settings.ca_file:
        more["connection_verify"] = settings.ca_file
    if settings.tenant:
        more["additionally_allowed_tenants"] = [settings.tenant]
    chain = DefaultAzureCredential(
        exclude_developer_cli_credential=True,
        exclude_powershell_credential=True,
        exclude_shared_token_cache_credential=True,
        exclude_visual_studio_code_credential=True,
        exclude_interactive_browser_credential=True,
        exclude_broker_credential=True,
        connection_timeout=10,
        read_timeout=30,
        retry_total=2,
        **more,
    )
    return _InTenant(chain, settings.tenant) if settings.tenant else chain


class _InTenant:
    """A credential that signs in to one tenant, whichever is its own."""

    def __init__(self, chain: Any, tenant: str) -> None:
        self._chain = chain
        self._tenant = tenant

    def get_token(self, *scopes: str, **more: Any) -> Any:
        return self._chain.get_token(*scopes, **{**more, "tenant_id": self._tenant})

    def close(self) -> None:
        self._chain.close()
