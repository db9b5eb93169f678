"""Who may enter: route x role, whole."""

import pytest

from bot.staff.roles import ACCESS, ROLES, STRANGER, may_enter

SIGN_IN, QUEUE = 303, 303  # both are redirects; the places they lead to are compared below
CLINIC = {"reviewer": 200, "lead": 200, "researcher": 403, "admin": 403, STRANGER: SIGN_IN}
STEP = {"reviewer": 303, "lead": 303, "researcher": 403, "admin": 403, STRANGER: SIGN_IN}
EVERYBODY = dict.fromkeys((*ROLES, STRANGER), 200)

TABLE = [
    ("GET", "/healthz", EVERYBODY),
    ("GET", "/static/staff.css", EVERYBODY),
    ("GET", "/sign-in", {**dict.fromkeys(ROLES, QUEUE), STRANGER: 200}),
    ("GET", "/", dict.fromkeys((*ROLES, STRANGER), QUEUE)),
    ("GET", "/flags", CLINIC),
    ("GET", "/flags/{flag}", CLINIC),
    ("GET", "/flags/{flag}/words", STEP),
    ("GET", "/flags/{flag}/claim", STEP),
    ("GET", "/flags/{flag}/resolve", STEP),
    ("POST", "/flags/{flag}/words", CLINIC),
    ("POST", "/flags/{flag}/claim", STEP),
    ("POST", "/flags/{flag}/resolve", {**CLINIC, "reviewer": 422, "lead": 422}),
    ("POST", "/sign-out", dict.fromkeys((*ROLES, STRANGER), SIGN_IN)),
    ("GET", "/nothing", dict.fromkeys((*ROLES, STRANGER), 404)),
]


@pytest.mark.parametrize("role", [*ROLES, STRANGER])
def test_every_route_answers_each_role_as_the_table_says(clinic, role):
    visitor = clinic.browser() if role == STRANGER else clinic.signed_in("rosa", role)
    flag_id = clinic.flag()
    for method, path, expected in TABLE:
        # A refusal page holds the sign-out form, so that every role has a token to send.
        data = {"csrf_token": visitor.token("/flags"), "version": "1"} if method == "POST" else None
        answer = visitor.client.open(path.format(flag=flag_id), method=method, data=data)
        assert (path, answer.status_code) == (path, expected[role])
        if role == STRANGER and answer.status_code == 303:
            assert answer.location.startswith("/sign-in")


@pytest.mark.parametrize(("role", "reason"), [("researcher", "exports"), ("admin", "reviewers and leads")])
def test_refusal_says_why(clinic, role, reason):
    page = clinic.signed_in("rosa", role).get("/flags")
    assert page.status_code == 403
    assert reason in page.text


def test_every_route_is_in_the_access_table_and_the_table_above(clinic):
    assert {rule.endpoint for rule in clinic.app.url_map.iter_rules()} == set(ACCESS)
    adapter = clinic.app.url_map.bind("localhost")
    tried = {adapter.match(path.format(flag="0" * 32), method)[0] for method, path, _ in TABLE if path != "/nothing"}
    assert tried | {"sign_in.submit"} == set(ACCESS)


def test_route_that_is_not_in_the_table_is_open_to_nobody():
    assert not any(may_enter(role, "queue.forgotten") for role in (*ROLES, STRANGER))


@pytest.mark.parametrize("flag_id", ["0" * 32, "1", "../etc/passwd", "x" * 32, "%00", "F" * 32])
def test_unknown_flags_are_not_found(clinic, flag_id):
    visitor = clinic.signed_in()
    assert visitor.get(f"/flags/{flag_id}").status_code == 404
    for step in ("words", "claim", "resolve"):
        fields = {
            "csrf_token": visitor.token("/flags"),
            "version": "1",
            "outcome": "reached_him",
            "note": "spoke",
        }
        assert visitor.client.post(f"/flags/{flag_id}/{step}", data=fields).status_code == 404
