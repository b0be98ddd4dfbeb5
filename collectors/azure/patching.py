"""What the last patch assessment of each virtual machine found.

The graph has a row for each machine and each update that it lacks: half a million for ten thousand machines. They are kept
as one list for each machine; an update that many machines lack is held once while they are read.
"""

from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter
from types import NoneType
from typing import Any

from collectors.azure.graph import NARROW, Found, Row, of_type, table
from collectors.azure.reader import Reader
from collectors.azure.shaping import believed, observed, only, uid_of
from collectors.source import Facet
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
_SPELT = ("classifications", "patchName", "name", "publishedDateTime", "publishedDate", *_KEPT)
_ORDER = ("publishedDateTime", "patchName", "version", "kbId")
_place = itemgetter(0)
_LAYOUTS = 1000  # ways to spell an update's fields that are remembered

_Update = tuple[tuple[Any, ...], dict[str, Json]]  # where it stands in a machine's list, and what is kept of it


def _by_machine(_reader: Reader, rows: Iterable[Found]) -> Iterator[Found]:
    """Rows as they come, and in the end what each machine lacks as one.

    In the end, since a row may come again on a later page when the list changes in between.
    """
    software, known = SOFTWARE.lower(), _Known()
    held: dict[str, tuple[str, dict[int, _Update] | str]] = {}  # machine -> its account, and what it lacks by its row
    for kind, account, body in rows:
        if kind != software or isinstance(body, Unread):
            yield kind, account, body
            continue
        machine, _, number = body["id"].strip("/").lower().partition("/patchassessmentresults/")
        if not number:
            yield kind, account, Unread(Why.UNEXPECTED, f"{SOFTWARE}/read", "an update of no machine")
            continue
        if machine not in held:
            held[machine] = (account, {})
        patches = held[machine][1]
        try:
            if isinstance(patches, dict):
                patches[hash(number)] = known.update(body)
        except (KeyError, TypeError, AttributeError) as error:
            held[machine] = (account, type(error).__name__)
    while held:
        machine, (account, found) = held.popitem()
        yield software, account, {"id": f"/{machine}", "patches": found}


class _Known:
    """Updates that machines lack: one that many lack is looked at, and held, once while they are read."""

    def __init__(self) -> None:
        self._layouts: dict[tuple[str, ...], list[str | None]] = {}
        self._updates: dict[tuple[Any, ...], _Update] = {}

    def update(self, row: Row) -> _Update:
        """What is kept of a row. Raises `KeyError`, `TypeError` or `AttributeError` for one of an unknown shape."""
        properties = row["properties"]
        layout = tuple(properties.keys())
        spelt = self._layouts.get(layout) or self._spelt(layout)
        classes, patch, name, published, older, *kept = [None if key is None else properties[key] for key in spelt]
        if classes is not None and not isinstance(classes, list):
            raise TypeError("classes that are none")
        told = (tuple(classes or ()), patch or name or row["name"], published or older, *kept)
        known = self._updates.get(told)
        if known is None:
            known = self._updates[told] = _update(told)
        return known

    def _spelt(self, layout: tuple[str, ...]) -> list[str | None]:
        """How a row with these fields spells those that are read, whatever their case."""
        if len(self._layouts) >= _LAYOUTS:
            self._layouts.clear()
        as_told = {key.lower(): key for key in layout}
        found = self._layouts[layout] = [as_told.get(name.lower()) for name in _SPELT]
        return found


def _update(told: tuple[Any, ...]) -> _Update:
    """An update's facts, and where it stands: the oldest first, those without a day last."""
    classes, *texts = told
    if not all(isinstance(each, str) for each in classes):
        raise TypeError("classes that are none")
    if not all(text is None or isinstance(text, str) for text in texts):
        raise TypeError("an update that is odd")
    named: dict[str, Json] = dict(zip(_NAMES, (sorted(classes), *texts), strict=True))
    facts = {name: value for name, value in named.items() if value is not None or name not in _KEPT}
    return (not named["publishedDateTime"], *(named[name] or "" for name in _ORDER)), facts


PATCHES = table("patchassessmentresources", NARROW, gather=_by_machine)


@of_type("Microsoft.Compute/virtualMachines/patchAssessmentResults", PATCH, table=PATCHES, grant=ASSESSMENTS)
def assessments(row: Row) -> Iterator[Observation]:
    machine, _, found = uid_of(row).partition("/patchassessmentresults/")
    if not found:
        raise ValueError("an assessment of no machine")
    yield from believed(PATCH, f"{ASSESSMENTS.removesuffix('/*')}/read", {**row, "id": machine}, _assessment)


def _assessment(row: Row) -> Iterator[Observation]:
    properties = row["properties"]
    counts = properties.get("availablePatchCountByClassification") or {}
    if not all(isinstance(number, int | NoneType) and not isinstance(number, bool) for number in counts.values()):
        raise TypeError("counts that are none")
    error = only(properties.get("errorDetails"), "code") or {}  # beside it, messages with the names of files and hosts
    status, code = properties.get("status"), error.get("code")
    if not all(isinstance(each, str | NoneType) for each in (status, code)):
        raise TypeError("an outcome that is none")
    yield from observed(PATCH, row, assessmentStatus=status, errorCode=code)


@of_type(SOFTWARE, LACKING, table=PATCHES, grant=ASSESSMENTS)
def software_patches(found: Row) -> Iterator[Observation]:
    """What the last assessment found and nobody has installed. A machine with one update that is odd has none that count."""
    yield from believed(LACKING, f"{SOFTWARE}/read", found, _lacking)


def _lacking(found: Mapping[str, Any]) -> Iterator[Observation]:
    if isinstance(found["patches"], str):
        raise TypeError(found["patches"])
    patches = sorted(found["patches"].values(), key=_place)[:MOST]
    yield Observation(LACKING.type, found["id"], {"softwarePatches": [facts for _, facts in patches]}, LACKING.name)
