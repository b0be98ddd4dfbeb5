"""A connection to AWS: who we are, which accounts and regions there are, and the role to take in each.

- The caller's identity is read first; without it there is no target.
- An account whose role cannot be assumed, or whose regions cannot be listed, is a failed place; the others go on.
- Assumed credentials are renewed before they expire, for as long as the run lasts.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from collectors.aws import AwsTarget, errors
from collectors.aws.clients import Clients, Principal, Session, new_session
from collectors.aws.permissions import OWN_CALLS
from collectors.aws.reader import Reader
from collectors.permit import Permit, under, user_agent
from collectors.source import Place, Source, UnreadError
from evidence_store.records import Scope, Unread, Why


class AwsConnection:
    """One target. `places` finds its accounts and regions; `reader` asks there."""

    kind = "aws"

    def __init__(self, settings: AwsTarget) -> None:
        self._settings = settings
        self._clients = Clients(user_agent())
        self._permit = Permit("the search for accounts and regions", OWN_CALLS)
        self._principals: dict[str, Principal] = {}

    def places(self) -> Iterable[Place]:
        """Every account and region of the target. Raises `UnreadError` where the caller or its organization is unknown."""
        caller = self._caller()
        if self._settings.role_arn is not None:
            caller = self._assume(caller, self._settings.role_arn)
        accounts = list(self._accounts(caller))
        if not accounts:
            raise UnreadError(Unread(Why.UNEXPECTED, "organizations:ListAccounts", "no active account in the organization"))
        with ThreadPoolExecutor(min(16, len(accounts))) as pool:
            for found in pool.map(lambda account: self._enter(caller, account), accounts):
                yield from found

    def reader(self, place: Place, source: Source) -> Reader:
        regions = self._settings.regions
        home = "" if regions == "all" else regions[0]  # the main region may be closed to an account that never uses it
        return Reader(place, source, self._principals[place.scope.account], self._clients, home)

    def close(self) -> None:
        self._clients.close()

    def _caller(self) -> Principal:
        with _translated("sts:GetCallerIdentity"):
            session = new_session(self._settings.profile)
            answer = self._ask(session, self._first_region(session), "sts.GetCallerIdentity")
            return Principal(session, answer["Account"], answer["Arn"])

    def _first_region(self, session: Session) -> str:
        """A region to ask in before the partition is known."""
        if self._settings.regions != "all":
            return self._settings.regions[0]
        return str(session.setting("region") or "us-east-1")

    def _accounts(self, caller: Principal) -> Iterator[str]:
        if self._settings.accounts:
            yield from self._settings.accounts
        elif self._settings.organization:
            token: dict[str, str] = {}
            while True:
                with _translated("organizations:ListAccounts"):
                    answer = self._ask(caller.session, caller.main_region, "organizations.ListAccounts", **token)
                    active = [a["Id"] for a in answer["Accounts"] if a.get("State", a.get("Status")) == "ACTIVE"]
                yield from sorted(active)
                if not answer.get("NextToken"):
                    return
                token = {"NextToken": answer["NextToken"]}
        else:
            yield caller.account

    def _enter(self, caller: Principal, account: str) -> list[Place]:
        """The places of one account; failed ones where its role or its regions could not be had."""
        try:
            principal = caller if account == caller.account else self._assume(caller, self._role_in(caller, account))
        except UnreadError as error:
            regions = ("all",) if self._settings.regions == "all" else self._settings.regions
            return [Place(Scope("aws", account, region), failed=error.unread) for region in ("global", *regions)]
        self._principals[account] = principal
        places = [Place(Scope("aws", account), principal.arn)]
        try:
            return places + [Place(Scope("aws", account, region), principal.arn) for region in self._regions(principal)]
        except UnreadError as error:
            return [*places, Place(Scope("aws", account, "all"), principal.arn, error.unread)]

    def _role_in(self, caller: Principal, account: str) -> str:
        return f"arn:{caller.partition}:iam::{account}:role/{self._settings.role_name.lstrip('/')}"

    def _regions(self, principal: Principal) -> tuple[str, ...]:
        if self._settings.regions != "all":
            return self._settings.regions
        with _translated("ec2:DescribeRegions"):
            answer = self._ask(principal.session, principal.main_region, "ec2.DescribeRegions")
            return tuple(sorted(region["RegionName"] for region in answer["Regions"]))

    def _assume(self, caller: Principal, role: str) -> Principal:
        """Take a role; its credentials renew themselves. Raises `UnreadError`."""
        from botocore.credentials import CredentialResolver, RefreshableCredentials
        from botocore.exceptions import ClientError, CredentialRetrievalError

        arn = ""

        def credentials() -> dict[str, str]:
            nonlocal arn
            given = {"ExternalId": self._settings.external_id} if self._settings.external_id else {}
            answer = self._ask(
                caller.session,
                self._first_region(caller.session),
                "sts.AssumeRole",
                RoleArn=role,
                RoleSessionName="annexa",
                **given,
            )
            arn = answer["AssumedRoleUser"]["Arn"]
            had = answer["Credentials"]
            return {
                "access_key": had["AccessKeyId"],
                "secret_key": had["SecretAccessKey"],
                "token": had["SessionToken"],
                "expiry_time": had["Expiration"].isoformat(),
            }

        def renewed() -> dict[str, str]:
            try:
                return credentials()
            except ClientError as error:  # else it would look like the refusal of the call that happened to need it
                raise CredentialRetrievalError(provider="assume-role", error_msg=errors.code_of(error)) from None

        with _translated("sts:AssumeRole"):
            assumed = RefreshableCredentials.create_from_metadata(credentials(), renewed, method="assume-role")
            session = new_session(self._settings.profile)
            session.core.register_component("credential_provider", CredentialResolver([_Given(assumed)]))
            return Principal(session, role.split(":")[4], arn)

    def _ask(self, session: Session, region: str, call: str, **params: Any) -> dict[str, Any]:
        from botocore import xform_name

        service, _, operation = call.partition(".")
        client = self._clients.get(session, service, region)
        with under(self._permit):
            answer: dict[str, Any] = getattr(client, xform_name(operation))(**params)
            return answer


class _Given:
    """A credential provider, as the SDK asks one, of credentials that we already have."""

    METHOD = "assume-role"
    CANONICAL_NAME = None

    def __init__(self, credentials: Any) -> None:
        self._credentials = credentials

    def load(self) -> Any:
        return self._credentials


@contextmanager
def _translated(action: str) -> Iterator[None]:
    """Turn the SDK's errors, and an answer without what it should carry, into `UnreadError`."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        raise UnreadError(errors.of_client(error, action)) from None
    except (BotoCoreError, ResponseParserError) as error:
        raise UnreadError(errors.of_sdk(error, action)) from None
    except KeyError as error:
        raise UnreadError(Unread(Why.UNEXPECTED, action, f"no {error.args[0]}")) from None
