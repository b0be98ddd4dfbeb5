"""Planted secrets appear nowhere: not in the store, a pack, a report, a log or an error."""

import base64
import logging
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zstandard

from scanner import FORMATS
from tests.acceptance.conftest import AWS, Command, rows

if TYPE_CHECKING:
    from tests.collectors.aws.overlay import Cloud

KEY = "AKIAIOSFODNN7" + "PLANTED"
SECRET = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYPLANTEDKEY"
PASSWORD = "planted-hunter2-" + "password"
PRIVATE = "b3BlbnNzaC1rZXktdjEAAAAA" + "PLANTEDPRIVATEKEYPLANTED"
PLANTED = (KEY, SECRET, PASSWORD, PRIVATE)
USER_DATA = f"""#!/bin/sh
export AWS_ACCESS_KEY_ID={KEY}
export AWS_SECRET_ACCESS_KEY={SECRET}
cat > /root/.ssh/id_ed25519 <<END
-----BEGIN OPENSSH PRIVATE KEY-----
{PRIVATE}
-----END OPENSSH PRIVATE KEY-----
END
"""


@pytest.fixture
def planted(aws: "Cloud", tmp_path: Path) -> None:
    """A function, an instance and a launch template with secrets in them."""
    (tmp_path / "annexa.toml").write_text(AWS)
    role = aws.client("iam").create_role(RoleName="f", AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":[]}')
    aws.client("lambda").create_function(
        FunctionName="leaky",
        Runtime="python3.12",
        Role=role["Role"]["Arn"],
        Handler="a.b",
        Code={"ZipFile": b"PK"},
        Environment={"Variables": {"DB_PASSWORD": PASSWORD, "KEY_ID": KEY, "TOKEN": SECRET}},
    )
    ec2 = aws.client("ec2")
    ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, UserData=USER_DATA)
    ec2.create_launch_template(
        LaunchTemplateName="leaky",
        LaunchTemplateData={"ImageId": "ami-12c6146b", "UserData": base64.b64encode(USER_DATA.encode()).decode()},
    )


def held(tmp_path: Path, but: Collection[str] = ()) -> str:
    """All that the files of a test hold, with what is compressed or encoded laid open."""
    found: list[bytes] = []
    for file in tmp_path.rglob("*"):
        if file.is_file() and not file.name.startswith("annexa.key") and file.name not in but:
            found.append(file.read_bytes())
            if zipfile.is_zipfile(file):
                with zipfile.ZipFile(file) as archive:
                    found += [archive.read(name) for name in archive.namelist()]
    for table in rows(tmp_path).values():
        for row in table:
            for cell in row:
                if isinstance(cell, bytes) and cell.startswith(b"\x28\xb5\x2f\xfd"):
                    found.append(zstandard.ZstdDecompressor().decompress(cell))
    return b"\n".join(found).decode("utf-8", errors="replace")


def test_planted_secrets_are_nowhere(planted: None, command: Command, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said = []
    for form in FORMATS:
        ran = command("run", "--debug", "--format", form, "--output", f"report.{form}")
        said += [ran.out, ran.err]
    assert command("evidence", "export", "-o", "pack.zip").code == 0
    said += [command("gaps").out, command("soa").out, command("evidence", "list", "--format", "json").out]
    everything = "\n".join([held(tmp_path), *said, caplog.text])
    assert "aws.lambda" in everything
    for secret in PLANTED:
        assert secret not in everything
        assert base64.b64encode(secret.encode()).decode().rstrip("=") not in everything


def test_that_a_secret_stands_there_is_a_finding(planted: None, command: Command) -> None:
    ran = command("run", "--check", "aws_no_plaintext_secrets", "--format", "json")
    status = {f["resource"]["id"].rsplit(":", 1)[-1].rsplit("/", 1)[-1]: f for f in ran.json["findings"]}
    assert status["leaky"]["status"] == "fail"
    fails = [f for f in ran.json["findings"] if f["status"] == "fail"]
    assert {f["resource"]["type"] for f in fails} >= {"aws.lambda.function"}
    assert len(fails) >= 3


def test_a_password_in_the_stores_url_is_not_told(command: Command, tmp_path: Path) -> None:
    url = f"postgresql+psycopg://annexa:{PASSWORD}@127.0.0.1:9/annexa"
    (tmp_path / "annexa.toml").write_text(f'[store]\nurl = "{url}"\n{AWS}')
    for arguments in (("run", "--debug"), ("doctor",), ("soa",), ("evidence", "verify")):
        ran = command(*arguments)
        assert PASSWORD not in ran.out + ran.err
        assert ran.code in {2, 3}
