"""`scanner init [DIR]`: a configuration and a starter set of ISMS records. What exists is never overwritten."""

import sys
from argparse import Namespace
from pathlib import Path

from collectors.records.starter import write_starter
from commands.failures import UsageError
from commands.opening import now
from configuration import DEFAULT_NAME
from scanner import DONE

CONFIGURATION = """\
# Annexa: what is read, and where the evidence is kept. Every key: config.example.toml. Paths are relative to this file.

[store]
url = "sqlite:///annexa.db"
key = "annexa.key"              # signs the evidence: back it up, and keep it from whoever may write the store

[[target]]
name = "this-host"
kind = "host"

[[target]]
name = "isms"
kind = "records"
path = "isms"                   # keep it in your own git

# An AWS account, with the credentials of your environment; `scanner permissions aws` prints the policy that it needs.
# [[target]]
# name = "prod"
# kind = "aws"
# regions = ["eu-west-1"]       # or "all": the enabled ones

# Other kinds: `gcp`, `azure`, `kubernetes`. `scanner permissions KIND` prints what each needs, `scanner doctor` tries it.
# [[target]]
# name = "cluster"
# kind = "kubernetes"
# context = "prod"              # of your kubeconfig
"""


def command(given: Namespace) -> int:
    """Write both, or nothing."""
    directory = Path(given.directory)
    file = directory / DEFAULT_NAME
    if file.exists():
        raise UsageError(f"{file} exists; `scanner init` overwrites nothing")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        written = write_starter(directory / "isms", now().date())
        file.write_text(CONFIGURATION, encoding="utf-8")
    except FileExistsError as error:
        raise UsageError(f"{error.filename}: is a file; name a directory" if error.filename else str(error)) from None
    except OSError as error:
        raise UsageError(f"{error.filename or directory}: cannot be written: {error.strerror}") from None
    sys.stdout.write(
        f"wrote {file} and {len(written)} files in {directory / 'isms'}\n"
        f"next: fill in {directory / 'isms' / 'scope.toml'}, then: scanner run --config {file}\n"
    )
    return DONE
