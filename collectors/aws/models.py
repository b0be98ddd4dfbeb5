"""The SDK's service models, cut down to what the sources declare.

A model describes hundreds of operations with their documentation; we call a few. Without the rest a client is made in a third
of the time and takes a fraction of the memory, and what is not declared is not even there to be called.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from collectors.aws.permissions import OWN_CALLS
from collectors.source import sources


@cache
def shared_models(path: str | None) -> Any:
    """The loader of all sessions of this process. `path` is where else the SDK looks for models."""
    from botocore.loaders import Loader

    class Models(Loader):  # type: ignore[misc]  # the SDK is not typed
        """Loads each model once and keeps only what is declared of it."""

        def __init__(self, *, extra_search_paths: list[str]) -> None:
            super().__init__(extra_search_paths=extra_search_paths)
            self._kept: dict[str, dict[str, Any]] = {}

        def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
            if type_name != "service-2":
                return super().load_service_model(service_name, type_name, api_version)
            if service_name not in self._kept:
                whole = super().load_service_model(service_name, type_name, api_version)
                self._kept[service_name] = _cut_down(whole, _declared().get(service_name, set()))
                self._forget(whole)
            return self._kept[service_name]

        def add(self, service: str, operations: Iterable[str]) -> None:
            """Keep these operations too: of a source that was not there when the model was loaded."""
            known = set(self._kept.get(service, {}).get("operations", ())) | set(operations)
            whole = super().load_service_model(service, "service-2")
            self._kept[service] = _cut_down(whole, known)
            self._forget(whole)

        def _forget(self, whole: Any) -> None:
            """Let go of the whole model, which the SDK's loader keeps under several names."""
            self._cache: dict[Any, Any] = {
                key: value
                for key, value in self._cache.items()
                if value is not whole and not (isinstance(value, tuple) and value and value[0] is whole)
            }

    return Models(extra_search_paths=path.split(":") if path else [])


@cache
def _declared() -> dict[str, set[str]]:
    """The operations that sources name, by client."""
    found: dict[str, set[str]] = {}
    for call in OWN_CALLS.union(*(source.calls for source in sources("aws"))):
        service, _, operation = call.partition(".")
        found.setdefault(service, set()).add(operation)
    return found


def _cut_down(whole: dict[str, Any], operations: set[str]) -> dict[str, Any]:
    """A model of these operations and the shapes that they reach, without documentation."""
    kept = {name: _plain(model) for name, model in whole["operations"].items() if name in operations}
    shapes: dict[str, Any] = {}
    waiting = [name for model in kept.values() for name in _named(model)]
    while waiting:
        name = waiting.pop()
        if name not in shapes:
            shapes[name] = _plain(whole["shapes"][name])
            waiting.extend(_named(shapes[name]))
    rest = {key: value for key, value in whole.items() if key not in {"operations", "shapes", "documentation", "examples"}}
    return {**rest, "operations": kept, "shapes": shapes}


def _plain(model: Any) -> Any:
    """A part of a model without the documentation in it. A member may itself be called `documentation`."""
    if isinstance(model, dict):
        return {key: _plain(value) for key, value in model.items() if key != "documentation" or not isinstance(value, str)}
    return [_plain(value) for value in model] if isinstance(model, list) else model


def _named(model: Any) -> Iterable[str]:
    """The shapes that an operation or a shape refers to."""
    if isinstance(model, dict):
        for key, value in model.items():
            if key == "shape" and isinstance(value, str):
                yield value
            else:
                yield from _named(value)
    elif isinstance(model, list):
        for value in model:
            yield from _named(value)
