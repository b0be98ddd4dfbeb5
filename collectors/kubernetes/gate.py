"""The one place where requests leave: nothing passes but what the permit in force names.

The gate stands in the client's own connection pool, so that it also holds what is asked through the client directly.
"""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from collectors.permit import permitted
from collectors.source import UndeclaredCallError


class Gate:
    """Takes the place of the client's pool manager."""

    def __init__(self, pool: Any, host: str) -> None:
        self._pool = pool
        self._host = host.rstrip("/")

    def request(self, method: str, url: str, **options: Any) -> Any:
        """Send one request, once. Raises `UndeclaredCallError` before anything leaves."""
        here = url.startswith(f"{self._host}/")
        path = urlsplit(url.removeprefix(self._host) if here else url).path
        asked = {**parse_qs(urlsplit(url).query, keep_blank_values=True), **dict(options.get("fields") or ())}
        if not here or "watch" in asked:  # a watch is another verb on the same path
            raise UndeclaredCallError(f"{method} {path}{' elsewhere' if not here else ' as a watch'} is declared by nobody")
        permitted((method, path), f"{method} {path}").count()
        # Retries are counted and bounded by who asks; a redirect would carry the credentials elsewhere.
        return self._pool.request(method, url, **{**options, "retries": False, "redirect": False})

    def clear(self) -> None:
        self._pool.clear()
