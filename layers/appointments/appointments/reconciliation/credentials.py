"""The credentials of the vendor's API, as the secret holds them."""

from __future__ import annotations

import json
from typing import Any

from appointments.reconciliation.errors import SettingsError

FORM = '{"clientId": "...", "clientSecret": "..."}'
"""The text of the secret."""


class Credentials:
    """A client's id and secret. Neither is shown by ``repr`` or by an error."""

    __slots__ = ("client_id", "client_secret")

    def __init__(self, client_id: str, client_secret: str) -> None:
        self.client_id = client_id
        self.client_secret = client_secret

    @classmethod
    def of_secret(cls, text: str) -> Credentials:
        """Read the text of the secret. Raises SettingsError for any other form than FORM."""
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            document = None
        id_, secret = _member(document, "clientId"), _member(document, "clientSecret")
        if id_ is None or secret is None:
            raise SettingsError(f"the secret of the Engage API has another form: store {FORM} in it")
        return cls(id_, secret)

    def __repr__(self) -> str:
        return "Credentials(...)"


def _member(document: Any, name: str) -> str | None:
    value = document.get(name) if isinstance(document, dict) else None
    return value if isinstance(value, str) and value.strip() else None
