"""Where alarms go that the clinic as a whole gets, and through which servers. A part of the settings.

All of it may be left out: then the queue page is the only place where a flag is seen, and the app says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from bot.errors import SettingError

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SMTP_PORTS = {"smtps": 465, "smtp": 587}
SHORTEST_SECRET = 16  # characters; it signs what the webhook is handed


@dataclass(frozen=True)
class MailServer:
    """Who takes our mail: TLS from the start (``smtps``), or after STARTTLS unless it is on this machine (``smtp``)."""

    scheme: str
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine, where nothing crosses a network."""
        return self.host in _LOOPBACK


@dataclass(frozen=True)
class Alerts:
    """How staff are told outside the app.

    Attributes:
        mail_server: None: no mail is sent.
        mail_from: Sender of all mail.
        mail_to: The clinic's own mailbox; empty: none.
        head_to: Who gets the audit's head each day; empty: it is only logged.
        webhook_url: Is handed each alarm as signed JSON; empty: none.
        webhook_secret: Key of the signature.
        chat_id: The staff's Telegram chat; empty: none.
        chat_token: Bot that writes there; by default the one that men write to.
    """

    mail_server: MailServer | None = None
    mail_from: str = ""
    mail_to: str = ""
    head_to: str = ""
    webhook_url: str = ""
    webhook_secret: str = field(default="", repr=False)
    chat_id: str = ""
    chat_token: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Alerts:
        """Read the settings that begin with ``ALERT_``.

        Raises:
            SettingError: A value cannot work, or one is missing that another needs.
        """
        found = cls(
            mail_server=_mail_server(env.get("ALERT_SMTP") or ""),
            mail_from=env.get("ALERT_MAIL_FROM") or "",
            mail_to=env.get("ALERT_MAIL_TO") or "",
            head_to=env.get("AUDIT_HEAD_TO") or "",
            webhook_url=env.get("ALERT_WEBHOOK_URL") or "",
            webhook_secret=env.get("ALERT_WEBHOOK_SECRET") or "",
            chat_id=env.get("ALERT_CHAT_ID") or "",
            chat_token=(env.get("ALERT_CHAT_TOKEN") or env.get("TELEGRAM_TOKEN") or "").strip(),
        )
        found.check()
        return found

    def check(self) -> None:
        """Refuse what cannot work together.

        Raises:
            SettingError: Something is missing, or would cross a network in clear.
        """
        if (self.mail_to or self.head_to) and self.mail_server is None:
            raise SettingError("ALERT_MAIL_TO and AUDIT_HEAD_TO need ALERT_SMTP, the server that takes the mail.")
        if self.mail_server is not None and "@" not in self.mail_from:
            raise SettingError("ALERT_MAIL_FROM is missing: the address that alarms are sent from.")
        if self.webhook_url and len(self.webhook_secret) < SHORTEST_SECRET:
            raise SettingError(f"ALERT_WEBHOOK_SECRET is missing or shorter than {SHORTEST_SECRET} characters.")
        parts = urlsplit(self.webhook_url)
        if (
            self.webhook_url
            and parts.scheme != "https"
            and not (parts.scheme == "http" and parts.hostname in _LOOPBACK)
        ):
            raise SettingError("ALERT_WEBHOOK_URL begins with https://, or leads to this machine.")
        if self.chat_id and not self.chat_token:
            raise SettingError("ALERT_CHAT_ID needs ALERT_CHAT_TOKEN or TELEGRAM_TOKEN: the bot that writes there.")

    @property
    def channels(self) -> tuple[str, ...]:
        """The clinic's own channels that are set up."""
        found = (("chat", self.chat_id), ("hook", self.webhook_url), ("mail", self.mail_to))
        return tuple(channel for channel, address in found if address)


def _mail_server(address: str) -> MailServer | None:
    if not address:
        return None
    try:
        parts = urlsplit(address)
        return _parsed(parts)
    except ValueError:
        raise SettingError("ALERT_SMTP is an address such as smtps://user:password@mail.example.org.") from None


def _parsed(parts: SplitResult) -> MailServer:
    if parts.scheme not in _SMTP_PORTS or not parts.hostname:
        raise ValueError
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return MailServer(parts.scheme, parts.hostname, parts.port or _SMTP_PORTS[parts.scheme], user, password)
