"""Plain pages for what goes wrong. None of them holds an exception or a value."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from bot.errors import StorageError
from bot.logs import log_event

logger = logging.getLogger(__name__)

PAGES: Mapping[int, tuple[str, str]] = {
    400: ("That did not work", "The form was incomplete. Go back to the queue and open the flag again."),
    403: (
        "Not accepted",
        "This form came from another site, or would change your own account, and was not accepted.",
    ),
    404: ("Not found", "There is no such page or flag. A link that you were sent works once and for three days."),
    405: ("Not found", "This address cannot be opened that way. Go back to the queue."),
    413: ("Too much text", "What was sent is too large. Shorten it and send it again."),
    421: ("Open it over https", "This app answers over https, or over http on its own machine only."),
    503: (
        "Not available now",
        "The database cannot be read just now. Nothing was saved. Try again in a minute.",
    ),
}
OTHER = (
    "Something went wrong",
    "The fault has been logged, without any of what was on the page. Nothing was saved.",
)
STALE_FORM = "This form is no longer valid. Load the page again and repeat what you did. Nothing was saved."


def install(app: Flask) -> None:
    """Give the app its pages for errors."""
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(StorageError, _no_database)


def _refused(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    if code < 400:
        return error  # a redirect of the router's
    return _page(*PAGES.get(code, OTHER)), code


def _stale_form(_error: CSRFError) -> ResponseReturnValue:
    log_event(logger, "staff.stale_form", level=logging.WARNING, page=request.endpoint)
    return _page("Load the page again", STALE_FORM), 400


def _no_database(error: StorageError) -> ResponseReturnValue:
    log_event(logger, "staff.no_database", level=logging.ERROR, error=type(error).__name__)
    return _page(*PAGES[503]), 503


def _page(title: str, line: str) -> str:
    return render_template("staff/message.html", title=title, lines=[line])
