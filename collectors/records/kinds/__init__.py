"""Every kind of record, gathered from the modules of this package."""

import importlib
import pkgutil

from collectors.records.schema import Kind


def _gathered() -> dict[str, Kind]:
    found: dict[str, Kind] = {}
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        for kind in importlib.import_module(module.name).KINDS:
            if kind.name in found or kind.file in {k.file for k in found.values()}:
                raise ValueError(f"{module.name}: {kind.name} or {kind.file} is declared twice")
            found[kind.name] = kind
    return dict(sorted(found.items()))


KINDS: dict[str, Kind] = _gathered()
