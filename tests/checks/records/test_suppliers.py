import pytest

from tests.checks.records.conftest import Isms

NIL = '[[nil_return]]\nkind = "{kind}"\ndeclared_by = "dana"\ndate = 2026-05-20\n'


def test_suppliers_with_owner_tier_and_reviews_pass(isms: Isms) -> None:
    assert isms.look("rec_supplier_register").status("rec_supplier_register") == "pass"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('tier = "low"\n', "", "florist names no tier"),
        ('owner = "ines"\n', "", "cloudco names no owner"),
        ('owner = "ines"', 'owner = "toni"', "cloudco names toni as owner, who does not work here"),
        ("reviewed_on = 2026-02-02\n", "", "cloudco names no last review"),
        ("reviewed_on = 2026-02-02", "reviewed_on = 2026-08-02", "2026-08-02 as its last review, which lies ahead"),
        ("next_review = 2027-02-02\n", "", "cloudco names no next review"),
        ("next_review = 2027-02-02", "next_review = 2026-05-31", "cloudco was due for review on 2026-05-31"),
    ],
)
def test_suppliers_that_nobody_looks_after_fail(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("suppliers.toml", old, new).look("rec_supplier_register")
    assert seen.status("rec_supplier_register") == "fail"
    assert says in seen.reason("rec_supplier_register")


def test_no_suppliers_pass_only_by_a_nil_return(isms: Isms) -> None:
    isms.remove("suppliers.toml")
    assert isms.look("rec_supplier_register").status("rec_supplier_register") == "fail"
    isms.write("nil_returns.toml", NIL.format(kind="supplier"))
    assert isms.look("rec_supplier_register").status("rec_supplier_register") == "pass"


@pytest.mark.parametrize("check", ["rec_supplier_register", "rec_supplier_agreement", "rec_supplier_assurance_current"])
def test_suppliers_that_may_not_be_read_are_unknown(isms: Isms, check: str) -> None:
    seen = isms.look(check, kept=("suppliers.toml",))
    assert seen.status(check) == "unknown"
    assert "read isms/suppliers.toml was denied" in seen.reason(check)


def test_terms_in_force_with_important_suppliers_pass(isms: Isms) -> None:
    seen = isms.look("rec_supplier_agreement")
    assert seen.status("rec_supplier_agreement", ":cloudco") == "pass"
    assert seen.status("rec_supplier_agreement", ":florist") == "not_applicable"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"security", "incident", "audit"', '"security"', "settle nothing on incident"),
        ("signed = 2025-01-10\n", "", "no signed agreement in force"),
        ("valid_until = 2027-12-31", "valid_until = 2026-05-31", "the last one ended on 2026-05-31"),
        ("valid_until = 2027-12-31", "ended_on = 2026-05-31", "the last one ended on 2026-05-31"),
        ('supplier = "cloudco"', 'supplier = "florist"', "no signed agreement in force"),
    ],
)
def test_important_suppliers_without_terms_in_force_fail(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("supplier_agreements.toml", old, new).look("rec_supplier_agreement")
    assert seen.status("rec_supplier_agreement", ":cloudco") == "fail"
    assert says in seen.reason("rec_supplier_agreement", ":cloudco")


def test_an_agreement_without_an_end_is_in_force(isms: Isms) -> None:
    isms.edit("supplier_agreements.toml", "valid_until = 2027-12-31\n", "")
    assert isms.look("rec_supplier_agreement").status("rec_supplier_agreement", ":cloudco") == "pass"


@pytest.mark.parametrize("check", ["rec_supplier_agreement", "rec_supplier_assurance_current"])
def test_a_supplier_without_a_tier_is_unknown(isms: Isms, check: str) -> None:
    seen = isms.edit("suppliers.toml", 'tier = "low"\n', "").look(check)
    assert seen.status(check, ":florist") == "unknown"
    assert "gives florist no tier" in seen.reason(check, ":florist")


def test_agreements_that_may_not_be_read_are_unknown(isms: Isms) -> None:
    seen = isms.look("rec_supplier_agreement", kept=("supplier_agreements.toml",))
    assert seen.status("rec_supplier_agreement", ":cloudco") == "unknown"
    assert "read isms/supplier_agreements.toml was denied" in seen.reason("rec_supplier_agreement", ":cloudco")


def test_assurance_in_date_that_was_read_passes(isms: Isms) -> None:
    seen = isms.look("rec_supplier_assurance_current")
    assert seen.status("rec_supplier_assurance_current", ":cloudco") == "pass"
    assert seen.status("rec_supplier_assurance_current", ":florist") == "not_applicable"


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (
            "supplier_assurances.toml",
            "period_end = 2025-12-31",
            "period_end = 2025-05-31",
            "soc2 served until 2026-05-31",
        ),
        ("supplier_assurances.toml", 'type = "SOC 2"', 'type = "iso27001"', "cloudco-soc2 served until 2025-12-31"),
        (
            "supplier_assurances.toml",
            'service = "hosting"',
            'service = "mail"',
            "no assurance in date covers hosting",
        ),
        ("supplier_assurances.toml", 'read_by = "ines"\n', "", "names no reader"),
        ("supplier_assurances.toml", "read_on = 2026-02-20\n", "", "no day of reading"),
        ("supplier_assurances.toml", "read_on = 2026-02-20", "read_on = 2026-12-20", "lies ahead"),
        ("supplier_assurances.toml", 'scope = "Hosting, all regions"\n', "", "names no scope"),
        ("supplier_assurances.toml", 'gaps = "None that concern us."\n', "", "does not say what was found missing"),
        ("supplier_assurances.toml", 'supplier = "cloudco"', 'supplier = "florist"', "has no certificate or report"),
        ("suppliers.toml", 'services = ["hosting"]', 'services = ["hosting", "mail"]', "no assurance in date covers mail"),
    ],
)
def test_assurance_that_does_not_reach_the_service_fails(isms: Isms, file: str, old: str, new: str, says: str) -> None:
    seen = isms.edit(file, old, new).look("rec_supplier_assurance_current")
    assert seen.status("rec_supplier_assurance_current", ":cloudco") == "fail"
    assert says in seen.reason("rec_supplier_assurance_current", ":cloudco")


def test_a_certificate_serves_until_its_end_and_an_old_one_beside_it_does_not_matter(isms: Isms) -> None:
    isms.edit("supplier_assurances.toml", "period_end = 2025-12-31", "period_end = 2023-12-31")
    new = (
        '[[supplier_assurance]]\nid = "new"\nsupplier = "cloudco"\nservice = "*"\ntype = "iso27001"\nperiod_end = 2026-06-01\n'
    )
    isms.add("supplier_assurances.toml", new + 'scope = "All"\nread_by = "ines"\nread_on = 2026-01-02\ngaps = ""\n')
    assert isms.look("rec_supplier_assurance_current").status("rec_supplier_assurance_current", ":cloudco") == "pass"


def test_assurance_for_services_that_nobody_named_is_unknown(isms: Isms) -> None:
    seen = isms.edit("suppliers.toml", 'services = ["hosting"]\n', "").look("rec_supplier_assurance_current")
    assert seen.status("rec_supplier_assurance_current", ":cloudco") == "unknown"


def test_assurance_that_may_not_be_read_is_unknown(isms: Isms) -> None:
    seen = isms.look("rec_supplier_assurance_current", kept=("supplier_assurances.toml",))
    assert seen.status("rec_supplier_assurance_current", ":cloudco") == "unknown"
    assert "read isms/supplier_assurances.toml was denied" in seen.reason("rec_supplier_assurance_current", ":cloudco")


def test_cloud_services_with_responsibilities_and_an_exit_pass(isms: Isms) -> None:
    assert isms.look("rec_cloud_exit_plan").status("rec_cloud_exit_plan") == "pass"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("exit_plan = ", 'supplier = "cloudco"\n# ', "hosting names no exit plan"),
        ("responsibility = ", "# ", "hosting names no responsibilities"),
        ("reviewed_on = 2026-02-02", "reviewed_on = 2025-02-02", "hosting was last reviewed on 2025-02-02"),
        ('owner = "ines"\n', "", "hosting names no owner"),
    ],
)
def test_cloud_services_that_nobody_could_leave_fail(isms: Isms, old: str, new: str, says: str) -> None:
    isms.edit("cloud_services.toml", 'supplier = "cloudco"\n', "")
    seen = isms.edit("cloud_services.toml", old, new).look("rec_cloud_exit_plan")
    assert seen.status("rec_cloud_exit_plan") == "fail"
    assert says in seen.reason("rec_cloud_exit_plan")


def test_cloud_services_of_lower_tiers_need_no_exit_and_unclassified_ones_are_unknown(isms: Isms) -> None:
    isms.edit("cloud_services.toml", "exit_plan = ", "# ")
    isms.edit("cloud_services.toml", 'tier = "critical"', 'tier = "low"')
    assert isms.look("rec_cloud_exit_plan").status("rec_cloud_exit_plan") == "pass"
    isms.edit("cloud_services.toml", 'tier = "low"\n', "")
    assert isms.look("rec_cloud_exit_plan").reason("rec_cloud_exit_plan") == "isms/cloud_services.toml gives hosting no tier"


def test_no_cloud_services_pass_only_by_a_nil_return(isms: Isms) -> None:
    isms.write("cloud_services.toml", "")
    assert isms.look("rec_cloud_exit_plan").status("rec_cloud_exit_plan") == "fail"
    isms.write("nil_returns.toml", NIL.format(kind="cloud_service"))
    assert isms.look("rec_cloud_exit_plan").status("rec_cloud_exit_plan") == "pass"


def test_cloud_services_that_may_not_be_read_are_unknown(isms: Isms) -> None:
    seen = isms.look("rec_cloud_exit_plan", kept=("cloud_services.toml",))
    assert seen.status("rec_cloud_exit_plan") == "unknown"
    assert "read isms/cloud_services.toml was denied" in seen.reason("rec_cloud_exit_plan")
