"""Every kind of record, gathered from the modules of this package."""

import importlib
import pkgutil
from dataclasses import replace

from collectors.records.schema import Kind


def _gathered() -> dict[str, Kind]:
    found: dict[str, Kind] = {}
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        for kind in importlib.import_module(module.name).KINDS:
            if kind.name in found or kind.file in {k.file for k in found.values()}:
                raise ValueError(f"{module.name}: {kind.name} or {kind.file} is declared twice")
            found[kind.name] = kind
    found["nil_return"] = _of_known_kinds(found["nil_return"], tuple(sorted(found)))
    return dict(sorted(found.items()))


def _of_known_kinds(nil_return: Kind, names: tuple[str, ...]) -> Kind:
    """A nil return for a kind that does not exist would be one that nobody ever reads."""
    fields = tuple(replace(f, choices=names) if f.name == "kind" else f for f in nil_return.fields)
    return replace(nil_return, fields=fields)


KINDS: dict[str, Kind] = _gathered()
