import pytest

from tests.checks.records.conftest import Isms

NIL = '[[nil_return]]\nkind = "processing"\ndeclared_by = "dana"\ndate = 2026-05-20\n'


def test_reviewed_duties_pass(isms: Isms) -> None:
    assert isms.look("rec_legal_register").status("rec_legal_register") == "pass"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('duty = "Report breaches within 72 hours."\n', "", "L-1 names no duty"),
        ('owner = "ines"\n', "", "L-1 names no owner"),
        ('addressed = "Incident plan, chapter 4"\n', "", "L-1 names no way to meet it"),
        ("reviewed_on = 2026-03-03", "reviewed_on = 2025-03-03", "L-1 was last reviewed on 2025-03-03"),
        ("reviewed_on = 2026-03-03", "reviewed_on = 2027-03-03", "which lies ahead"),
    ],
)
def test_duties_that_nobody_sees_to_fail(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("obligations.toml", old, new).look("rec_legal_register")
    assert seen.status("rec_legal_register") == "fail"
    assert says in seen.reason("rec_legal_register")


def test_no_duties_fail_and_denied_ones_are_unknown(isms: Isms) -> None:
    denied = isms.look("rec_legal_register", kept=("obligations.toml",))
    assert denied.status("rec_legal_register") == "unknown"
    assert "read isms/obligations.toml was denied" in denied.reason("rec_legal_register")
    assert isms.remove("obligations.toml").look("rec_legal_register").status("rec_legal_register") == "fail"


def test_processing_that_covers_the_systems_passes(isms: Isms) -> None:
    assert isms.look("rec_privacy_register").status("rec_privacy_register") == "pass"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('basis = "Contract"\n', "", "P-1 names no legal basis"),
        ('systems = ["orders"]', 'systems = ["website"]', "no processing is listed for orders, which hold personal data"),
        ('assessment = "docs/assessment-orders.pdf"\n', "", "P-1 needs an impact assessment"),
        ("assessed_on = 2026-01-05\n", "", "P-1 needs an impact assessment and has no dated one"),
        ("reviewed_on = 2026-03-03", "reviewed_on = 2025-03-03", "P-1 was last reviewed on 2025-03-03"),
    ],
)
def test_processing_with_gaps_fails(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("processing.toml", old, new).look("rec_privacy_register")
    assert seen.status("rec_privacy_register") == "fail"
    assert says in seen.reason("rec_privacy_register")


@pytest.mark.parametrize(
    ("file", "old"), [("assets.toml", "personal_data = false\n"), ("processing.toml", "assessment_needed = true\n")]
)
def test_processing_that_is_not_decided_is_unknown(isms: Isms, file: str, old: str) -> None:
    seen = isms.edit(file, old, "").look("rec_privacy_register")
    assert seen.status("rec_privacy_register") == "unknown"
    assert f"isms/{file} does not say whether" in seen.reason("rec_privacy_register")


def test_no_processing_passes_only_by_a_nil_return_that_no_asset_contradicts(isms: Isms) -> None:
    isms.write("processing.toml", "").write("nil_returns.toml", NIL)
    assert isms.look("rec_privacy_register").status("rec_privacy_register") == "fail"
    isms.edit("assets.toml", "personal_data = true", "personal_data = false")
    assert isms.look("rec_privacy_register").status("rec_privacy_register") == "pass"
    assert isms.remove("nil_returns.toml").look("rec_privacy_register").status("rec_privacy_register") == "fail"


@pytest.mark.parametrize("file", ["processing.toml", "assets.toml"])
def test_processing_that_may_not_be_read_is_unknown(isms: Isms, file: str) -> None:
    seen = isms.look("rec_privacy_register", kept=(file,))
    assert seen.status("rec_privacy_register") == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_privacy_register")
