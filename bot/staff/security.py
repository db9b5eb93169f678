"""What protects every page: headers, the origin of forms, plain http on this machine only.

Source of the headers: OWASP ASVS 5.0, chapter 3 (``docs`` hold the table).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from urllib.parse import urlsplit

from flask import Response, abort, request

from bot.logs import log_event

logger = logging.getLogger(__name__)

LARGEST_FORM_BYTES = 64 * 1024
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
TRANSPORT = "max-age=31536000; includeSubDomains"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def add_headers(response: Response) -> Response:
    """Put the headers on every answer; the one about transport only where it came over https."""
    response.headers.update(HEADERS)
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = TRANSPORT
    return response


def refuse_open_transport() -> None:
    """Refuse plain http to any name but this machine's own.

    A password would cross the network in clear, and a foreign name that points at this machine (rebinding)
    could read pages. A proxy on this machine says ``X-Forwarded-Proto: https``.
    """
    if request.endpoint == "health" or request.is_secure:
        return
    if urlsplit(f"//{request.host}").hostname not in _LOOPBACK:
        abort(421)


def refuse_foreign_forms() -> None:
    """Refuse a form that another site sent, before its token is even looked at."""
    if request.method not in ("GET", "HEAD", "OPTIONS") and not _comes_from_here():
        log_event(logger, "staff.foreign_form", level=logging.WARNING, page=request.endpoint)
        abort(403, "This form came from another site and was not accepted.")


def _comes_from_here() -> bool:
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site not in (None, "same-origin"):
        return False
    if origin == "null":  # what browsers send under our Referrer-Policy; then Sec-Fetch-Site must vouch for it
        return site == "same-origin"
    return origin is None or origin == request.host_url.rstrip("/")
