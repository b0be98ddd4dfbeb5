"""Open the way to each target, or say in one sentence why that cannot be: before anything is read."""

import importlib.util
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


def connect(target: Target) -> Connection:
    """Import the provider's SDK and make a connection. Raises `UnreadError` where the credentials cannot be used."""
    return provider(target.kind).connect(target.settings)
