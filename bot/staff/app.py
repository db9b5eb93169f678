"""Put the staff app together."""

from __future__ import annotations

import logging
from types import TracebackType

from flask import Flask, Response
from flask_wtf import CSRFProtect
from werkzeug.routing import BaseConverter

from bot.clock import Clock, utc_now
from bot.config import Settings
from bot.logs import log_event
from bot.staff import (
    account,
    accounts,
    alerts,
    coding,
    demo_fill,
    export,
    failures,
    flag,
    frame,
    guard,
    identity,
    levels,
    looking,
    passkey_pages,
    people,
    phrases,
    places,
    plots,
    queue,
    release_review,
    report,
    reviews,
    rota,
    sample,
    security,
    sign_in,
    steps,
    talk,
    timing,
    trend,
    welcome,
    words,
)
from bot.staff.browser import Browsers, recognise
from bot.staff.office import Office, furnish
from bot.storage import Database

logger = logging.getLogger(__name__)


class StaffApp(Flask):
    """Flask that logs a fault by its type only: its own log line would hold the exception's text."""

    def log_exception(
        self,
        exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None],
    ) -> None:
        """Log the kind of fault."""
        kind = exc_info[0].__name__ if exc_info[0] else "unknown"
        log_event(logger, "staff.fault", level=logging.ERROR, error=kind)


class RowId(BaseConverter):
    """The id of a row in an address: 32 hexadecimal digits. Anything else is no page."""

    regex = "[0-9a-f]{32}"


def create_app(settings: Settings, database: Database, clock: Clock = utc_now) -> Flask:
    """Return the staff app, ready to be served.

    Args:
        settings: Where things lie and listen.
        database: Prepared, with its vault; its key ring's web key signs the forms.
        clock: Replaced by tests.
    """
    office = Office(settings, database, clock)
    app = StaffApp(__name__)
    app.config.update(
        SECRET_KEY=office.web_key,
        MAX_CONTENT_LENGTH=security.LARGEST_FORM_BYTES,
        WTF_CSRF_TIME_LIMIT=None,  # a form is good as long as the session that it is derived from
        WTF_CSRF_SSL_STRICT=False,  # it wants a Referer, which our own header forbids; see security.py
    )
    furnish(app.extensions, office)
    app.session_interface = Browsers(office.web_key)
    app.url_map.converters["row_id"] = RowId
    with database.read() as session:
        app.config["IS_DEMO"] = demo_fill.is_demo(session)
    _set_up_protection(app)
    _set_up_pages(app)
    accounts.nobodys_hash()
    return app


def _set_up_protection(app: Flask) -> None:
    timing.install(app)
    # The order counts: transport, who it is, may he enter, whose form it is, and its token last.
    app.before_request(security.refuse_open_transport)
    app.before_request(recognise)
    app.before_request(guard.refuse_strangers)
    app.before_request(guard.ask_again)
    app.before_request(security.refuse_foreign_forms)
    CSRFProtect(app)
    app.after_request(security.add_headers)
    failures.install(app)


def _set_up_pages(app: Flask) -> None:
    app.jinja_env.globals.update(outcomes=phrases.OUTCOME_WORDS)
    app.jinja_env.filters.update(moment=phrases.moment, duration=phrases.duration, level_words=phrases.level_words)
    app.jinja_env.filters.update(local=phrases.local)
    app.jinja_env.tests["unopened"] = lambda value: value is words.UNOPENED
    app.context_processor(frame.frame)
    app.context_processor(alerts.alarm_faults)
    app.register_blueprint(sign_in.blueprint)
    app.register_blueprint(account.blueprint)
    app.register_blueprint(passkey_pages.blueprint)
    app.register_blueprint(welcome.blueprint)
    app.register_blueprint(people.blueprint)
    app.register_blueprint(report.blueprint)
    for room in (coding, release_review, looking, alerts, rota, levels, places, sample, plots):
        app.register_blueprint(room.blueprint)
    for room in (queue, flag, steps, talk, trend, identity, export, reviews):
        app.register_blueprint(room.blueprint)
    app.add_url_rule("/healthz", "health", _health)


def _health() -> Response:
    """Say that the app answers. It touches no data."""
    return Response("ok\n", mimetype="text/plain")
