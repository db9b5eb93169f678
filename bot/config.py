"""Settings, built once from the environment and passed down.

Everything that runs reads the same few variables (see ``.env.example``). Defaults suit one machine: a data folder
outside the checkout that only its owner can read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from bot.alerts import Alerts
from bot.errors import SettingError

PROJECT = Path(__file__).resolve().parent.parent
REGIONS = ("us-miami", "us", "uk", "de", "elsewhere")
PLAIN = "plain"  # the tone of who has not chosen one, and of everybody while a flag of his is open
TONES = ("straight", "dry", PLAIN)
# A name with a letter at the end of it, over https; or this machine.
_ORIGIN = re.compile(r"https://(?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*(?::\d{1,5})?|http://localhost(?::\d{1,5})?")
_PLACEHOLDERS = {"changeme", "change-me", "todo", "xxx", "your-token", "your-token-here"}


@dataclass(frozen=True)
class Settings:
    """Where things lie and how the processes find one another.

    Attributes:
        home: Data folder (0700) with the key file, the database and the staff app's state.
        key_file: Text file (0600 or stricter) with all keys; see ``bot.crypto.keyring``.
        database_url: SQLAlchemy URL.
        rasa_url: Base address of the Rasa server, or several with commas between them.
        telegram_token: BotFather's token, or None where there is no Telegram.
        telegram_base_url: Bot API address, replaced by tests.
        telegram_webhook_url: Public https address that Telegram delivers to; empty: we poll.
        telegram_webhook_host: Address that the webhook listens on, behind a proxy that ends TLS.
        telegram_webhook_port: Port that the webhook listens on.
        region: What numbers and words a man gets until he chooses.
        staff_host: Address that the staff app listens on.
        staff_port: Port that the staff app listens on.
        staff_proxy: Address of the proxy that is believed about https and where somebody comes from.
        staff_url: Address under which staff reach the app; links in alarms begin with it.
        alerts: How staff are told outside the app.
        staff_origin: Address that staff's browsers see, which their passkeys are bound to; empty: localhost.
        staff_reads_until: Out-of-hours sentence shown after a flag, written by the clinic.
        staff_signature: What stands above messages of staff to a man instead of their first name.
        dialogue_timeout_seconds: How long a turn may take before he is told that it is slow.
        check_back_answer_hours: How long he has to answer a check-back before staff are told that he did not.
        log_level: Level of the root logger.
        keys_inline: The text of a key file, for development; used where there is no key file.
        key_service: What opens an encrypted key file; see ``bot.crypto.services``.
        erasure_ledger: Who was erased; replayed after a restore. Best on another disk than the database.
        retention_log_days: How long messages, readings and scores are kept.
        retention_flag_days: How long the content of closed flags is kept.
        retention_silent_days: After how long without a word a man is erased.
        messages_a_minute: How many messages of one man a minute are answered at once; 0 for any number.
        metrics_host: Address that figures and readiness are served on.
        metrics_port: Port of the bot's; Rasa's is one, the staff app's two higher. 0 serves none.
    """

    home: Path
    key_file: Path
    database_url: str = field(repr=False)  # may hold a password
    rasa_url: str
    telegram_token: str | None = field(repr=False)
    telegram_base_url: str
    region: str
    staff_host: str
    staff_port: int
    staff_reads_until: str
    dialogue_timeout_seconds: float
    check_back_answer_hours: int
    log_level: str
    keys_inline: str | None = field(default=None, repr=False)
    key_service: str = ""
    erasure_ledger: Path = Path("erasures.ledger")
    staff_signature: str = ""
    retention_log_days: int = 365
    retention_flag_days: int = 3650
    retention_silent_days: int = 730
    telegram_webhook_url: str = ""
    telegram_webhook_host: str = "127.0.0.1"
    telegram_webhook_port: int = 8090
    staff_proxy: str = "127.0.0.1"
    messages_a_minute: int = 20
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 9464
    staff_url: str = "http://127.0.0.1:8080"
    alerts: Alerts = field(default_factory=Alerts)
    staff_origin: str = ""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings and refuse what cannot work.

        Raises:
            SettingError: A value is a placeholder, of the wrong type or out of range.
        """
        env = os.environ if environ is None else environ
        home = Path(env.get("BALLAST_HOME") or _default_home(env)).expanduser()
        return cls(
            home=home,
            key_file=_key_file(env, home),
            database_url=_secret(env, "DATABASE_URL") or f"sqlite:///{home / 'ballast.db'}",
            rasa_url=(env.get("RASA_URL") or "http://127.0.0.1:5005").rstrip("/"),
            telegram_token=_secret(env, "TELEGRAM_TOKEN"),
            telegram_base_url=env.get("TELEGRAM_BASE_URL") or "https://api.telegram.org/bot",
            region=_choice(env, "REGION", REGIONS, "us-miami"),
            staff_host=env.get("STAFF_HOST") or "127.0.0.1",
            staff_port=_whole(env, "STAFF_PORT", 8080, 0, 65535),
            staff_reads_until=env.get("STAFF_READS_UNTIL") or "",
            staff_signature=env.get("STAFF_SIGNATURE") or "",
            dialogue_timeout_seconds=float(_whole(env, "DIALOGUE_TIMEOUT_SECONDS", 15, 1, 120)),
            check_back_answer_hours=_whole(env, "CHECK_BACK_ANSWER_HOURS", 24, 1, 168),
            log_level=_choice(env, "LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO"),
            keys_inline=_secret(env, "BALLAST_KEYS"),
            key_service=env.get("KEY_SERVICE") or "",
            erasure_ledger=Path(env.get("ERASURE_LEDGER") or home / "erasures.ledger").expanduser(),
            retention_log_days=_whole(env, "RETENTION_LOG_DAYS", 365, 1, 36_500),
            retention_flag_days=_whole(env, "RETENTION_FLAG_DAYS", 3650, 1, 36_500),
            retention_silent_days=_whole(env, "RETENTION_SILENT_DAYS", 730, 1, 36_500),
            telegram_webhook_url=_https(env, "TELEGRAM_WEBHOOK_URL"),
            telegram_webhook_host=env.get("TELEGRAM_WEBHOOK_HOST") or "127.0.0.1",
            telegram_webhook_port=_whole(env, "TELEGRAM_WEBHOOK_PORT", 8090, 0, 65535),
            staff_proxy=_address(env, "STAFF_PROXY", "127.0.0.1"),
            messages_a_minute=_whole(env, "MESSAGES_A_MINUTE", 20, 0, 10_000),
            metrics_host=env.get("METRICS_HOST") or "127.0.0.1",
            metrics_port=_whole(env, "METRICS_PORT", 9464, 0, 65533),
            staff_url=_staff_url(env),
            alerts=Alerts.from_environment(env),
            staff_origin=_origin(env),
        )


def _default_home(env: Mapping[str, str]) -> Path:
    base = env.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base) / "ballast"


def _key_file(env: Mapping[str, str], home: Path) -> Path:
    """Return what KEY_FILE names, else a systemd credential or Docker secret if there is one, else the file at home."""
    if env.get("KEY_FILE"):
        return Path(env["KEY_FILE"]).expanduser()
    credentials = env.get("CREDENTIALS_DIRECTORY")
    mounted = [Path(credentials) / "ballast.keys"] if credentials else []
    found = [path for path in (*mounted, Path("/run/secrets/ballast_keys")) if path.exists()]
    return found[0] if found else home / "ballast.keys"


def _secret(env: Mapping[str, str], name: str) -> str | None:
    """Return what NAME says, or what stands in the file that NAME_FILE names, such as a container's mounted secret."""
    value = env.get(name, "").strip()
    path = env.get(f"{name}_FILE", "")
    if path and not value:
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingError(f"{name}_FILE names {path}, which cannot be read ({type(error).__name__}).") from None
    if value.lower() in _PLACEHOLDERS:
        raise SettingError(f"{name} still holds a placeholder. Put the real value there or remove the line.")
    return value or None


def _https(env: Mapping[str, str], name: str) -> str:
    value = env.get(name) or ""
    if value and not value.startswith("https://"):
        raise SettingError(f"{name} is {value!r}. Telegram delivers to an address that begins with https:// only.")
    return value


def _address(env: Mapping[str, str], name: str, default: str) -> str:
    value = env.get(name) or default
    try:
        return str(ip_address(value))
    except ValueError:
        raise SettingError(f"{name} is {value!r}. It takes one IP address.") from None


def _staff_url(env: Mapping[str, str]) -> str:
    """Return STAFF_URL, or the address on this machine, where links open only for who sits at it."""
    value = env.get("STAFF_URL") or f"http://{env.get('STAFF_HOST') or '127.0.0.1'}:{env.get('STAFF_PORT') or 8080}"
    if not value.startswith(("https://", "http://")) or not value.isascii() or not value.isprintable():
        raise SettingError(
            f"STAFF_URL is {value!r}. It is the address of the staff app, such as https://staff.example.org."
        )
    return value.rstrip("/")


def _origin(env: Mapping[str, str]) -> str:
    """Return STAFF_ORIGIN, else what STAFF_URL says of it; empty where that is a number or has a path."""
    value = (env.get("STAFF_ORIGIN") or "").rstrip("/").lower()
    if not value:
        address = (env.get("STAFF_URL") or "").rstrip("/").lower()
        return address if _ORIGIN.fullmatch(address) else ""
    if not _ORIGIN.fullmatch(value):
        raise SettingError(
            f"STAFF_ORIGIN is {value!r}. It takes what stands before the path in the browser's address, "
            "such as https://ballast.example. A passkey is bound to a name: a number such as 127.0.0.1 has none."
        )
    return value


def _choice(env: Mapping[str, str], name: str, choices: tuple[str, ...], default: str) -> str:
    value = env.get(name) or default
    if value not in choices:
        raise SettingError(f"{name} is {value!r}. It takes one of: {', '.join(choices)}.")
    return value


def _whole(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    raw = env.get(name) or str(default)
    if not raw.isdecimal() or not low <= int(raw) <= high:
        raise SettingError(f"{name} is {raw!r}. It takes a whole number from {low} to {high}.")
    return int(raw)
