from __future__ import annotations

from pathlib import Path

import pytest

from bot.config import REGIONS, Settings
from bot.errors import SettingError

TOKEN = "110201543:invented-token-of-nobody"


def settings(**environment):
    return Settings.from_environment(environment)


def test_defaults_suit_one_machine():
    found = settings()
    home = Path("~/.local/share/ballast").expanduser()
    assert found.home == home
    assert found.key_file == home / "ballast.keys"
    assert found.database_url == f"sqlite:///{home / 'ballast.db'}"
    assert (found.staff_host, found.staff_port) == ("127.0.0.1", 8080)
    assert found.rasa_url == "http://127.0.0.1:5005"
    assert found.telegram_token is None
    assert (found.region, found.log_level) == ("us-miami", "INFO")


def test_everything_follows_the_data_folder(tmp_path):
    found = settings(BALLAST_HOME=str(tmp_path))
    assert found.key_file == tmp_path / "ballast.keys"
    assert found.database_url == f"sqlite:///{tmp_path / 'ballast.db'}"
    assert settings(XDG_DATA_HOME=str(tmp_path)).home == tmp_path / "ballast"


def test_what_is_set_counts():
    found = settings(
        KEY_FILE="~/keys",
        DATABASE_URL="postgresql://db/ballast",
        RASA_URL="http://rasa:5005/",
        TELEGRAM_TOKEN=f"  {TOKEN}\n",
        REGION="uk",
        STAFF_PORT="0",
        STAFF_READS_UNTIL="Nobody reads this until Monday 8:00.",
        DIALOGUE_TIMEOUT_SECONDS="30",
        LOG_LEVEL="DEBUG",
    )
    assert found.key_file == Path("~/keys").expanduser()
    assert found.database_url == "postgresql://db/ballast"
    assert found.rasa_url == "http://rasa:5005"
    assert found.telegram_token == TOKEN
    assert (found.region, found.staff_port, found.log_level) == ("uk", 0, "DEBUG")
    assert found.dialogue_timeout_seconds == 30.0
    assert found.staff_reads_until == "Nobody reads this until Monday 8:00."


@pytest.mark.parametrize(
    "name", ["BALLAST_HOME", "KEY_FILE", "DATABASE_URL", "TELEGRAM_TOKEN", "REGION", "STAFF_PORT", "LOG_LEVEL"]
)
def test_an_empty_setting_is_an_unset_one(name):
    assert settings(**{name: ""}) == settings()


@pytest.mark.parametrize(
    "value", ["changeme", "change-me", "CHANGEME", "todo", "TODO", "xxx", "your-token", "Your-Token-Here", " xxx "]
)
def test_a_placeholder_is_refused(value):
    with pytest.raises(SettingError, match=r"TELEGRAM_TOKEN still holds a placeholder\. Put the real value there"):
        settings(TELEGRAM_TOKEN=value)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("TELEGRAM_WEBHOOK_PORT", ["0", "65535"], ["-1", "65536", "x"]),
        ("STAFF_PORT", ["0", "1", "65535"], ["-1", "65536", "1e3", "80.5", " 80", "eighty", "0x50", "²"]),
        ("DIALOGUE_TIMEOUT_SECONDS", ["1", "120"], ["0", "121", "-5", "fast", "1.5"]),
        ("REGION", list(REGIONS), ["fr", "UK", "us_miami", "miami "]),
        ("LOG_LEVEL", ["DEBUG", "INFO", "WARNING", "ERROR"], ["debug", "TRACE", "10", "CRITICAL"]),
        (
            "STAFF_ORIGIN",
            ["https://ballast.example", "https://ballast.example:8443", "http://localhost:8080"],
            [
                "http://ballast.example",
                "https://127.0.0.1",
                "https://[::1]",
                "https://ballast.example/x",
                "ballast.example",
            ],
        ),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(name, good, bad):
    for value in good:
        settings(**{name: value})
    for value in bad:
        with pytest.raises(SettingError, match=rf"{name} is .* It takes (one of|a whole number from|what stands)"):
            settings(**{name: value})


def test_telegram_delivers_to_https_only():
    assert settings().telegram_webhook_url == ""
    assert settings(TELEGRAM_WEBHOOK_URL="https://bot.example/tg").telegram_webhook_url == "https://bot.example/tg"
    for value in ("http://bot.example/tg", "bot.example"):
        with pytest.raises(SettingError, match=r"TELEGRAM_WEBHOOK_URL is .* https://"):
            settings(TELEGRAM_WEBHOOK_URL=value)


def test_settings_show_neither_token_nor_database_password():
    shown = repr(settings(TELEGRAM_TOKEN=TOKEN, DATABASE_URL="postgresql://ballast:pass-phrase@db/x"))
    assert TOKEN not in shown
    assert "pass-phrase" not in shown
    assert "us-miami" in shown


def test_settings_cannot_be_changed_once_read():
    with pytest.raises(AttributeError):
        settings().region = "uk"


def test_the_process_environment_is_read_when_none_is_given(monkeypatch, tmp_path):
    monkeypatch.setenv("BALLAST_HOME", str(tmp_path))
    assert Settings.from_environment().home == tmp_path


@pytest.mark.parametrize(("name", "found"), [("TELEGRAM_TOKEN", "telegram_token"), ("DATABASE_URL", "database_url")])
def test_a_secret_may_stand_in_a_file(tmp_path, name, found):
    file = tmp_path / "secret"
    file.write_text("postgresql://db/from-file\n")
    assert getattr(settings(**{f"{name}_FILE": str(file)}), found) == "postgresql://db/from-file"
    assert getattr(settings(**{f"{name}_FILE": str(file), name: "sqlite:///here"}), found) == "sqlite:///here"


def test_a_secret_file_that_is_not_there_is_refused_without_its_content(tmp_path):
    with pytest.raises(SettingError, match="TELEGRAM_TOKEN_FILE"):
        settings(TELEGRAM_TOKEN_FILE=str(tmp_path / "none"))
    (tmp_path / "todo").write_text("changeme")
    with pytest.raises(SettingError, match="placeholder"):
        settings(TELEGRAM_TOKEN_FILE=str(tmp_path / "todo"))


def test_only_an_address_is_believed_as_proxy():
    assert settings(STAFF_PROXY="10.61.0.2").staff_proxy == "10.61.0.2"
    for wrong in ("*", "edge", "10.61.0.0/24"):
        with pytest.raises(SettingError, match="STAFF_PROXY"):
            settings(STAFF_PROXY=wrong)
