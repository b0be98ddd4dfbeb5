"""Policy documents as the provider embeds them: parsed where they are text, percent-encoded or not."""

import json
from typing import Any
from urllib.parse import unquote

from collectors.source import UnreadError
from evidence_store.records import Unread, Why


def parsed(document: Any, action: str) -> Any:
    """The document as an object. Raises `UnreadError` for a text that is not JSON."""
    if not isinstance(document, str):
        return document
    text = document if document.lstrip().startswith("{") else unquote(document)
    try:
        return json.loads(text)
    except ValueError:
        raise UnreadError(Unread(Why.UNEXPECTED, action, "a policy that is not JSON")) from None
