"""Who may enter: every route of the app x every standing, whole."""

import pytest

from bot.staff.roles import ACCESS, HALF, NEW, ROLES, STEP_UP, STRANGER, may_enter

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


def lead_only(status):
    return {**heads_only(status), "admin": 403}


def researchers_only(status):
    return {"reviewer": 403, "lead": 403, "researcher": status, "admin": 403, **AWAY}


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
    ("GET", "/sign-in/passkey"): inside(303, new=200, half=200, stranger=200),
    ("POST", "/sign-in/passkey"): everybody(403),  # no passkey of anybody's
    ("POST", "/sign-in/code/passkey"): half_only(403),
    ("POST", "/account/confirm/passkey"): inside(403),
    ("GET", "/account/passkeys"): inside(200, new=200),
    ("POST", "/account/passkeys"): inside(422, new=422),
    ("GET", "/account/passkeys/<row_id:passkey_id>/<any(rename, remove):step>"): inside(303),
    ("POST", "/account/passkeys/<row_id:passkey_id>/rename"): inside(404),
    ("POST", "/account/passkeys/<row_id:passkey_id>/remove"): inside(404),
    ("POST", "/account/sessions/end"): inside(400),
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
    ("GET", "/report/in-time.svg"): lead_only(200),
    ("GET", "/report/medians.svg"): lead_only(200),
    ("GET", "/alerts"): clinic_only(200),
    ("GET", "/alerts/<row_id:flag_id>"): clinic_only(200),
    ("GET", "/rota"): clinic_only(200),
    ("POST", "/rota/ways"): clinic_only(303),
    ("GET", "/rota/<any(add, ways):step>"): clinic_only(303),
    ("POST", "/rota/add"): lead_only(422),
    ("POST", "/rota/<row_id:shift_id>/remove"): lead_only(404),
    ("GET", "/levels"): lead_only(200),
    ("POST", "/levels/<any(red, orange, yellow):level>"): lead_only(422),
    ("POST", "/levels/hours"): lead_only(422),
    ("GET", "/levels/<any(red, orange, yellow, hours):step>"): lead_only(303),
    ("GET", "/directory"): lead_only(200),
    ("GET", "/directory/new"): lead_only(200),
    ("POST", "/directory/new"): lead_only(422),
    ("GET", "/directory/entry/<entry_id>"): lead_only(200),
    ("POST", "/directory/entry/<entry_id>"): lead_only(422),
    ("POST", "/directory/entry/<entry_id>/<any(withdraw, undo):step>"): lead_only(303),
    ("GET", "/directory/entry/<entry_id>/<any(withdraw, undo):step>"): lead_only(303),
    ("GET", "/sample"): lead_only(200),
    ("GET", "/sample/missed.svg"): lead_only(200),
    ("POST", "/sample/next"): lead_only(303),
    ("GET", "/sample/next"): lead_only(303),
    ("POST", "/sample/<row_id:sample_id>/rate"): lead_only(303),
    ("GET", "/sample/<row_id:sample_id>/rate"): lead_only(303),
    ("GET", "/coding"): researchers_only(200),
    ("POST", "/coding"): researchers_only(422),
    ("GET", "/coding/<row_id:round_id>"): researchers_only(404),  # what a round shows is told in test_staff_coding
    ("POST", "/coding/<row_id:round_id>"): researchers_only(404),
    ("GET", "/coding/<row_id:round_id>/next"): researchers_only(404),
    ("GET", "/coding/<row_id:round_id>/<int(max=9999):number>"): researchers_only(404),
    ("POST", "/coding/<row_id:round_id>/<int(max=9999):number>"): researchers_only(404),
    ("GET", "/coding/<row_id:round_id>/differences"): researchers_only(404),
    ("GET", "/release-review"): researchers_only(200),
    ("POST", "/release-review"): researchers_only(422),
    ("GET", "/release-review/<row_id:review_id>"): researchers_only(
        404
    ),  # what a sample shows is told in test_staff_release_review
    ("GET", "/release-review/<row_id:review_id>/next"): researchers_only(404),
    ("GET", "/release-review/<row_id:review_id>/<int(max=9999):number>"): researchers_only(404),
    ("POST", "/release-review/<row_id:review_id>/<int(max=9999):number>"): researchers_only(404),
    ("POST", "/release-review/<row_id:review_id>/<int(max=9999):number>/missed"): researchers_only(404),
    ("POST", "/release-review/<row_id:review_id>/<int(max=9999):number>/words"): researchers_only(404),
    ("POST", "/release-review/<row_id:review_id>/<int(max=9999):number>/wrong"): researchers_only(404),
    (
        "GET",
        "/release-review/<row_id:review_id>/<int(max=9999):number>/<any(missed, words, wrong):step>",
    ): researchers_only(303),
    ("GET", "/looking"): researchers_only(200),
    ("GET", "/looking/report.pdf"): researchers_only(404),  # no protocol is open
    ("GET", "/flags"): clinic_only(200),
    ("GET", "/flags/live"): {
        **clinic_only(200),
        NEW: 303,
        HALF: 303,
        STRANGER: 286,
    },  # tells an open page to stop asking
    ("GET", "/flags/next"): clinic_only(303),
    ("GET", "/flags/<row_id:flag_id>"): clinic_only(200),
    ("GET", "/flags/<row_id:flag_id>/<any(words, claim, resolve):step>"): clinic_only(303),
    ("POST", "/flags/<row_id:flag_id>/words"): clinic_only(200),
    ("POST", "/flags/<row_id:flag_id>/claim"): clinic_only(303),
    ("POST", "/flags/<row_id:flag_id>/resolve"): clinic_only(422),
    ("POST", "/alerts/<row_id:flag_id>"): clinic_only(409),  # it was taken above
    ("GET", "/flags/<row_id:flag_id>/<any('hand-over'):step>"): clinic_only(303),
    ("GET", "/flags/<row_id:flag_id>/<any(note, second, answer, mark):step>"): clinic_only(303),
    ("POST", "/flags/<row_id:flag_id>/hand-over"): clinic_only(422),
    ("POST", "/flags/<row_id:flag_id>/second"): clinic_only(422),
    ("POST", "/flags/<row_id:flag_id>/answer"): clinic_only(400),
    ("POST", "/flags/<row_id:flag_id>/note"): clinic_only(400),
    ("POST", "/flags/<row_id:flag_id>/mark"): clinic_only(422),
    ("GET", "/flags/<row_id:flag_id>/talk/live"): {**clinic_only(200), NEW: 303, HALF: 303, STRANGER: 286},
    ("GET", "/flags/<row_id:flag_id>/talk/<any(write, leave):step>"): clinic_only(303),
    ("POST", "/flags/<row_id:flag_id>/talk/write"): clinic_only(422),
    ("POST", "/flags/<row_id:flag_id>/talk/leave"): clinic_only(303),
    ("GET", "/flags/<row_id:flag_id>/trend/<any(phq9, mood):scale>.svg"): clinic_only(404),  # he has no scores
    ("GET", "/flags/<row_id:flag_id>/identity"): clinic_only(200),
    ("POST", "/flags/<row_id:flag_id>/identity/open"): clinic_only(422),
    ("POST", "/flags/<row_id:flag_id>/identity/keep"): clinic_only(409),  # the ten minutes were never opened
    ("GET", "/flags/<row_id:flag_id>/identity/<any(open, keep):step>"): clinic_only(303),
    ("GET", "/flags/<row_id:flag_id>/export"): clinic_only(200),
    ("POST", "/flags/<row_id:flag_id>/export/ask"): clinic_only(303),
    ("POST", "/flags/<row_id:flag_id>/export/file"): clinic_only(400),
    ("GET", "/flags/<row_id:flag_id>/export/<any(ask, file):step>"): clinic_only(303),
    ("GET", "/reviews"): lead_only(200),
    ("POST", "/reviews/identity/<row_id:look_id>"): lead_only(400),
    ("POST", "/reviews/candidate/<row_id:candidate_id>"): lead_only(400),
    ("GET", "/reviews/candidates.jsonl"): lead_only(200),
    ("GET", "/reviews/<any(identity, candidate):kind>/<row_id:row_id>"): lead_only(303),
    ("POST", "/flags/next"): clinic_only(303),
}


@pytest.mark.parametrize("standing", STANDINGS)
def test_every_route_answers_each_standing_as_the_table_says(clinic, standing, quick_passwords):
    fresh, flag_id, other = clinic.browsers_of(standing), clinic.flag(), clinic.account("omar")
    for (method, rule), expected in TABLE.items():
        visitor = fresh()
        form = visitor.token("/sign-in" if standing == STRANGER else "/nothing")
        data = {"csrf_token": form, "version": "1", "code": "12345", "outcome": ""} if method == "POST" else None
        answer = visitor.client.open(clinic.address_of(rule, flag_id=flag_id, staff_id=other), method=method, data=data)
        assert (method, rule, answer.status_code) == (method, rule, expected[standing])
        is_away = answer.status_code == 303 and standing in GOAL_OF_AWAY
        if is_away and not may_enter(standing, clinic.routes()[method, rule]):
            assert answer.location.startswith(GOAL_OF_AWAY[standing]), rule


def test_every_route_of_the_app_is_in_the_table_above_and_in_the_table_of_access(clinic):
    routes = clinic.routes()
    assert set(routes) == set(TABLE)
    assert set(routes.values()) == set(ACCESS)


def test_the_table_above_and_the_table_of_access_say_the_same(clinic):
    for (method, rule), endpoint in clinic.routes().items():
        for standing in ROLES:
            if (rule, method) not in (
                ("/sign-in", "POST"),
                ("/account/password", "POST"),
                ("/account/confirm", "POST"),
                ("/sign-in/passkey", "POST"),
                ("/account/confirm/passkey", "POST"),
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
    fresh = clinic.browsers_of("lead" if may_enter("lead", endpoint) else "researcher")
    visitor = fresh()
    form = visitor.token("/nothing")
    clinic.clock.forward(minutes=10)
    ((method, rule),) = [route for route, found in clinic.routes().items() if found == endpoint]
    path = clinic.address_of(rule, flag_id=clinic.flag(), staff_id=clinic.account("omar"))
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
