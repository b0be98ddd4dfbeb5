"""What holds for every check on records, whatever it asks."""

from pathlib import Path

import pytest

from checks.check import Check, checks
from collectors.records import Directory
from collectors.records.kinds import KINDS
from tests.checks.records.conftest import AT, Held, Isms
from tests.harness import look

ASKED = [check for check in checks().values() if check.provider == "records"]
OWN = [check for check in ASKED if all(type_.startswith("records.") for type_ in check.types)]
READS = [(check, type_) for check in OWN for type_ in check.types if type_ != "records.isms"]


def test_there_are_43_checks_on_records() -> None:
    assert len(ASKED) == 43


@pytest.mark.parametrize("check", OWN, ids=lambda check: check.id)
def test_the_complete_records_pass_every_check_and_date_their_evidence_in_the_past(isms: Isms, check: Check) -> None:
    statuses = {str(finding.status) for finding in isms.look(check.id).of(check.id)}
    assert "pass" in statuses
    assert statuses <= {"pass", "not_applicable"}


@pytest.mark.parametrize(("check", "type_"), READS, ids=lambda value: value.id if isinstance(value, Check) else value)
def test_no_check_passes_on_a_file_that_it_looked_up_and_could_not_read(isms: Isms, check: Check, type_: str) -> None:
    file = KINDS[type_.removeprefix("records.")].file
    for finding in isms.look(check.id, kept=(file,)).of(check.id):
        if str(finding.status) != "pass":
            assert str(finding.status) in ("unknown", "fail", "not_applicable")
            assert str(finding.status) != "unknown" or f"read isms/{file} was denied" in finding.reason
        else:
            assert type_ not in {lookup.type for lookup in finding.lookups}


@pytest.mark.parametrize("check", ASKED, ids=lambda check: check.id)
def test_an_empty_directory_passes_nothing(tmp_path: Path, check: Check) -> None:
    found = look(Directory(Held(tmp_path, {})), check.id, at=AT).of(check.id)
    assert "pass" not in {str(finding.status) for finding in found}


@pytest.mark.parametrize("check", ASKED, ids=lambda check: check.id)
def test_a_missing_directory_gives_no_findings_and_a_failed_target(tmp_path: Path, check: Check) -> None:
    seen = look(Directory(Held(tmp_path / "isms", {})), check.id, at=AT)
    assert seen.collections[0].failed is not None
    assert "there is no directory" in str(seen.collections[0].failed)


def test_the_same_records_give_the_same_sentence_tomorrow(isms: Isms) -> None:
    isms.edit("risks.toml", "assessed_on = 2026-02-01", "assessed_on = 2024-02-01")
    sentences = {
        isms.look("rec_risk_assessment_current", at=AT.replace(day=day)).reason("rec_risk_assessment_current")
        for day in (1, 2, 9)
    }
    assert len(sentences) == 1


def test_many_faults_make_one_short_sentence(isms: Isms) -> None:
    rows = "".join(f'[[risk]]\nid = "R-{n}"\n' for n in range(10, 60))
    reason = isms.write("risks.toml", rows).look("rec_risk_assessment_current").reason("rec_risk_assessment_current")
    assert reason.endswith("and 95 more")
    assert len(reason) < 400
