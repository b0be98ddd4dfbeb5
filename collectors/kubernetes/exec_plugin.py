"""The program that a kubeconfig names to give the credentials.

It is run without a terminal and within a time-out: nothing here waits for a person. What it prints is kept out of errors,
since it may be a credential.
"""

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from evidence_store.records import parse_time

SECONDS = 60


def credential(settings: Mapping[str, Any], program: Any) -> dict[str, Any]:
    """The status of the ExecCredential that the program gives. Raises the client's `ConfigException` where it gives none.

    `settings` is the user's `exec` in the kubeconfig; `program` the client's reading of it: arguments and environment.
    """
    from kubernetes.config import ConfigException

    name = program.args[0]
    if settings.get("interactiveMode") == "Always":
        raise ConfigException(f"exec: {name} asks a person (interactiveMode: Always)")
    printed = _printed(program)
    try:
        found = json.loads(printed)
        kind, version, status = found["kind"], found["apiVersion"], found["status"]
    except (ValueError, KeyError, TypeError):
        raise ConfigException(f"exec: {name} gave no ExecCredential") from None
    if kind != "ExecCredential" or version != program.api_version or not isinstance(status, dict):
        raise ConfigException(f"exec: {name} gave no ExecCredential of {program.api_version}")
    try:
        parse_time(status.get("expirationTimestamp") or "2000-01-01")
    except (TypeError, ValueError):
        raise ConfigException(f"exec: {name} gave a credential that ends at no time") from None
    return status


def _printed(program: Any) -> bytes:
    from kubernetes.config import ConfigException

    name = program.args[0]
    spec: dict[str, Any] = {"interactive": False}
    if program.cluster:
        spec["cluster"] = program.cluster.value
    asked = {"apiVersion": program.api_version, "kind": "ExecCredential", "spec": spec}
    environment = {**program.env, "KUBERNETES_EXEC_INFO": json.dumps(asked)}
    try:
        ended = subprocess.run(  # noqa: S603 - the user's own kubeconfig says what to run
            program.args,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=SECONDS,
            cwd=program.cwd or None,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        raise ConfigException(f"exec: {name} did not end within {SECONDS} s") from None
    except OSError as error:
        raise ConfigException(f"exec: {name}: {error.strerror}") from None
    if ended.returncode:
        raise ConfigException(f"exec: {name} ended with {ended.returncode}")
    return ended.stdout
