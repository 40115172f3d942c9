"""The vendor's HTTP API: the appointments between two times, and those with some ids.

This module and the ``engage_`` modules that it imports are the only ones that know the API. They return rows of a
question and judge nothing. Source: the vendor's pages operation-getappointments, operation-getappointmentbyid,
authentication, topic-requests-and-responses and topic-pagination, as docs/reconciliation.md lists them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar
from urllib.parse import quote, urlencode
from uuid import uuid4

from appointments.contract import instants
from appointments.contract.violations import Violation
from appointments.reconciliation.credentials import Credentials
from appointments.reconciliation.engage_answers import (
    NotJsonError,
    Page,
    appointment_in,
    check_error,
    page_of,
    token_of,
)
from appointments.reconciliation.engage_appointment import EngageAppointment
from appointments.reconciliation.engage_http import Answer, EngageHttp, NoAnswerError, checked_url
from appointments.reconciliation.engage_listing import Rows, listing
from appointments.reconciliation.errors import (
    AnswerShapeError,
    EngageRefusedError,
    EngageUnavailableError,
    SettingsError,
)
from appointments.reconciliation.manners import ATTEMPTS, Manners

T = TypeVar("T")
API_URL, AUTH_URL = "https://api.pexipengage.com", "https://auth.pexipengage.com"
SCOPE = "engage:appointments:readOnly"
PAGE_SIZE = 100
DOCUMENTED_PAGE_SIZE = 25
"""The default of the API. The greatest page is not documented: after a 400 the run goes on with this size."""
IDS_BYTES = 1_500
"""A question names ids of at most this many bytes, so that its URL fits every server; but at least one id."""
EARLY_PART = 0.2
"""The part of a token's time at which it is replaced before it expires."""
TRANSIENT = frozenset({408, 429})
"""The statuses below 500 that another attempt can change."""


class _Token(NamedTuple):
    header: str
    renew_at: float


class EngageApi:
    """Asks the API with a client's credentials. Every call waits for its turn (:class:`.manners.Manners`).

    ``enterprise`` is the vendor's name of the customer, a part of each URL. All methods raise a
    :class:`.errors.ReconciliationError`.
    """

    def __init__(
        self,
        credentials: Credentials,
        enterprise: str,
        manners: Manners,
        *,
        api_url: str = API_URL,
        auth_url: str = AUTH_URL,
        page_size: int = PAGE_SIZE,
        http: EngageHttp | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not enterprise.strip() or enterprise in (".", ".."):
            raise SettingsError("EngageEnterprise is empty: set it to the name of the enterprise in the vendor's URLs")
        name = quote(enterprise, safe="")
        self._appointments = f"{checked_url(api_url, 'EngageApiUrl')}/enterprises/{name}/appointments"
        self._token_url = f"{checked_url(auth_url, 'EngageAuthUrl')}/realms/{name}/protocol/openid-connect/token"
        self._credentials = credentials
        self._manners = manners
        self._page_size = page_size
        self._http = http or EngageHttp()
        self._clock = clock
        self._token: _Token | None = None
        self.correlation_id = str(uuid4())
        """Sent with every question, so that the vendor can find a run in its logs."""

    @property
    def calls(self) -> int:
        """The calls that were made, those for tokens included."""
        return self._manners.calls

    def between(self, first: str, last: str, *, can_be_split: bool = False) -> Rows:
        """Return the appointments whose time the API compares with these instants.

        Which part of an appointment's time ``from`` and ``to`` compare is not documented, so a row can lie partly
        outside. A row that lies outside as a whole is no answer to the question. ``can_be_split`` as in
        :func:`.engage_listing.listing`.
        """
        bounds = {"from": f"{first[:19]}Z", "to": f"{last[:19]}Z"}

        def page(offset: int) -> Page:
            found = self._page(list(bounds.items()), offset)
            for number, row in enumerate(found.rows):
                if not _touches(row, first, last):
                    raise AnswerShapeError([Violation(f"$.data[{number}].start", "from and to", "a time between them")])
            return found

        return listing(page, can_be_split=can_be_split)

    def with_ids(self, ids: Sequence[str]) -> dict[str, EngageAppointment]:
        """Return the appointments with these ids that the API has, by id.

        An id that a listing leaves out is asked for alone, so that it is missing in the result only if the API answers
        404 for it.
        """
        found: dict[str, EngageAppointment] = {}
        for chunk in _chunks(ids, self._page_size):
            found |= self._named(chunk)
            for id_ in chunk:
                appointment = None if id_ in found else self._by_id(id_)
                if appointment is not None:
                    found[id_] = appointment
        return found

    def _named(self, ids: Sequence[str]) -> dict[str, EngageAppointment]:
        names = set(ids)

        def page(offset: int) -> Page:
            found = self._page([("id[]", id_) for id_ in ids], offset)
            for number, row in enumerate(found.rows):
                if row.document["id"] not in names:
                    raise AnswerShapeError([Violation(f"$.data[{number}].id", "id[]", "an id that was asked for")])
            return found

        return listing(page).appointments

    def _by_id(self, id_: str) -> EngageAppointment | None:
        url = f"{self._appointments}/{quote(id_, safe='')}"

        def read(answer: Answer) -> EngageAppointment | None:
            if answer.status == 404:
                check_error(answer.body)
                return None
            self._check_status(answer)
            appointment = appointment_in(answer.body)
            if appointment.document["id"] != id_:
                raise AnswerShapeError([Violation("$.data.id", "const", "the id that was asked for")])
            return appointment

        return self._ask(url, read)

    def _page(self, question: Sequence[tuple[str, str]], offset: int) -> Page:
        def read(answer: Answer) -> Page | None:
            if answer.status == 400 and self._page_size > DOCUMENTED_PAGE_SIZE:
                return None
            self._check_status(answer)
            page = page_of(answer.body)
            if page.offset != offset:
                raise AnswerShapeError([Violation("$.meta.offset", "const", "the offset that was asked for")])
            return page

        while True:
            query = urlencode([*question, ("offset", str(offset)), ("limit", str(self._page_size))])
            page = self._ask(f"{self._appointments}?{query}", read)
            if page is not None:
                return page
            self._page_size = DOCUMENTED_PAGE_SIZE

    def _ask(self, url: str, read: Callable[[Answer], T]) -> T:
        """Return what ``read`` makes of the answer; ask again after a failure, and with a new token after a 401."""

        def attempt() -> T:
            while True:
                is_new = self._renew_token()
                assert self._token is not None  # noqa: S101 - _renew_token sets it or raises
                headers = {"Authorization": self._token.header, "X-Correlation-Id": self.correlation_id}
                answer = self._send("GET", url, headers)
                if answer.status != 401:
                    return read(answer)
                self._token = None
                if is_new:
                    raise EngageRefusedError(
                        f"the Engage API refuses a new token (401): check that the client has the scope {SCOPE}"
                    )

        return self._repeated("the Engage API", attempt)

    def _renew_token(self) -> bool:
        """Make sure that there is a token. Return whether it is new."""
        if self._token is not None and self._clock() < self._token.renew_at:
            return False
        self._token = self._repeated("the token endpoint of Engage", self._new_token)
        return True

    def _new_token(self) -> _Token:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._credentials.client_id,
            "client_secret": self._credentials.client_secret,
            "scope": SCOPE,
        }
        asked = self._clock()
        content_type = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self._send("POST", self._token_url, content_type, urlencode(form).encode())
        if answer.status in (400, 401, 403):
            raise EngageRefusedError(
                f"the token endpoint of Engage refuses the client ({answer.status}): "
                f"check the secret, and that the client has the scope {SCOPE}"
            )
        if answer.status != 200:
            raise _refusal("the token endpoint of Engage", answer.status, "EngageEnterprise and EngageAuthUrl")
        token, seconds = token_of(answer.body)
        lifetime = float("inf") if seconds is None else seconds * (1 - EARLY_PART)
        return _Token(f"Bearer {token}", asked + lifetime)

    def _repeated(self, host: str, attempt: Callable[[], T]) -> T:
        for failures in range(1, ATTEMPTS + 1):
            try:
                return attempt()
            except (NoAnswerError, NotJsonError) as error:
                problem = error
            if failures < ATTEMPTS:
                self._manners.back_off(failures)
        if isinstance(problem, NotJsonError):
            raise AnswerShapeError([Violation("$", "format", "JSON")])
        raise EngageUnavailableError(f"{host} gave no answer {ATTEMPTS} times, at last {problem}: try again later")

    def _send(self, method: str, url: str, headers: dict[str, str], body: bytes | None = None) -> Answer:
        self._manners.wait_for_turn()
        common = {"Accept": "application/json", "User-Agent": "engage-appointments"}
        answer = self._http.send(method, url, headers={**common, **headers}, body=body, seconds=self._manners.remaining)
        if answer.status in TRANSIENT or answer.status >= 500:
            raise NoAnswerError(f"status {answer.status}")
        return answer

    def _check_status(self, answer: Answer) -> None:
        if answer.status == 403:
            raise EngageRefusedError(
                f"the Engage API forbids the question (403): check that the client has the scope {SCOPE}"
            )
        if answer.status != 200:
            raise _refusal("the Engage API", answer.status, "EngageEnterprise and EngageApiUrl")


def _refusal(host: str, status: int, advice: str) -> EngageRefusedError:
    redirects = ", and redirects are not followed" if 300 <= status < 400 else ""
    return EngageRefusedError(f"{host} answers {status} instead of 200{redirects}: check {advice}")


def _touches(row: EngageAppointment, first: str, last: str) -> bool:
    """Whether a row has a part of its time between two instants, ends included; also True for a row without a time."""
    begin, end = (row.document[name] and instants.utc(row.document[name]) for name in ("start", "end"))
    begin, end = begin or end, end or begin
    return begin is None or (min(begin, end)[:19] <= last[:19] and max(begin, end)[:19] >= first[:19])


def _chunks(ids: Sequence[str], most: int) -> list[list[str]]:
    chunks: list[list[str]] = []
    size = 0
    for id_ in ids:
        bytes_ = len(urlencode([("id[]", id_)])) + 1
        if not chunks or len(chunks[-1]) >= most or size + bytes_ > IDS_BYTES:
            chunks.append([])
            size = 0
        chunks[-1].append(id_)
        size += bytes_
    return chunks
