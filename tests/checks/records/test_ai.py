import pytest

from tests.checks.records.conftest import Isms

NIL = '[[nil_return]]\nkind = "ai_register"\ndeclared_by = "dana"\ndate = 2026-05-20\n'


def test_a_complete_register_of_ai_systems_passes(isms: Isms) -> None:
    assert isms.look("rec_ai_register").status("rec_ai_register") == "pass"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('purpose = "Corrects spelling"\n', "", "spelling names no purpose"),
        ('owner = "ines"\n', "", "assistant names no owner"),
        ('data = ["texts"]\n', "", "spelling names no data"),
        ('supplier = "own"\n', "", "spelling names no supplier"),
        ('supplier = "own"', 'supplier = "nobody"', "spelling names the supplier nobody"),
        ('risk = "low"\n', "", "spelling names no level of risk"),
        ("reviewed_on = 2026-03-30", "reviewed_on = 2025-03-30", "assistant was last reviewed on 2025-03-30"),
    ],
)
def test_an_ai_system_with_something_open_fails(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("ai_systems.toml", old, new).look("rec_ai_register")
    assert seen.status("rec_ai_register") == "fail"
    assert says in seen.reason("rec_ai_register")


def test_no_ai_systems_pass_only_by_a_nil_return(isms: Isms) -> None:
    isms.remove("ai_systems.toml")
    assert isms.look("rec_ai_register").status("rec_ai_register") == "fail"
    assert isms.write("nil_returns.toml", NIL).look("rec_ai_register").status("rec_ai_register") == "pass"


@pytest.mark.parametrize("file", ["ai_systems.toml", "suppliers.toml"])
def test_a_register_of_ai_systems_that_may_not_be_read_is_unknown(isms: Isms, file: str) -> None:
    seen = isms.look("rec_ai_register", kept=(file,))
    assert seen.status("rec_ai_register") == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_ai_register")


def test_an_approved_impact_assessment_of_a_system_of_high_risk_passes(isms: Isms) -> None:
    seen = isms.look("rec_ai_impact_assessment")
    assert seen.status("rec_ai_impact_assessment", ":assistant") == "pass"
    assert seen.status("rec_ai_impact_assessment", ":spelling") == "not_applicable"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('system = "assistant"', 'system = "spelling"', "assistant has no impact assessment"),
        ("date = 2026-02-14", "date = 2025-02-14", "last made on 2025-02-14"),
        ('approved_by = "dana"\n', "", "no approver"),
        ("approved_on = 2026-02-16\n", "", "no day of approval"),
    ],
)
def test_a_system_of_high_risk_without_a_current_assessment_fails(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("ai_impacts.toml", old, new).look("rec_ai_impact_assessment")
    assert seen.status("rec_ai_impact_assessment", ":assistant") == "fail"
    assert says in seen.reason("rec_ai_impact_assessment", ":assistant")


def test_a_system_without_a_level_of_risk_is_unknown(isms: Isms) -> None:
    isms.edit("ai_systems.toml", 'risk = "low"\n', "")
    assert isms.look("rec_ai_impact_assessment").status("rec_ai_impact_assessment", ":spelling") == "unknown"


@pytest.mark.parametrize(("file", "name"), [("ai_systems.toml", "global"), ("ai_impacts.toml", ":assistant")])
def test_an_impact_assessment_that_may_not_be_read_is_unknown(isms: Isms, file: str, name: str) -> None:
    seen = isms.look("rec_ai_impact_assessment", kept=(file,))
    assert seen.status("rec_ai_impact_assessment", name) == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_ai_impact_assessment", name)
