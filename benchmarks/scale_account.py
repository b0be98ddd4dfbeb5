"""An AWS account of 100,000 resources, as a server on the loopback: its bulk listings, everything else empty.

The resources stand in one region; others can be asked and hold nothing.

Answers are written once, when the server starts, and the same at every look. What the SDK's own service models describe and
this account has none of is answered with empty lists; what they do not lead to is denied.

    python -m benchmarks.scale_account PORT [SIZE]
"""

import base64
import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from xml.sax.saxutils import escape

ACCOUNT, REGION = "123456789012", "eu-west-1"
MADE = "2026-01-01T10:00:00Z"
EPOCH = 1767261600
# Of 100,000 resources; each listed in bulk. Instances are few: their start-up script takes a call for each.
SHARES = {
    "log_group": 0.30, "volume": 0.20, "secret": 0.10, "function": 0.10, "interface": 0.09, "group": 0.05, "user": 0.05,
    "role": 0.05, "tagged": 0.05, "instance": 0.01,
}  # fmt: skip
_XML = {"query", "ec2", "rest-xml"}
_SERVICES = (
    "sts", "iam", "ec2", "logs", "secretsmanager", "lambda", "resourcegroupstaggingapi", "ssm", "rds", "events", "sns",
    "organizations", "config", "cloudtrail", "kms", "ecr", "ecs", "codebuild", "backup", "guardduty", "inspector2",
    "securityhub", "eks", "elb", "elbv2", "s3control", "s3",
)  # fmt: skip
_DENIED_XML = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>denied</Message></Error></ErrorResponse>"


def seed(kind: str, number: int) -> str:
    return hashlib.sha256(f"{kind}/{number}".encode()).hexdigest()


def xml(value: Any, name: str) -> str:
    """A value as an element; a list as an element of `item`s, as EC2 answers, or of `member`s, as IAM does."""
    match value:
        case dict():
            return f"<{name}>{''.join(xml(inner, key) for key, inner in value.items())}</{name}>"
        case list():
            item = "member" if name[:1].isupper() else "item"
            return f"<{name}>{''.join(xml(inner, item) for inner in value)}</{name}>"
        case bool():
            return f"<{name}>{str(value).lower()}</{name}>"
    return f"<{name}>{escape(str(value))}</{name}>"


def tags(number: int) -> list[dict[str, str]]:
    text = seed("tags", number)
    return [{"Key": f"tag-{n}", "Value": text[n : n + 16]} for n in range(3)]


def lower(pairs: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{"key": pair["Key"], "value": pair["Value"]} for pair in pairs]


def log_group(number: int) -> dict[str, Any]:
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/service/{number:06}"
    kept = {"retentionInDays": 400} if number % 9 else {}
    return {"logGroupName": f"/service/{number:06}", "creationTime": EPOCH * 1000, "metricFilterCount": 0, "arn": f"{arn}:*",
            "storedBytes": number, "logGroupClass": "STANDARD", "logGroupArn": arn, **kept}  # fmt: skip


def secret(number: int) -> dict[str, Any]:
    name = f"service/{number:06}/database"
    return {"ARN": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-{seed('secret', number)[:6]}", "Name": name,
            "RotationEnabled": True, "RotationRules": {"AutomaticallyAfterDays": 30}, "LastRotatedDate": EPOCH,
            "LastChangedDate": EPOCH, "LastAccessedDate": EPOCH, "CreatedDate": EPOCH, "Tags": tags(number)}  # fmt: skip


def function(number: int) -> dict[str, Any]:
    text = seed("function", number)
    return {
        "FunctionName": f"function-{number:06}",
        "FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:function-{number:06}",
        "Runtime": "python3.13" if number % 7 else "python3.8", "Role": f"arn:aws:iam::{ACCOUNT}:role/role-{number % 50:05}",
        "Handler": "main.entry", "CodeSize": 10_000 + number, "Timeout": 30, "MemorySize": 256, "PackageType": "Zip",
        "LastModified": "2026-01-01T10:00:00.000+0000", "CodeSha256": text, "Version": "$LATEST", "Architectures": ["arm64"],
        "TracingConfig": {"Mode": "PassThrough"}, "EphemeralStorage": {"Size": 512}, "RevisionId": text[:36],
        "Environment": {"Variables": {"STAGE": "production", "TABLE": f"orders-{number}", "HOST": f"db-{text[:6]}.internal"}},
        "LoggingConfig": {"LogFormat": "JSON", "LogGroup": f"/aws/lambda/function-{number:06}"},
    }  # fmt: skip


def tagged(number: int) -> dict[str, Any]:
    arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/vol-{seed('volume', number)[:17]}"
    level = "critical" if number % 10 == 0 else "low"
    return {"ResourceARN": arn, "Tags": [*tags(number), {"Key": "criticality", "Value": level}]}


def volume(number: int) -> dict[str, Any]:
    text = seed("volume", number)
    attached = {"volumeId": f"vol-{text[:17]}", "instanceId": f"i-{seed('instance', number % 1000)[:17]}",
                "device": "/dev/xvda", "status": "attached", "attachTime": MADE, "deleteOnTermination": True}  # fmt: skip
    return {"volumeId": f"vol-{text[:17]}", "size": 100, "snapshotId": "", "availabilityZone": f"{REGION}a", "status": "in-use",
            "createTime": MADE, "attachmentSet": [attached], "tagSet": lower(tags(number)), "volumeType": "gp3", "iops": 3000,
            "encrypted": number % 50 != 0, "kmsKeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{text[:36]}",
            "multiAttachEnabled": False, "throughput": 125}  # fmt: skip


def group_id(number: int) -> str:
    return f"sg-{seed('group', number)[:17]}"


def group(number: int) -> dict[str, Any]:
    rules = [
        {"ipProtocol": "tcp", "fromPort": port, "toPort": port, "groups": [], "ipv6Ranges": [], "prefixListIds": [],
         "ipRanges": [{"cidrIp": "0.0.0.0/0" if port == 443 or number % 100 == 0 else "10.0.0.0/8", "description": "in"}]}
        for port in (22, 443, 5432)
    ]  # fmt: skip
    every = {"ipProtocol": "-1", "groups": [], "ipRanges": [{"cidrIp": "0.0.0.0/0"}], "ipv6Ranges": [], "prefixListIds": []}
    return {"ownerId": ACCOUNT, "groupId": group_id(number), "groupName": f"group-{number}", "groupDescription": "service",
            "vpcId": "vpc-1", "ipPermissions": rules, "ipPermissionsEgress": [every],
            "tagSet": lower(tags(number))}  # fmt: skip


def interface(number: int) -> dict[str, Any]:
    groups = [{"groupId": group_id(number % 5000), "groupName": f"group-{number % 5000}"}]
    return {"networkInterfaceId": f"eni-{seed('interface', number)[:17]}", "subnetId": "subnet-1", "vpcId": "vpc-1",
            "ownerId": ACCOUNT, "status": "in-use", "macAddress": "02:00:00:00:00:01", "groupSet": groups,
            "privateIpAddress": f"10.{number // 62500}.{number // 250 % 250}.{number % 250}", "interfaceType": "interface",
            "attachment": {"attachmentId": "eni-attach-1", "status": "attached", "attachTime": MADE}}  # fmt: skip


def instance(number: int) -> dict[str, Any]:
    text = seed("instance", number)
    nic = {"networkInterfaceId": f"eni-{text[:17]}", "subnetId": "subnet-1", "vpcId": "vpc-1", "interfaceType": "interface",
           "attachment": {"attachTime": MADE, "deviceIndex": 0}}  # fmt: skip
    described = {
        "instanceId": f"i-{text[:17]}", "imageId": f"ami-{text[3:20]}", "instanceState": {"code": 16, "name": "running"},
        "instanceType": "m7g.large", "launchTime": MADE, "placement": {"availabilityZone": f"{REGION}a", "tenancy": "default"},
        "monitoring": {"state": "disabled"}, "subnetId": "subnet-1", "vpcId": "vpc-1", "privateIpAddress": "10.0.0.7",
        "architecture": "arm64", "rootDeviceType": "ebs", "rootDeviceName": "/dev/xvda", "platformDetails": "Linux/UNIX",
        "blockDeviceMapping": [{"deviceName": "/dev/xvda", "ebs": {"volumeId": f"vol-{text[:17]}", "attachTime": MADE}}],
        "networkInterfaceSet": [nic], "groupSet": [{"groupId": group_id(number % 5000), "groupName": "group"}],
        "iamInstanceProfile": {"arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/app", "id": "AIPAEXAMPLE"},
        "metadataOptions": {"state": "applied", "httpTokens": "required", "httpEndpoint": "enabled"},
        "tagSet": lower(tags(number)),
    }  # fmt: skip
    return {"reservationId": f"r-{text[:17]}", "ownerId": ACCOUNT, "groupSet": [], "instancesSet": [described]}


def document(actions: list[str], resource: str) -> str:
    statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
    return quote(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


TRUST = quote(
    json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
        }
    )
)
POLICY = {"PolicyName": "readers", "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/readers"}


def user(number: int) -> dict[str, Any]:
    name = f"user-{number:05}"
    return {"Path": "/", "UserName": name, "UserId": f"AIDA{seed('user', number)[:12].upper()}", "CreateDate": MADE,
            "Arn": f"arn:aws:iam::{ACCOUNT}:user/{name}", "GroupList": ["everyone"], "AttachedManagedPolicies": []}  # fmt: skip


def role(number: int) -> dict[str, Any]:
    name = f"role-{number:05}"
    own = {"PolicyName": "own", "PolicyDocument": document(["s3:GetObject"], f"arn:aws:s3:::bucket-{number}/*")}
    return {"Path": "/", "RoleName": name, "RoleId": f"AROA{seed('role', number)[:12].upper()}", "CreateDate": MADE,
            "Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}", "AssumeRolePolicyDocument": TRUST, "InstanceProfileList": [],
            "RolePolicyList": [own] if number % 2 else [], "AttachedManagedPolicies": [POLICY], "Tags": tags(number),
            "RoleLastUsed": {"LastUsedDate": MADE, "Region": REGION}}  # fmt: skip


def identities(size: Mapping[str, int]) -> Iterator[str]:
    """Pages of a thousand, as `GetAccountAuthorizationDetails` gives them."""
    managed = {
        "PolicyName": "readers", "PolicyId": "ANPAEXAMPLE", "Arn": POLICY["PolicyArn"], "Path": "/", "DefaultVersionId": "v1",
        "AttachmentCount": size["role"], "PermissionsBoundaryUsageCount": 0, "IsAttachable": True, "CreateDate": MADE,
        "UpdateDate": MADE, "PolicyVersionList": [{"Document": document(["logs:Get*", "logs:List*"], "*"), "VersionId": "v1",
                                                   "IsDefaultVersion": True, "CreateDate": MADE}],
    }  # fmt: skip
    everyone = {"Path": "/", "GroupName": "everyone", "GroupId": "AGPAEXAMPLE", "Arn": f"arn:aws:iam::{ACCOUNT}:group/everyone",
                "CreateDate": MADE, "GroupPolicyList": [], "AttachedManagedPolicies": [POLICY]}  # fmt: skip
    yield xml([everyone], "GroupDetailList") + xml([managed], "Policies")
    for name, make, count in (("UserDetailList", user, size["user"]), ("RoleDetailList", role, size["role"])):
        for start in range(0, count, 1000):
            yield xml([make(n) for n in range(start, min(count, start + 1000))], name)


def credential_report(users: int) -> str:
    """The report as it was made an hour ago, at every look."""
    columns = (
        "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,"
        "access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,"
        "access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,"
        "access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,"
        "cert_2_last_rotated"
    )
    keyless = "false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"
    made = "2026-01-01T10:00:00+00:00"
    root = f"<root_account>,arn:aws:iam::{ACCOUNT}:root,{made},not_supported,{made},not_supported,not_supported,true,{keyless}"
    rows = [columns, root]
    for n in range(users):
        keyed = f"true,{made},{made},{REGION},s3,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"
        rest = keyed if n % 5 == 0 else keyless
        arn = f"arn:aws:iam::{ACCOUNT}:user/user-{n:05}"
        rows.append(f"user-{n:05},{arn},{made},true,{made},{made},N/A,{str(n % 20 != 0).lower()},{rest}")
    return base64.b64encode("\n".join(rows).encode()).decode()


@dataclass(frozen=True, slots=True)
class Listing:
    """A listing in pages: what one holds, and how the next is asked for."""

    make: Callable[[int], dict[str, Any]]
    kind: str
    key: str
    page: int
    token: str = "nextToken"


LISTINGS = {
    "logs.DescribeLogGroups": Listing(log_group, "log_group", "logGroups", 50),
    "secretsmanager.ListSecrets": Listing(secret, "secret", "SecretList", 100, "NextToken"),
    "lambda.ListFunctions": Listing(function, "function", "Functions", 50, "NextMarker"),
    "resourcegroupstaggingapi.GetResources": Listing(tagged, "tagged", "ResourceTagMappingList", 100, "PaginationToken"),
    "ec2.DescribeVolumes": Listing(volume, "volume", "volumeSet", 500),
    "ec2.DescribeSecurityGroups": Listing(group, "group", "securityGroupInfo", 1000),
    "ec2.DescribeNetworkInterfaces": Listing(interface, "interface", "networkInterfaceSet", 1000),
    "ec2.DescribeInstances": Listing(instance, "instance", "reservationSet", 1000),
}


@dataclass(slots=True)
class Account:
    """Every answer that is not empty, by call; a page's token is its number."""

    size: Mapping[str, int]
    pages: dict[str, list[bytes]] = field(default_factory=dict)

    @classmethod
    def of(cls, resources: int) -> "Account":
        made = cls({kind: round(resources * share) for kind, share in SHARES.items()})
        for call, listing in LISTINGS.items():
            made.pages[call] = list(made._listing(call, listing))
        made.pages["iam.GetAccountAuthorizationDetails"] = list(made._identities())
        report = xml({"Content": credential_report(made.size["user"]), "ReportFormat": "text/csv", "GeneratedTime": MADE}, "r")
        made.pages["iam.GetCredentialReport"] = [_wrapped("GetCredentialReport", report[3:-4])]
        made.pages["iam.GenerateCredentialReport"] = [_wrapped("GenerateCredentialReport", "<State>COMPLETE</State>")]
        caller = f"<Account>{ACCOUNT}</Account><Arn>arn:aws:iam::{ACCOUNT}:user/auditor</Arn><UserId>AIDA</UserId>"
        made.pages["sts.GetCallerIdentity"] = [_wrapped("GetCallerIdentity", caller)]
        made.pages["ec2.DescribeInstanceAttribute"] = [b"<R><userData/></R>"]
        return made

    def _listing(self, call: str, listing: Listing) -> Iterator[bytes]:
        numbers = iter(range(self.size[listing.kind]))
        operation, number = call.partition(".")[2], 0
        while part := [listing.make(n) for n in islice(numbers, listing.page)]:
            number += 1
            more = number * listing.page < self.size[listing.kind]
            if call.startswith("ec2."):
                token = xml(str(number), "nextToken") if more else ""
                yield f"<{operation}Response>{xml(part, listing.key)}{token}</{operation}Response>".encode()
            else:
                yield json.dumps({listing.key: part, **({listing.token: str(number)} if more else {})}).encode()

    def _identities(self) -> Iterator[bytes]:
        parts = list(identities(self.size))
        for number, part in enumerate(parts, 1):
            more = number < len(parts)
            token = f"<IsTruncated>{str(more).lower()}</IsTruncated>" + (f"<Marker>{number}</Marker>" if more else "")
            yield _wrapped("GetAccountAuthorizationDetails", part + token)


def _wrapped(operation: str, inner: str) -> bytes:
    return f"<{operation}Response><{operation}Result>{inner}</{operation}Result></{operation}Response>".encode()


class Models:
    """Which operation a request is, and its empty answer, as the SDK's own models say."""

    def __init__(self) -> None:
        import botocore.session

        session = botocore.session.get_session()
        self._models = {name: session.get_service_model(name) for name in _SERVICES}
        self._targets = {m.metadata["targetPrefix"]: n for n, m in self._models.items() if "targetPrefix" in m.metadata}
        self._paths = {
            (name, operation.http["method"], _path(operation.http["requestUri"])): operation.name
            for name, model in self._models.items()
            if model.resolved_protocol.startswith("rest")
            for operation in map(model.operation_model, model.operation_names)
        }

    def call(self, handler: "Handler", form: Mapping[str, list[str]]) -> str | None:
        """`service.Operation`; `None` where it cannot be told."""
        if target := handler.headers.get("X-Amz-Target"):
            prefix, _, operation = target.rpartition(".")
            return f"{self._targets[prefix]}.{operation}"
        signed = re.search(r"/([a-z0-9-]+)/aws4_request", handler.headers.get("Authorization", ""))
        names = [n for n, m in self._models.items() if signed and m.signing_name == signed[1]]
        if action := form.get("Action"):
            version = form.get("Version", [""])[0]
            known = [
                n for n in names if self._models[n].api_version == version and action[0] in self._models[n].operation_names
            ]
            return f"{known[0]}.{action[0]}" if known else None
        path = urlsplit(handler.path).path
        for (name, method, pattern), operation in self._paths.items():
            if name in names and method == handler.command and pattern.fullmatch(path):
                return f"{name}.{operation}"
        return None

    @cache  # noqa: B019 - lives as long as the server
    def empty(self, call: str) -> bytes | None:
        """An answer in which every list is empty; `None` where the operation does not answer with lists."""
        service, _, operation = call.partition(".")
        shape = self._models[service].operation_model(operation).output_shape
        lists = [] if shape is None else [(n, m) for n, m in shape.members.items() if m.type_name == "list"]
        if not lists:
            return None
        if self._models[service].resolved_protocol not in _XML:
            return json.dumps({member.serialization.get("name", name): [] for name, member in lists}).encode()
        inner = "".join(f"<{member.serialization.get('name', name)}/>" for name, member in lists)
        wrapper = shape.serialization.get("resultWrapper")
        inner = f"<{wrapper}>{inner}</{wrapper}>" if wrapper else inner
        return f"<{operation}Response>{inner}</{operation}Response>".encode()


def _path(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", template.partition("?")[0])
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in parts))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    account: Account
    models: Models

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        is_form = (self.headers.get("Content-Type") or "").startswith("application/x-www-form-urlencoded")
        form = parse_qs(body) if is_form else {}
        given = {} if is_form or not body.startswith("{") else json.loads(body)
        given |= {name: values[0] for name, values in {**form, **parse_qs(urlsplit(self.path).query)}.items()}
        call = self.models.call(self, form)
        elsewhere = f"/{REGION}/" not in self.headers.get("Authorization", "") and call in LISTINGS
        if call in self.account.pages and not elsewhere:
            token = next((given[n] for n in ("nextToken", "NextToken", "Marker", "PaginationToken") if given.get(n)), "0")
            self._send(200, self.account.pages[call][int(token)])
        elif call is not None and (answer := self.models.empty(call)) is not None:
            self._send(200, answer)
        elif is_form or call is None or call.startswith("s3"):
            self._send(403, _DENIED_XML)
        else:
            self._send(403, b'{"__type": "AccessDeniedException", "message": "denied"}')

    do_GET = do_POST  # noqa: N815 - the name that http.server calls

    def _send(self, status: int, answer: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", "text/xml" if answer.startswith(b"<") else "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


def serve(port: int, resources: int) -> None:
    Handler.account, Handler.models = Account.of(resources), Models()
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
