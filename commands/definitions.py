"""The installed checks as reports know them."""

from collections.abc import Iterable

from checks.check import Check
from mappings.catalogue import Catalogue
from reports.view import Definition


def definitions(known: Iterable[Check], catalogue: Catalogue) -> list[Definition]:
    """In the order in which the checks are given."""
    return [
        Definition(
            id=check.id,
            title=check.title,
            severity=check.severity,
            version=check.version,
            type=check.on,
            rationale=check.rationale,
            fix=check.fix,
            parameters=check.defaults(),
            controls=catalogue.controls_by(check.id),
        )
        for check in known
    ]
