"""The settings of alarms: what cannot work, or would cross a network in clear, is refused at the start."""

import pytest

from bot.alerts import Alerts, MailServer
from bot.config import PROJECT, Settings
from bot.errors import SettingError

SECRET = "a secret that is long enough"
MAIL = {"ALERT_SMTP": "smtps://ballast:p%40ss@mail.clinic.example", "ALERT_MAIL_FROM": "ballast@clinic.example"}


def alerts(**environment):
    return Settings.from_environment(environment).alerts


def test_without_settings_no_channel_is_there():
    assert alerts() == Alerts()
    assert alerts().channels == ()


def test_each_channel_that_is_set_up_is_named():
    hook = {"ALERT_WEBHOOK_URL": "https://pager.clinic.example/x", "ALERT_WEBHOOK_SECRET": SECRET}
    chat = {"ALERT_CHAT_ID": "4711", "TELEGRAM_TOKEN": "1:invented"}
    assert alerts(**MAIL, ALERT_MAIL_TO="alarms@clinic.example", **hook, **chat).channels == ("chat", "hook", "mail")
    assert alerts(**MAIL).channels == ()  # staff's own addresses use the server


@pytest.mark.parametrize(
    ("address", "server"),
    [
        ("smtps://mail.example", MailServer("smtps", "mail.example", 465)),
        ("smtp://mail.example", MailServer("smtp", "mail.example", 587)),
        ("smtps://u%40x:p%2Fw@mail.example:2465", MailServer("smtps", "mail.example", 2465, "u@x", "p/w")),
    ],
)
def test_a_mail_server_is_one_address(address, server):
    assert alerts(ALERT_SMTP=address, ALERT_MAIL_FROM="a@b.example").mail_server == server


@pytest.mark.parametrize(
    "wrong",
    [
        {"ALERT_SMTP": "mail.example", "ALERT_MAIL_FROM": "a@b.example"},
        {"ALERT_SMTP": "https://mail.example", "ALERT_MAIL_FROM": "a@b.example"},
        {"ALERT_SMTP": "smtp://mail.example:port", "ALERT_MAIL_FROM": "a@b.example"},
        {"ALERT_SMTP": "smtps://mail.example"},
        {"ALERT_MAIL_TO": "alarms@clinic.example"},
        {"AUDIT_HEAD_TO": "keeper@clinic.example"},
        {"ALERT_WEBHOOK_URL": "https://pager.example"},
        {"ALERT_WEBHOOK_URL": "https://pager.example", "ALERT_WEBHOOK_SECRET": "short"},
        {"ALERT_WEBHOOK_URL": "http://pager.example", "ALERT_WEBHOOK_SECRET": SECRET},
        {"ALERT_WEBHOOK_URL": "ftp://127.0.0.1", "ALERT_WEBHOOK_SECRET": SECRET},
        {"ALERT_CHAT_ID": "4711"},
        {"STAFF_URL": "staff.clinic.example"},
    ],
)
def test_what_cannot_work_is_refused(wrong):
    with pytest.raises(SettingError):
        alerts(**wrong)


def test_no_secret_is_shown():
    hook = {"ALERT_WEBHOOK_URL": "https://pager.example", "ALERT_WEBHOOK_SECRET": SECRET}
    shown = repr(Settings.from_environment({**MAIL, **hook, "ALERT_CHAT_TOKEN": "1:invented"}))
    for secret in ("p@ss", SECRET, "1:invented"):
        assert secret not in shown


def test_links_begin_with_the_staff_apps_address():
    assert Settings.from_environment({}).staff_url == "http://127.0.0.1:8080"
    assert Settings.from_environment({"STAFF_PORT": "9000"}).staff_url == "http://127.0.0.1:9000"
    assert Settings.from_environment({"STAFF_URL": "https://staff.example/"}).staff_url == "https://staff.example"


def test_every_setting_stands_in_the_example():
    text = (PROJECT / ".env.example").read_text(encoding="utf-8")
    names = ("SMTP", "MAIL_FROM", "MAIL_TO", "WEBHOOK_URL", "WEBHOOK_SECRET", "CHAT_ID", "CHAT_TOKEN")
    assert all(f"# ALERT_{name}=" in text for name in names)
    assert "# AUDIT_HEAD_TO=" in text
    assert "# STAFF_URL=" in text
