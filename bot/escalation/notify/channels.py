"""The three channels. Each hands one message over, or says in one word why not."""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
import ssl
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

import httpx

from bot.alerts import Alerts, MailServer
from bot.clock import utc_now
from bot.config import Settings
from bot.errors import BallastError
from bot.escalation.notify.words import Notice

WITHIN_SECONDS = 10.0
SIGNATURE = "X-Ballast-Signature"
STAMP = "X-Ballast-Timestamp"
LONGEST_WAIT_SECONDS = 120.0  # what a server that asks for patience gets at the most: a red waits for no server


class NotDeliveredError(BallastError):
    """A notification was not taken.

    Attributes:
        kind: One word for the app's page, such as ``refused`` or ``timeout``.
        wait_seconds: How long the other side asks to wait, or None.
    """

    def __init__(self, kind: str, wait_seconds: float | None = None) -> None:
        super().__init__(f"The notification was not taken: {kind}.")
        self.kind = kind
        self.wait_seconds = wait_seconds


class Channels:
    """Hands notices to the outside. Its methods may be called from several threads at once.

    Args:
        settings: Servers, tokens and the clinic's own addresses.
    """

    def __init__(self, settings: Settings) -> None:
        self._alerts: Alerts = settings.alerts
        self._chat_base = settings.telegram_base_url

    def send(self, channel: str, address: str | None, notice: Notice) -> None:
        """Hand one notice over.

        Args:
            channel: ``mail``, ``chat`` or ``hook``.
            address: A person's mail address or chat; None for the clinic's own.
            notice: What to say.

        Raises:
            NotDeliveredError: It was not taken, or this channel is not set up.
        """
        ways: dict[str, Callable[[str | None, Notice], None]] = {
            "mail": self._mail,
            "chat": self._chat,
            "hook": self._hook,
        }
        if channel not in ways:
            raise NotDeliveredError("unknown_channel")
        ways[channel](address, notice)

    def send_mail(self, to: str, subject: str, text: str, *, message_id: str) -> None:
        """Hand one mail to the server.

        Raises:
            NotDeliveredError: It was not taken.
        """
        server = self._alerts.mail_server
        if server is None or not to:
            raise NotDeliveredError("not_set_up")
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self._alerts.mail_from, to, subject
        mail["Date"], mail["Message-ID"] = format_datetime(utc_now()), f"<{message_id}@ballast>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(text)
        try:
            _hand_to(server, mail)
        except smtplib.SMTPRecipientsRefused:
            raise NotDeliveredError("address_refused") from None
        except smtplib.SMTPAuthenticationError:
            raise NotDeliveredError("sign_in_refused") from None
        except smtplib.SMTPException:
            raise NotDeliveredError("refused") from None
        except TimeoutError:
            raise NotDeliveredError("timeout") from None
        except OSError:
            raise NotDeliveredError("no_connection") from None

    def _mail(self, address: str | None, notice: Notice) -> None:
        self.send_mail(address or self._alerts.mail_to, notice.subject, notice.text, message_id=notice.id)

    def _chat(self, address: str | None, notice: Notice) -> None:
        token, chat_id = self._alerts.chat_token, address or self._alerts.chat_id
        if not token or not chat_id:
            raise NotDeliveredError("not_set_up")
        chat = int(chat_id) if chat_id.lstrip("-").isdecimal() else chat_id
        body = {"chat_id": chat, "text": notice.text, "link_preview_options": {"is_disabled": True}}
        answer = _post(f"{self._chat_base}{token}/sendMessage", json.dumps(body).encode(), {})
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise NotDeliveredError("too_many", _asked_wait(answer))
        _check(answer)

    def _hook(self, _address: str | None, notice: Notice) -> None:
        if not self._alerts.webhook_url:
            raise NotDeliveredError("not_set_up")
        said = {
            "id": notice.id,
            "event": "flag.waits",
            "flag": notice.flag_id,
            "level": notice.level,
            "opened_at": notice.opened_at.isoformat(),
            "due_at": notice.due_at.isoformat(),
            "call": notice.step,
            "link": notice.link,
        }
        body, stamp = json.dumps(said, sort_keys=True).encode(), str(int(time.time()))
        headers = {STAMP: stamp, SIGNATURE: signature(self._alerts.webhook_secret, stamp, body)}
        _check(_post(self._alerts.webhook_url, body, headers))


def signature(secret: str, stamp: str, body: bytes) -> str:
    """Return what the webhook's receiver compares: ``v1=`` and the HMAC-SHA256 of stamp, a dot, and the body."""
    return "v1=" + hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _hand_to(server: MailServer, mail: EmailMessage) -> None:
    context = ssl.create_default_context()
    if server.scheme == "smtps":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=WITHIN_SECONDS, context=context)
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=WITHIN_SECONDS)
    with connection:
        if server.scheme == "smtp" and not server.is_local:
            connection.starttls(context=context)  # raises where the server has none: nothing goes out in clear
        if server.user:
            connection.login(server.user, server.password)
        connection.send_message(mail)


def _post(url: str, body: bytes, headers: dict[str, str]) -> Any:
    """Post JSON; no redirect is followed, no proxy of the environment is used, and no address appears in an error."""
    headers = {"Content-Type": "application/json", **headers}
    try:
        with httpx.Client(timeout=WITHIN_SECONDS, follow_redirects=False, trust_env=False) as client:
            return client.post(url, content=body, headers=headers)
    except httpx.TimeoutException:
        raise NotDeliveredError("timeout") from None
    except (httpx.HTTPError, httpx.InvalidURL):
        raise NotDeliveredError("no_connection") from None


def _check(answer: Any) -> None:
    if not answer.is_success:
        raise NotDeliveredError(f"status_{answer.status_code}")


def _asked_wait(answer: Any) -> float | None:
    try:
        return min(float(answer.json()["parameters"]["retry_after"]), LONGEST_WAIT_SECONDS)
    except (ValueError, KeyError, TypeError):
        return None
