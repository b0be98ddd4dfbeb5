"""A clock that is behind the provider's: nothing passes on facts from the future, and the evidence still verifies."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tests.acceptance.conftest import AWS, Command
from tests.checks.aws.iam_scene import identities, report, reported, user

if TYPE_CHECKING:
    from tests.collectors.aws.overlay import Cloud

CHECK = "aws_iam_user_console_mfa"


def test_a_report_that_is_dated_ahead_is_unknown_and_the_same_when_verified(
    aws: "Cloud", tmp_path: Path, command: Command
) -> None:
    (tmp_path / "annexa.toml").write_text(AWS)
    identities(aws, users=[user("alice")])
    report(aws, reported("alice", password_enabled=True, mfa_active=True), generated=datetime.now(UTC) + timedelta(hours=1))
    ran = command("run", "--check", CHECK, "--format", "json", "--quiet")
    reasons = {f["status"]: f["reason"] for f in ran.findings(CHECK)}
    assert "speaks of a time that lies ahead" in reasons["unknown"]
    verified = command("evidence", "verify")
    assert (verified.code, "contradicted" in verified.out) == (0, False)
