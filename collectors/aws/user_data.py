"""What instances are started with: the user data of each instance, and launch templates with theirs.

User data is decoded, and unpacked where it was compressed, so that redaction sees the script and not its encoding; of
several parts in one message, each.
"""

import base64
import binascii
import email
import gzip
import io
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from collectors.aws import variables
from collectors.aws.reader import Reader
from collectors.aws.shaping import only, tag_map
from collectors.source import Facet, Parent, source
from evidence_store.records import Observation, Unread, Why

INSTANCE = "aws.ec2.instance"
TEMPLATE = "aws.ec2.launch_template"
_LIMIT = 1 << 20  # user data is at most 16 KB; what unpacks to more is not a script
_GONE = ("InvalidInstanceID.NotFound",)
_KEPT = (
    "ImageId", "InstanceType", "KeyName", "IamInstanceProfile", "MetadataOptions", "BlockDeviceMappings", "NetworkInterfaces",
    "SecurityGroupIds", "SecurityGroups", "Monitoring", "EnclaveOptions", "DisableApiTermination",
)  # fmt: skip


@source(
    "ec2.DescribeInstanceAttribute",
    level="region",
    parent=INSTANCE,
    uses=("InstanceId", "State"),
    yields=[variables.facet(INSTANCE)],
)
def instance_user_data(read: Reader, instance: Parent) -> Iterator[Observation]:
    """An instance's user data. No bulk answer carries it; one that is terminated has none any more."""
    if instance.facts["State"] in {"terminated", "shutting-down"}:
        return
    answer = read.call(
        "ec2.DescribeInstanceAttribute", absent=_GONE, InstanceId=instance.facts["InstanceId"], Attribute="userData"
    )
    if answer is None:
        gone = Unread(Why.VANISHED, "ec2:DescribeInstanceAttribute")
        yield Observation(INSTANCE, instance.uid, gone, facet="variables")
        return
    texts = {"user data": answer["UserData"].get("Value")}  # it stands there, empty, where there is none
    yield Observation(INSTANCE, instance.uid, _variables(texts, "ec2:DescribeInstanceAttribute"), facet="variables")


@source(
    "ec2.DescribeLaunchTemplateVersions",
    level="region",
    yields=[
        Facet(TEMPLATE, facts=("LaunchTemplateId", "LaunchTemplateName", "Versions"), lists=True),
        variables.facet(TEMPLATE),
    ],
)
def launch_templates(read: Reader) -> Iterator[Observation]:
    """The newest and the default version of every launch template: one answer without naming any of them."""
    action = "ec2:DescribeLaunchTemplateVersions"
    found: dict[str, dict[int, Mapping[str, Any]]] = {}
    wanted = ["$Latest", "$Default"]
    call = "ec2.DescribeLaunchTemplateVersions"
    listed = read.pages(call, "LaunchTemplateVersions", Versions=wanted, MaxResults=200)
    for version in listed:
        found.setdefault(version["LaunchTemplateId"], {})[version["VersionNumber"]] = version
    for identity, versions in sorted(found.items()):
        uid = read.arn("ec2", f"launch-template/{identity}")
        described = [_described(versions[number]) for number in sorted(versions)]
        facts = {
            "LaunchTemplateId": identity,
            "LaunchTemplateName": next(iter(versions.values()))["LaunchTemplateName"],
            "Versions": described,
        }
        yield Observation(TEMPLATE, uid, facts)
        data = {number: versions[number]["LaunchTemplateData"] for number in sorted(versions)}
        texts = {f"version {number}/user data": data[number].get("UserData") for number in data}
        yield Observation(TEMPLATE, uid, _variables(texts, action), facet="variables")


def _described(version: Mapping[str, Any]) -> dict[str, Any]:
    data = version["LaunchTemplateData"]
    tagged = {t["ResourceType"]: tag_map(t.get("Tags", ())) for t in data.get("TagSpecifications", ())}
    return {
        **only(version, "VersionNumber", "DefaultVersion", "CreateTime"),
        "LaunchTemplateData": only(data, *_KEPT),
        "TagSpecifications": tagged,
    }


def _variables(texts: Mapping[str, str | None], action: str) -> dict[str, Any] | Unread:
    """Encoded texts by name, as the settings that they hold."""
    try:
        return variables.facts([(name, _decoded(text)) for name, text in texts.items() if text])
    except (binascii.Error, OSError, EOFError, zlib.error):
        return Unread(Why.UNEXPECTED, action, "user data of unknown encoding")
    except OverflowError:
        return Unread(Why.UNEXPECTED, action, "user data that unpacks to more than a script")


def _decoded(text: str) -> str:
    content = base64.b64decode(text, validate=False)
    if content.startswith(b"\x1f\x8b"):
        with gzip.open(io.BytesIO(content)) as packed:
            content = packed.read(_LIMIT + 1)
    if len(content) > _LIMIT:
        raise OverflowError
    return _in_parts(content.decode("utf-8", "replace"))


def _in_parts(text: str) -> str:
    """The text and, where it is a message of parts (cloud-init's MIME multi-part), those that are encoded once more."""
    if not text.lstrip()[:64].lower().startswith(("content-type: multipart/", "mime-version:")):
        return text
    parts = [part for part in email.message_from_string(text.lstrip()).walk() if not part.is_multipart()]
    encoded = [part.get_payload(decode=True) for part in parts if part.get("Content-Transfer-Encoding", "").lower() == "base64"]
    return "\n".join([text, *(found.decode("utf-8", "replace") for found in encoded if isinstance(found, bytes))])
