"""What the Telegram process does before it serves."""

import sys

import pytest

from bot.telegram.command import mark_absent


def test_a_module_that_is_not_there_is_not_looked_for_again(monkeypatch):
    monkeypatch.delitem(sys.modules, "no_such_module_of_ours", raising=False)
    mark_absent("no_such_module_of_ours")
    monkeypatch.setattr(sys, "meta_path", None)  # whoever searches now fails otherwise
    with pytest.raises(ModuleNotFoundError):
        __import__("no_such_module_of_ours")
    del sys.modules["no_such_module_of_ours"]


def test_a_module_that_is_there_stays():
    mark_absent("json")
    assert sys.modules["json"] is not None
