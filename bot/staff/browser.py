"""What the browser holds: one opaque cookie when signed in, another for the sign-in form, no data in either.

Flask and Flask-WTF want a session mapping; they get one that is made anew for each request and holds only the
secret of the form tokens, derived from the cookie: another session has other form tokens, and none is stored.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import cast

from flask import Flask, Request, Response, g, request, session
from flask.sessions import SecureCookieSession, SessionInterface, SessionMixin

from bot.staff.office import office
from bot.staff.roles import BY_ITSELF
from bot.staff.sessions import Staff, new_token, staff_of

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_FORM_FIELD = "csrf_token"  # Flask-WTF's name for it in the session, in forms and on ``g``


class Browser(SecureCookieSession):
    """One request's view of the browser.

    Attributes:
        token: Value of the session cookie it sent, or None.
        staff: Who is signed in, or None.
        new_token: Session cookie to give it with this answer.
        new_form: Form cookie to give it if this page holds a form.
        is_leaving: Whether its cookies are to be taken away.
    """

    def __init__(self, token: str | None, form: str | None, key: bytes) -> None:
        super().__init__()
        self.token = token
        self.staff: Staff | None = None
        self.new_token: str | None = None
        self.new_form = None if token or form else new_token()
        self.is_leaving = False
        self._key = key
        self._seed = ""
        self._seed_forms(token or form or self.new_form or "")

    def renew(self, token: str) -> None:
        """Give it another session cookie with this answer; forms on this very page already go with the new one."""
        self.new_token = token
        self._seed_forms(token)

    def mark(self, purpose: str) -> str:
        """Return 64 hexadecimal digits that stand for this browser and a purpose; they do not lead to its cookie."""
        return hmac.new(self._key, f"{purpose}\x00{self._seed}".encode(), hashlib.sha256).hexdigest()

    def _seed_forms(self, seed: str) -> None:
        self._seed = seed
        self[_FORM_FIELD] = hmac.new(self._key, b"form\x00" + seed.encode(), hashlib.sha256).hexdigest()


class Browsers(SessionInterface):
    """Read the cookies before a request and write them after it."""

    def __init__(self, web_key: bytes) -> None:
        self._key = web_key

    def open_session(self, app: Flask, request: Request) -> Browser:  # noqa: ARG002 - Flask's form
        """Return the browser that sends this request. The database is not touched here."""
        name, form_name = cookie_names(is_secure=request.is_secure)
        return Browser(_well_formed(request, name), _well_formed(request, form_name), self._key)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:  # noqa: ARG002
        """Give the browser its new cookies or take the old ones away."""
        browser = cast(Browser, session)
        name, form_name = cookie_names(is_secure=request.is_secure)
        if browser.is_leaving:
            _put(response, name, "")
            response.headers["Clear-Site-Data"] = '"cache", "storage"'
        if browser.new_token:
            _put(response, name, browser.new_token)
        if browser.new_form and _FORM_FIELD in g:
            _put(response, form_name, browser.new_form)


def cookie_names(*, is_secure: bool) -> tuple[str, str]:
    """Return the names of the session and the form cookie.

    Over https the ``__Host-`` prefix makes the browser refuse a cookie set by another host or plain http.
    """
    name = "__Host-ballast" if is_secure else "ballast-local"
    return name, f"{name}-form"


def browser() -> Browser:
    """Return the browser that sends this request."""
    return cast(Browser, session._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001 - werkzeug's own door


def recognise() -> None:
    """Before each page: look up who is signed in."""
    if request.endpoint in ("static", "health"):
        return
    here = browser()
    if here.token:
        is_use = request.endpoint not in BY_ITSELF
        here.staff = staff_of(office().database, here.token, office().clock(), is_use=is_use)


def staff_here() -> Staff:
    """Return who is signed in, on pages that nobody reaches otherwise."""
    staff = browser().staff
    if staff is None:
        raise RuntimeError("A page that needs a signed-in person was reached without one. See bot.staff.roles.")
    return staff


def _well_formed(request: Request, name: str) -> str | None:
    value = request.cookies.get(name, "")
    return value if _TOKEN.fullmatch(value) else None


def _put(response: Response, name: str, value: str) -> None:
    lifetime = None if value else 0
    response.set_cookie(
        name, value, max_age=lifetime, path="/", secure=request.is_secure, httponly=True, samesite="Strict"
    )
