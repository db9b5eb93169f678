"""What is refused leaves a line in the log: who, and which page, never what was sent; leaving leaves nothing behind."""

import json
import logging

import pytest

from bot.logs import SilentFormatter


def lines(caplog):
    return [json.loads(SilentFormatter().format(record)) for record in caplog.records]


def test_a_page_that_a_role_does_not_open(clinic, caplog):
    visitor = clinic.browsers_of("researcher")()
    with caplog.at_level(logging.WARNING):
        assert visitor.get("/flags").status_code == 403
    assert [line["page"] for line in lines(caplog) if line.get("event") == "staff.refused"] == ["queue.index"]


@pytest.mark.parametrize(
    ("headers", "event", "status"),
    [({}, "staff.stale_form", 400), ({"Origin": "https://elsewhere.example"}, "staff.foreign_form", 403)],
)
def test_a_form_without_its_token_or_from_elsewhere(clinic, caplog, headers, event, status):
    visitor = clinic.browsers_of("reviewer")()
    data = {"csrf_token": "canary token", "note": "canary note"}
    with caplog.at_level(logging.WARNING):
        assert visitor.client.post("/account/recovery", data=data, headers=headers).status_code == status
    assert event in [line.get("event") for line in lines(caplog)]
    assert "canary" not in json.dumps(lines(caplog))


def test_signing_out_empties_the_browser(clinic):
    visitor = clinic.browsers_of("reviewer")()
    answer = visitor.client.post("/sign-out", data={"csrf_token": visitor.token("/nothing")})
    assert answer.status_code == 303
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert "Clear-Site-Data" not in clinic.browser().get("/sign-in").headers
