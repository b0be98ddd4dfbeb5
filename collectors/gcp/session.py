"""A connection to Google Cloud: who asks, what is under the target, and the way to read it.

- The projects are listed first; where nothing answers, or nobody may ask for us, there is no target.
- Where the projects may not be listed, or not to their end, the target's root says so in each of its readings: what belongs
  to a project that is not known here must not look as if it did not exist.
- A project stands in its own inventory, and an organization has projects: where none is listed, nothing was seen.
"""

from collections.abc import Iterable, Iterator

from collectors.gcp import GcpTarget
from collectors.gcp.client import Assets, Patience
from collectors.gcp.credentials import ACTION, Credentials
from collectors.gcp.permissions import OWN_CALLS, permission_of
from collectors.gcp.projects import PROJECT, Projects, understood
from collectors.gcp.reader import Listing, Reader
from collectors.permit import Permit
from collectors.source import Place, Source, UnreadError
from evidence_store.records import Scope, Unread, Why

PATIENT = Patience()
_LIST = "cloudasset.ListAssets RESOURCE"
_FATAL = frozenset({Why.CREDENTIALS, Why.UNREACHABLE, Why.TIMEOUT})


class GcpConnection:
    """One target. `places` finds its projects; `reader` asks for all of them at once."""

    kind = "gcp"

    def __init__(self, settings: GcpTarget, patience: Patience = PATIENT) -> None:
        """Raises `UnreadError` where there are no credentials, or nothing says what to read."""
        self._credentials = Credentials(settings.impersonate, settings.quota_project)
        if settings.parent is None and not self._credentials.project:
            raise UnreadError(Unread(Why.CREDENTIALS, ACTION, "they name no project to read: set `parent`"))
        self._assets = Assets(self._credentials, settings.endpoint, patience)
        self._permit = Permit("the search for projects", OWN_CALLS)
        self._projects = Projects(settings.parent or f"projects/{self._credentials.project}")

    def places(self) -> Iterable[Place]:
        """The target's root, and every active project under it. Raises `UnreadError` where nobody answers us at all."""
        active = sorted(self._listed())
        principal = self._credentials.principal
        accounts = dict.fromkeys((self._projects.root, *([] if self._projects.is_project else active)))
        return [Place(Scope("gcp", account), principal) for account in accounts]

    def reader(self, place: Place, source: Source) -> Reader:
        return Reader(place, Permit(source.name, frozenset(source.calls)), self._assets, self._projects)

    def close(self) -> None:
        self._assets.close()
        self._credentials.close()

    def _listed(self) -> Iterator[str]:
        """The ids of the active projects, as far as they can be listed."""
        listing = Listing(self._assets, self._permit, self._projects.parent)
        projects = self._projects = Projects(self._projects.parent)
        kept = []
        try:
            for asset in listing.every(_LIST, (PROJECT,)):
                kept.append(asset)
                project = understood(asset)
                if project is None:
                    projects.unread = projects.unread or Unread(
                        Why.UNEXPECTED, permission_of(_LIST), "a project without its id"
                    )
                    continue
                projects.add([project])
                if project.active:
                    yield project.id
        except UnreadError as error:
            if error.unread.why in _FATAL or error.unread.action != permission_of(_LIST):
                raise
            projects.unread = error.unread
        if not kept and projects.unread is None and not projects.parent.startswith("folders/"):
            raise UnreadError(Unread(Why.UNEXPECTED, permission_of(_LIST), f"not one project in {projects.parent}"))
        projects.moment = listing.moment
        projects.assets = tuple(kept)
