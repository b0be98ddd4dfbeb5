"""What the last patch assessment of each virtual machine found.

The graph has a row for each machine and each update that it lacks: half a million for ten thousand machines. They are kept
as one list for each machine; an update that many machines lack is held once while they are read.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from collectors.azure.graph import NARROW, Row, of_type, table
from collectors.azure.reader import Reader
from collectors.azure.shaping import believed, lowered, observed, only, uid_of
from collectors.source import Facet, Item
from evidence_store.records import Json, Observation, Unread, Why

PATCH = Facet(
    "azure.compute.virtual_machine",
    facts=("lastModifiedDateTime",),
    optional=(
        "assessmentStatus",
        "availablePatchCountByClassification",
        "errorCode",
        "osType",
        "patchServiceUsed",
        "rebootPending",
        "startDateTime",
    ),
    name="patch",
    effective="lastModifiedDateTime",
)
LACKING = Facet("azure.compute.virtual_machine", facts=("softwarePatches",), name="software_patches")
MOST = 500  # updates that are kept of one machine, by their day; how many there are of each class is told beside

# The graph asks for the `read` of the assessment's type, which no role can name: the provider knows it one level deeper.
ASSESSMENTS = "Microsoft.Compute/virtualMachines/patchAssessmentResults/*"
SOFTWARE = "Microsoft.Compute/virtualMachines/patchAssessmentResults/softwarePatches"
# Without the time of the assessment, which stands on each and moves with each assessment.
_KEPT = ("assessmentState", "kbId", "msrcSeverity", "rebootBehavior", "version")
_NAMES = ("classifications", "patchName", "publishedDateTime", *_KEPT)
_ORDER = ("publishedDateTime", "patchName", "version", "kbId")

_Patch = tuple[Any, ...]  # the values of these names


def _by_machine(_reader: Reader, items: Iterable[Item]) -> Iterator[Item]:
    """Rows as they come, and in the end what each machine lacks as one item.

    In the end, since a row may come again on a later page when the list changes in between.
    """
    held: dict[str, tuple[str, dict[int, _Patch] | str]] = {}  # machine -> its account, and what it lacks by its row
    shared: dict[_Patch, _Patch] = {}
    for item in items:
        if item.kind != SOFTWARE.lower() or isinstance(item.body, Unread):
            yield item
            continue
        machine, _, number = uid_of(item.body).partition("/patchassessmentresults/")
        if not number:
            yield Item(item.kind, item.account, Unread(Why.UNEXPECTED, f"{SOFTWARE}/read", "an update of no machine"))
            continue
        _, patches = held.setdefault(machine, (item.account, {}))
        try:
            if isinstance(patches, dict):
                patch = _patch(item.body)
                patches[hash(number)] = shared.setdefault(patch, patch)
        except (KeyError, TypeError, AttributeError) as error:
            held[machine] = (item.account, type(error).__name__)
    shared.clear()
    while held:
        machine, (account, patches) = held.popitem()
        yield Item(SOFTWARE.lower(), account, {"id": machine, "patches": patches})


def _patch(row: Row) -> _Patch:
    """The fields that are kept of an update, whatever their case; machines that lack the same one have the same."""
    told = lowered(row["properties"], ("classifications", "patchName", "name", "publishedDateTime", "publishedDate", *_KEPT))
    classes = told.get("classifications") or ()
    if isinstance(classes, str) or not all(isinstance(each, str) for each in classes):
        raise TypeError("classes that are none")
    name = told.get("patchName") or told.get("name") or row["name"]
    texts = (name, told.get("publishedDateTime") or told.get("publishedDate"), *(told.get(kept) for kept in _KEPT))
    if not all(text is None or isinstance(text, str) for text in texts):
        raise TypeError("an update that is odd")
    return (tuple(sorted(classes)), *texts)


PATCHES = table("patchassessmentresources", NARROW, gather=_by_machine)


@of_type("Microsoft.Compute/virtualMachines/patchAssessmentResults", PATCH, table=PATCHES, grant=ASSESSMENTS)
def assessments(row: Row) -> Iterator[Observation]:
    machine, _, found = uid_of(row).partition("/patchassessmentresults/")
    if not found:
        raise ValueError("an assessment of no machine")
    properties = row["properties"]
    error = only(properties.get("errorDetails"), "code") or {}  # beside it, messages with the names of files and hosts
    yield from observed(PATCH, row, machine, assessmentStatus=properties.get("status"), errorCode=error.get("code"))


@of_type(SOFTWARE, LACKING, table=PATCHES, grant=ASSESSMENTS)
def software_patches(found: Row) -> Iterator[Observation]:
    """What the last assessment found and nobody has installed. A machine with one update that is odd has none that count."""
    yield from believed(LACKING, f"{SOFTWARE}/read", found, _lacking)


def _lacking(found: Mapping[str, Any]) -> Iterator[Observation]:
    if isinstance(found["patches"], str):
        raise TypeError(found["patches"])
    patches: list[dict[str, Json]] = [
        {**dict(zip(_NAMES, patch, strict=True)), "classifications": list(patch[0])} for patch in found["patches"].values()
    ]
    patches.sort(key=lambda patch: (not patch["publishedDateTime"], *(str(patch[name] or "") for name in _ORDER)))
    yield Observation(LACKING.type, found["id"], {"softwarePatches": patches[:MOST]}, LACKING.name)
