"""Headers, cookies, form tokens, origins and plain failures."""

import re

import pytest

from bot.errors import StorageError
from bot.staff import links
from bot.staff.roles import may_enter

CSP = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
OUR_SCRIPT = '<script src="/static/htmx.min.js" defer></script>'
HTTPS = {"base_url": "https://staff.example"}


@pytest.mark.parametrize("standing", ["lead", "half", "stranger"])
@pytest.mark.parametrize("base_url", ["http://localhost", "https://staff.example"])
def test_every_route_answers_with_the_headers_and_no_open_cookie(clinic, standing, base_url, quick_passwords):
    fresh = clinic.browsers_of(standing)
    for method, rule in [*clinic.routes(), ("GET", "/nothing"), ("PUT", "/flags"), ("OPTIONS", "/flags")]:
        answer = fresh().client.open(clinic.address_of(rule), method=method, base_url=base_url)
        assert answer.status_code < 500, (method, rule)
        headers = answer.headers
        assert headers["Content-Security-Policy"] == CSP
        assert headers["Cache-Control"] == "no-store"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert ("Strict-Transport-Security" in headers) == base_url.startswith("https")
        for cookie in headers.getlist("Set-Cookie"):
            assert {"HttpOnly", "Path=/", "SameSite=Strict"} <= set(cookie.split("; ")), (method, rule)
            assert "Domain" not in cookie
            assert ("Secure" in cookie) == base_url.startswith("https")


def test_every_form_wants_its_token(clinic, quick_passwords):
    for standing in ("lead", "half", "new"):
        fresh = clinic.browsers_of(standing, name=standing)
        for method, rule in clinic.routes():
            if method == "POST" and may_enter(standing, clinic.routes()[method, rule]):
                address = clinic.address_of(rule, flag_id=clinic.flag())
                for data in ({}, {"csrf_token": "invented"}, {"csrf_token": fresh().token("/nothing")}):
                    answer = fresh().client.post(address, data=data)
                    assert (rule, answer.status_code) == (rule, 400)
                    assert "no longer valid" in answer.text


def test_no_page_holds_inline_script_or_style(clinic):
    visitor, flag_id, other = clinic.signed_in("rosa", "lead"), clinic.flag_with_words(), clinic.account("omar")
    first = links.path_of(links.first_token(clinic.database.vault.keyring.web))
    pages = [clinic.browser().get(path).text for path in ("/sign-in", first)]
    for method, rule in clinic.routes():
        if method == "GET" and "<path" not in rule:
            pages.append(visitor.get(clinic.address_of(rule, flag_id=flag_id, staff_id=other)).text)
    pages.append(visitor.step(flag_id, "words").text)
    pages.append(visitor.post("/people/add", form_on="/people", name="ada", role="lead").text)
    pages.append(visitor.post("/account/recovery", form_on="/account").text)
    whole = [page for page in pages if "<main" in page]
    assert len(whole) > 12
    for page in whole:
        assert not re.search(
            r"<script(?! src=\"/static/[\w.-]+\" defer></script>)|<style|style=|javascript:|\son\w+=", page
        )
        assert '<html lang="en">' in page
        assert 'href="#main"' in page


def test_https_alone_gets_strict_transport_security(clinic):
    headers = clinic.browser().get("/sign-in", **HTTPS).headers
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_plain_http_is_answered_on_this_machine_only(clinic):
    visitor = clinic.browser()
    assert visitor.get("/sign-in", base_url="http://staff.example").status_code == 421
    assert visitor.get("/sign-in", base_url="http://127.0.0.1:8080").status_code == 200
    assert visitor.get("/sign-in", base_url="http://[::1]:8080").status_code == 200
    assert visitor.get("/healthz", base_url="http://staff:8080").text == "ok\n"


@pytest.mark.parametrize(
    ("base_url", "name", "is_secure"),
    [("http://localhost", "ballast-local", False), ("https://staff.example", "__Host-ballast", True)],
)
def test_cookies_are_closed_to_scripts_and_other_sites(clinic, base_url, name, is_secure):
    clinic.account("rosa")
    answers = [clinic.browser().get("/sign-in", base_url=base_url)]
    answers.append(clinic.browser().sign_in("rosa", base_url=base_url))
    assert answers[1].status_code == 303
    for answer, cookie_name in zip(answers, (f"{name}-form", name), strict=True):
        value, *attributes = answer.headers["Set-Cookie"].split("; ")
        assert value.startswith(f"{cookie_name}=")
        assert set(attributes) == {"HttpOnly", "Path=/", "SameSite=Strict"} | ({"Secure"} if is_secure else set())


@pytest.mark.parametrize("token", [None, "", "invented"])
def test_forms_without_their_token_change_nothing(clinic, token):
    visitor, flag_id = clinic.signed_in(), clinic.flag()
    data = {"version": "1"} | ({} if token is None else {"csrf_token": token})
    for path in (
        f"/flags/{flag_id}/claim",
        f"/flags/{flag_id}/words",
        f"/flags/{flag_id}/resolve",
        "/sign-out",
    ):
        answer = visitor.client.post(path, data=data)
        assert (path, answer.status_code) == (path, 400)
        assert "no longer valid" in answer.text
    assert clinic.actions(flag_id) == [("ballast", "flag.open")]
    assert visitor.get("/flags").status_code == 200


def test_token_of_another_session_is_refused(clinic):
    rosa, omar, flag_id = clinic.signed_in("rosa"), clinic.signed_in("omar"), clinic.flag()
    data = {"version": "1", "csrf_token": omar.token("/flags")}
    assert rosa.client.post(f"/flags/{flag_id}/claim", data=data).status_code == 400
    data["csrf_token"] = rosa.token("/flags")
    assert rosa.client.post(f"/flags/{flag_id}/claim", data=data).status_code == 303


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Origin": "http://localhost"}, 303),
        ({"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "null"}, 403),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "http://localhost:9999"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
    ],
)
def test_forms_of_other_sites_are_refused(clinic, headers, status):
    visitor, flag_id = clinic.signed_in(), clinic.flag()
    data = {"version": "1", "csrf_token": visitor.token("/flags")}
    assert visitor.client.post(f"/flags/{flag_id}/claim", data=data, headers=headers).status_code == status


def test_form_that_is_too_large_is_refused(clinic):
    visitor, flag_id = clinic.signed_in(), clinic.flag()
    answer = visitor.step(flag_id, "resolve", outcome="reached_him", note="n" * 70_000)
    assert answer.status_code == 413


@pytest.mark.parametrize("version", ["", "x", "-1", "1e9", "²", "9" * 30])
def test_form_with_a_strange_version_is_refused(clinic, version):
    visitor, flag_id = clinic.signed_in(), clinic.flag()
    assert visitor.step(flag_id, "claim", version=version).status_code == 400


@pytest.mark.parametrize(("fault", "status"), [(StorageError("locked"), 503), (RuntimeError("canary text"), 500)])
def test_faults_get_a_plain_page_and_leave_no_text_in_the_log(clinic, monkeypatch, caplog, fault, status):
    visitor = clinic.signed_in()

    def break_down(*_args, **_options):
        raise fault

    monkeypatch.setattr("bot.staff.queue.open_flags", break_down)
    answer = visitor.get("/flags")
    assert answer.status_code == status
    assert "Nothing was saved" in answer.text
    assert "canary" not in answer.text + caplog.text


def test_health_and_styles_touch_no_data(clinic, monkeypatch):
    visitor = clinic.signed_in()
    monkeypatch.setattr(clinic.database, "read", None)
    monkeypatch.setattr(clinic.database, "write", None)
    assert visitor.get("/healthz").text == "ok\n"
    assert visitor.get("/static/staff.css").status_code == 200
