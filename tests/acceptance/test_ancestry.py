"""What another account hides, what the tenant hides, and nothing: each time the same look-ups are made when it is verified."""

from pathlib import Path
from typing import TYPE_CHECKING

from checks.azure.roles import OWNER
from tests.acceptance.conftest import Command
from tests.collectors.azure.cloud import PROD, TENANT, TEST

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud

CHECK = "azure_rbac_owner_count"
READ = "Microsoft.Authorization/roleAssignments/read"


def owners(command: Command) -> dict[str, str]:
    ran = command("run", "--check", CHECK, "--format", "json", "--quiet")
    return {f["resource"]["account"]: f["status"] for f in ran.findings(CHECK)}


def test_verdicts_about_one_subscription_stand_whatever_another_hides_and_are_performed_again(
    azure: "Cloud", command: Command, tmp_path: Path
) -> None:
    (tmp_path / "annexa.toml").write_text(f'[[target]]\nname = "tenant"\nkind = "azure"\nendpoint = "{azure.endpoint}"\n')
    azure.assign(OWNER, "ann")
    azure.deny(READ, account=TEST)
    assert owners(command) == {PROD: "pass", TEST: "unknown"}
    for who in ("bob", "cyd", "dan"):
        azure.assign(OWNER, who, scope="/")
    assert owners(command) == {PROD: "fail", TEST: "unknown"}
    azure.deny(READ, account=TENANT)
    assert owners(command) == {PROD: "unknown", TEST: "unknown"}
    azure.grant(["*/read"])
    assert owners(command) == {PROD: "fail", TEST: "pass"}
    # Four sentences of the one, two of the other: it was refused for one reason all the time.
    assert "6 verdicts were performed again and hold" in command("evidence", "verify").out
