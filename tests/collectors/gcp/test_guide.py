"""What the guide to Google Cloud says is so."""

import re
import subprocess
import sys
from pathlib import Path

import configuration
from checks.check import checks
from collectors.gcp.permissions import permission_of

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "gcp.md").read_text()


def test_the_configuration_in_the_guide_loads(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    file = tmp_path / "annexa.toml"
    file.write_text(block)
    (target,) = configuration.load(file, checks()).targets
    assert (target.kind, target.settings.parent) == ("gcp", "organizations/123456789012")


def test_the_guide_names_every_permission() -> None:
    contents = ("RESOURCE", "IAM_POLICY", "ORG_POLICY", "OS_INVENTORY")
    named = set(re.findall(r"^\| `(cloudasset\.[\w.]+)`", GUIDE, re.MULTILINE))
    assert named == {permission_of(f"cloudasset.ListAssets {content}") for content in contents}


def test_the_organization_of_the_guide_starts_and_says_how_to_read_it() -> None:
    (line,) = re.findall(r"^ {4}python (-m tests\S+)$", GUIDE, re.MULTILINE)
    command = [sys.executable, "-u", *line.split(), "--resources", "20"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = []
    try:
        for text in process.stdout:
            said.append(text)
            if text.startswith("# serving"):
                break
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
    assert said[-1].startswith("# serving ")
    assert 'kind = "gcp"\n' in said
    assert any(text.startswith("export GOOGLE_APPLICATION_CREDENTIALS=") for text in said)
