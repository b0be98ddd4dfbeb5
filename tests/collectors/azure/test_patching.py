"""What machines lack: one list for each machine, whatever the number of rows and their order."""

from typing import Any

import pytest

from collectors.azure.patching import MOST
from tests.collectors.azure.cloud import GONE, PROD, TEST, Cloud
from tests.collectors.azure.collecting import collect, reason

SOFTWARE = "resourcegraph.patchassessmentresources Microsoft.Compute/virtualMachines/patchAssessmentResults/softwarePatches"
MACHINE = "Microsoft.Compute/virtualMachines"


def lacking(azure: Cloud) -> dict[str, list[dict[str, Any]]]:
    """What each machine lacks, by its name."""
    facets = collect(azure.connect(), SOFTWARE).facts("azure.compute.virtual_machine", "software_patches")
    return {uid.rsplit("/", 1)[-1]: facts["softwarePatches"] for uid, facts in facets.items()}


def test_what_a_machine_lacks_hangs_on_the_machine_the_oldest_first(azure: Cloud) -> None:
    machine = azure.add(MACHINE, "web", subscription=TEST)
    azure.assess(
        machine,
        {
            "patchName": "new",
            "Kbid": "5034441",
            "classifications": ["Security", "Critical"],
            "publishedDateTime": "2025-05-02T00:00:00Z",
        },
        {"patchName": "old", "publishedDateTime": None, "publishedDate": "2025-05-01T00:00:00Z"},
        {"patchName": "undated", "publishedDateTime": None},
    )
    found = lacking(azure)["web"]
    assert [(patch["patchName"], patch["publishedDateTime"]) for patch in found] == [
        ("old", "2025-05-01T00:00:00Z"),
        ("new", "2025-05-02T00:00:00Z"),
        ("undated", None),
    ]
    assert found[1]["kbId"] == "5034441"
    assert found[1]["classifications"] == ["Critical", "Security"]


def test_another_assessment_that_finds_the_same_changes_nothing(azure: Cloud) -> None:
    machine = azure.add(MACHINE, "web")
    azure.assess(machine, {"patchName": "openssl", "lastModifiedDateTime": "2025-06-01T04:05:00Z"})
    before = lacking(azure)
    azure.assess(machine, {"patchName": "openssl", "lastModifiedDateTime": "2025-06-02T04:05:00Z"})
    assert lacking(azure) == before


def test_updates_that_look_the_same_are_as_many_as_there_are_rows(azure: Cloud) -> None:
    machine = azure.add(MACHINE, "web")
    azure.assess(machine, {"patchName": "libc6"}, {"patchName": "libc6"})
    other = azure.add(MACHINE, "web-2")
    azure.assess(other, {"patchName": "libc6"})
    assert {name: len(found) for name, found in lacking(azure).items()} == {"web": 2, "web-2": 1}


def test_rows_of_a_machine_that_come_apart_or_again_count_once(azure: Cloud) -> None:
    machine = azure.add(MACHINE, "Web")
    azure.assess(machine, {"patchName": "a"}, {"patchName": "b"})
    between = azure.add(MACHINE, "db")
    azure.assess(between, {"patchName": "c"})
    spelt = f"{machine.lower()}/patchassessmentresults/latest/softwarepatches/2"
    azure.resources[spelt]["id"] = spelt
    azure.resources[f"{spelt}~"] = azure.resources[spelt]
    first = f"{machine.lower()}/patchassessmentresults/latest/softwarepatches/1"
    azure.resources[first]["id"] = first.removeprefix("/")
    found = lacking(azure)
    assert sorted(patch["patchName"] for patch in found["web"]) == ["a", "b"]
    assert [patch["patchName"] for patch in found["db"]] == ["c"]


def test_of_a_machine_that_lacks_very_many_the_oldest_are_kept(azure: Cloud) -> None:
    azure.page = 1000
    azure.assess(
        azure.add(MACHINE, "web"),
        *({"patchName": f"p{n}", "publishedDateTime": f"2025-01-01T00:{n // 60:02}:{n % 60:02}Z"} for n in range(MOST + 5)),
    )
    found = lacking(azure)["web"]
    assert len(found) == MOST
    assert [found[0]["patchName"], found[-1]["patchName"]] == ["p0", f"p{MOST - 1}"]


@pytest.mark.parametrize(
    "odd", [{"classifications": "Security"}, {"classifications": [1]}, {"publishedDateTime": 20250501}, {"patchName": ["x"]}]
)
def test_a_machine_with_an_odd_update_is_unread_and_no_other(azure: Cloud, odd: dict[str, Any]) -> None:
    azure.assess(azure.add(MACHINE, "web"), {"patchName": "a"}, odd, {"patchName": "b"})
    azure.assess(azure.add(MACHINE, "db"), {"patchName": "c"})
    assert list(lacking(azure)) == ["db"]
    (snapshot,) = (s for s in collect(azure.connect(), SOFTWARE).snapshots[SOFTWARE] if s.scope.account == PROD)
    assert [unread.uid.rsplit("/", 1)[-1] for unread in snapshot.unread] == ["web"]
    assert snapshot.reason is None


def test_updates_whose_fields_are_spelt_in_different_ways_are_read_alike(azure: Cloud) -> None:
    plain = {"patchName": "a", "version": "1", "classifications": ["Other", "Security"], "publishedDateTime": None}
    spelt = {"PATCHNAME": "a", "Version": "1", "Classifications": ["Security", "Other"], "PublishedDate": None}
    gone = dict.fromkeys(("patchName", "version", "classifications", "publishedDateTime"), GONE)
    azure.assess(azure.add(MACHINE, "web"), plain)
    azure.assess(azure.add(MACHINE, "db"), {**gone, **spelt})
    found = lacking(azure)
    assert found["web"] == found["db"]
    kept = {"classifications": ["Other", "Security"], "patchName": "a", "publishedDateTime": None, "version": "1"}
    assert found["web"] == [kept]


def test_a_list_that_breaks_off_shows_no_machine(azure: Cloud) -> None:
    azure.assess(azure.add(MACHINE, "db"), {"patchName": "c"})
    azure.assess(azure.add(MACHINE, "web"), {"patchName": "a"}, {"patchName": "b"})
    azure.garble("resourcegraph.patchassessmentresources", "cut")
    assert lacking(azure) == {}
    assert "cut off" in reason(azure.connect(), SOFTWARE, PROD)


def test_an_update_of_no_machine_leaves_the_list_open(azure: Cloud) -> None:
    azure.add(
        f"/subscriptions/{PROD}/resourceGroups/main/providers/{MACHINE}/web",
        type=f"{MACHINE}/patchAssessmentResults/softwarePatches".lower(),
    )
    assert "an update of no machine" in reason(azure.connect(), SOFTWARE, PROD)
