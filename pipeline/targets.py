"""Open the way to each target, or say in one sentence why that cannot be: before anything is read."""

import importlib
import importlib.util
import threading
from collections.abc import Iterable

from collectors.source import Connection, Provider, provider
from configuration import ConfigurationError, Target


def require_extras(targets: Iterable[Target]) -> None:
    """Raises `ConfigurationError` naming the install command where a target's SDK is not installed."""
    for target in targets:
        require(target.name, provider(target.kind))


def require(target: str, of: Provider) -> None:
    """Raises `ConfigurationError` where a module of the provider's extra is missing."""
    missing = [name for name in of.modules if not _installed(name)]
    if missing:
        raise ConfigurationError(
            f"target {target} is of kind {of.kind}, which needs {', '.join(missing)}; "
            f"install it: pip install 'annexa[{of.extra}]'"
        )


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the package that it would stand in
        return False


_importing = threading.Lock()  # SDKs share packages; imported side by side, one may get another's half of them


def connect(target: Target) -> Connection:
    """Import the provider's SDK and make a connection. Raises `UnreadError` where the credentials cannot be used."""
    of = provider(target.kind)
    with _importing:
        for name in of.modules:
            importlib.import_module(name)
    return of.connect(target.settings)  # which may run a program that gives credentials: nobody waits for another's
