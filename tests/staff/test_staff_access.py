"""Who may enter: every route of the app x every standing, whole."""

import pytest

from bot.staff.roles import ACCESS, HALF, NEW, ROLES, STEP_UP, STRANGER, may_enter
from bot.staff.sessions import start_session
from bot.storage.models import SignInFailure, StaffAccount

STANDINGS = (*ROLES, NEW, HALF, STRANGER)
AWAY = dict.fromkeys((NEW, HALF, STRANGER), 303)  # to the step that is still missing
GOAL_OF_AWAY = {NEW: "/account/authenticator", HALF: "/sign-in/code", STRANGER: "/sign-in"}


def everybody(status):
    return dict.fromkeys(STANDINGS, status)


def inside(status, **others):
    return {**dict.fromkeys(ROLES, status), **AWAY, **others}


def clinic_only(status):
    return {"reviewer": status, "lead": status, "researcher": 403, "admin": 403, **AWAY}


def heads_only(status):
    return {"reviewer": 403, "lead": status, "researcher": 403, "admin": status, **AWAY}


def half_only(status):
    return inside(403, half=status)


TABLE = {
    ("GET", "/healthz"): everybody(200),
    ("GET", "/static/<path:filename>"): everybody(200),
    ("GET", "/sign-in"): inside(303, new=200, half=200, stranger=200),
    ("POST", "/sign-in"): everybody(403),  # a wrong password
    ("GET", "/sign-in/code"): half_only(200),
    ("POST", "/sign-in/code"): half_only(403),
    ("POST", "/sign-out"): everybody(303),
    ("GET", "/"): everybody(303),
    ("GET", "/account"): inside(200),
    ("GET", "/account/awake"): inside(200),
    ("GET", "/account/authenticator"): inside(200, new=200),
    ("POST", "/account/authenticator"): inside(422, new=422),
    ("GET", "/account/password"): inside(200),
    ("POST", "/account/password"): inside(403),
    ("GET", "/account/confirm"): inside(200),
    ("POST", "/account/confirm"): inside(403),
    ("POST", "/account/recovery"): inside(200),
    ("POST", "/account/sessions/end"): inside(303),
    ("POST", "/account/sessions/end-all"): inside(303),
    ("GET", "/welcome/<token>"): everybody(404),  # what the right ones open is told in test_staff_welcome
    ("POST", "/welcome/<token>"): everybody(404),
    ("GET", "/people"): heads_only(200),
    ("POST", "/people/add"): heads_only(422),
    ("GET", "/people/<row_id:staff_id>/<any(link, role, close, reopen):step>"): heads_only(303),
    ("POST", "/people/<row_id:staff_id>/link"): heads_only(200),
    ("POST", "/people/<row_id:staff_id>/role"): heads_only(400),
    ("POST", "/people/<row_id:staff_id>/close"): heads_only(303),
    ("POST", "/people/<row_id:staff_id>/reopen"): heads_only(303),
    ("GET", "/report"): {**heads_only(200), "admin": 403},
    ("GET", "/report/looks"): {**heads_only(200), "admin": 403},
    ("GET", "/flags"): clinic_only(200),
    ("GET", "/flags/<row_id:flag_id>"): clinic_only(200),
    ("GET", "/flags/<row_id:flag_id>/<any(words, claim, resolve):step>"): clinic_only(303),
    ("POST", "/flags/<row_id:flag_id>/words"): clinic_only(200),
    ("POST", "/flags/<row_id:flag_id>/claim"): clinic_only(303),
    ("POST", "/flags/<row_id:flag_id>/resolve"): clinic_only(422),
}


def routes_of(app):
    return {
        (method, rule.rule): rule.endpoint
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }


def address_of(rule, flag_id, staff_id):
    given = {
        "<path:filename>": "staff.css",
        "<row_id:flag_id>": flag_id,
        "<row_id:staff_id>": staff_id,
        "<token>": "T" * 43,
        "<any(link, role, close, reopen):step>": "link",
        "<any(words, claim, resolve):step>": "words",
    }
    for part, value in given.items():
        rule = rule.replace(part, value)
    return rule


def stand(clinic, standing):
    """Return a function that gives a fresh browser of this standing, without the cost of a password each time."""
    if standing == STRANGER:
        return clinic.browser
    staff_id = clinic.account("rosa", standing if standing in ROLES else "reviewer")
    at = clinic.clock.now
    with clinic.database.write() as session:
        session.get(StaffAccount, staff_id).totp_nonce = None if standing == NEW else "0" * 32
        session.get(StaffAccount, staff_id).totp_step = None if standing == NEW else 0

    def browser():
        visitor = clinic.browser()
        confirmed_at = at if standing in ROLES else None
        with clinic.database.write() as session:
            token = start_session(session, staff_id=staff_id, at=at, confirmed_at=confirmed_at)
            session.execute(SignInFailure.__table__.delete())  # the throttle has tests of its own
        visitor.client.set_cookie("ballast-local", token)
        return visitor

    return browser


@pytest.mark.parametrize("standing", STANDINGS)
def test_every_route_answers_each_standing_as_the_table_says(clinic, standing, quick_passwords):
    fresh, flag_id, other = stand(clinic, standing), clinic.flag(), clinic.account("omar")
    for (method, rule), expected in TABLE.items():
        visitor = fresh()
        form = visitor.token("/sign-in" if standing == STRANGER else "/nothing")
        data = {"csrf_token": form, "version": "1", "code": "12345", "outcome": ""} if method == "POST" else None
        answer = visitor.client.open(address_of(rule, flag_id, other), method=method, data=data)
        assert (method, rule, answer.status_code) == (method, rule, expected[standing])
        if not may_enter(standing, routes_of(clinic.app)[method, rule]) and standing in GOAL_OF_AWAY:
            assert answer.location.startswith(GOAL_OF_AWAY[standing]), rule


def test_every_route_of_the_app_is_in_the_table_above_and_in_the_table_of_access(clinic):
    routes = routes_of(clinic.app)
    assert set(routes) == set(TABLE)
    assert set(routes.values()) == set(ACCESS)


def test_the_table_above_and_the_table_of_access_say_the_same(clinic):
    for (method, rule), endpoint in routes_of(clinic.app).items():
        for standing in ROLES:
            if (rule, method) not in (
                ("/sign-in", "POST"),
                ("/account/password", "POST"),
                ("/account/confirm", "POST"),
            ):
                assert (TABLE[method, rule][standing] != 403) == may_enter(standing, endpoint), (rule, standing)


def test_whoever_has_a_factor_cannot_set_up_another_with_the_password_alone(clinic):
    visitor = clinic.signed_in("rosa")
    thief = clinic.browser()
    assert thief.sign_in("rosa").location == "/sign-in/code"
    for path in ("/account/authenticator", "/account", "/flags"):
        assert thief.get(path).location.startswith("/sign-in/code")
    data = {"csrf_token": thief.token("/sign-in/code"), "code": "000000"}
    assert thief.client.post("/account/authenticator", data=data).location.startswith("/sign-in/code")
    assert visitor.get("/flags").status_code == 200


@pytest.mark.parametrize("endpoint", sorted(STEP_UP))
def test_what_could_lock_out_wants_the_factor_anew_after_ten_minutes(clinic, endpoint):
    fresh = stand(clinic, "lead")
    visitor = fresh()
    form = visitor.token("/nothing")
    clinic.clock.forward(minutes=10)
    ((method, rule),) = [route for route, found in routes_of(clinic.app).items() if found == endpoint]
    path = address_of(rule, clinic.flag(), clinic.account("omar"))
    answer = visitor.client.open(path, method=method, data={"csrf_token": form} if method == "POST" else None)
    assert answer.status_code == 303
    assert answer.location.startswith("/account/confirm?next=/")
    assert 'name="next"' in visitor.get(answer.location).text  # the goal is one that a confirmation leads back to


@pytest.mark.parametrize(("role", "reason"), [("researcher", "exports"), ("admin", "reviewers and leads")])
def test_refusal_says_why(clinic, role, reason):
    page = clinic.signed_in("rosa", role).get("/flags")
    assert page.status_code == 403
    assert reason in page.text


def test_route_that_is_not_in_the_table_is_open_to_nobody():
    assert not any(may_enter(role, "queue.forgotten") for role in STANDINGS)


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
