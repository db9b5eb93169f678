"""Guesses are slowed down, for the account and for the address, and nobody is locked out for good."""

import pytest

from bot.storage.models import SignInFailure

WRONG = "another invented phrase"


@pytest.fixture
def quick(clinic, quick_passwords):
    """A clinic whose password check takes no time: what is tested is how often it is reached."""
    clinic.account("rosa")
    clinic.account("omar")
    clinic.checks = quick_passwords
    return clinic


def guess(clinic, name="rosa", password=WRONG, address="192.0.2.1"):
    return clinic.browser().sign_in(name, password, environ_overrides={"REMOTE_ADDR": address})


def fail(clinic, times, **options):
    return [guess(clinic, **options).status_code for _ in range(times)]


def test_sixth_try_must_wait_even_with_the_right_password(quick):
    assert fail(quick, 5) == [403] * 5
    answer = guess(quick, password=quick.password)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")
    assert len(quick.checks) == 5
    quick.clock.forward(seconds=30)
    assert guess(quick, password=quick.password).status_code == 303


def test_unknown_name_is_slowed_down_in_the_same_way(quick):
    assert fail(quick, 6, name="nobody") == [403] * 5 + [429]


def test_one_account_is_guarded_against_many_addresses(quick):
    assert [guess(quick, address=f"192.0.2.{n}").status_code for n in range(6)] == [403] * 5 + [429]
    assert guess(quick, name="omar", password=quick.password, address="192.0.2.99").status_code == 303


def test_one_address_is_slowed_down_over_many_names(quick):
    assert [guess(quick, name=f"name{n}").status_code for n in range(6)] == [403] * 5 + [429]
    assert guess(quick, password=quick.password, address="192.0.2.2").status_code == 303


def test_wait_doubles_while_guessing_goes_on_and_ends_by_itself(quick):
    fail(quick, 5)
    waits = []
    for _ in range(4):
        waits.append(int(guess(quick).headers["Retry-After"]))
        quick.clock.forward(seconds=waits[-1])
        assert guess(quick).status_code == 403
    assert waits == [30, 60, 120, 240]
    quick.clock.forward(minutes=15)
    assert guess(quick, password=quick.password).status_code == 303


def test_tries_during_the_wait_do_not_lengthen_it(quick):
    fail(quick, 5)
    assert fail(quick, 20) == [429] * 20
    quick.clock.forward(seconds=30)
    assert guess(quick, password=quick.password).status_code == 303


def test_success_clears_the_account_but_not_the_address(quick):
    fail(quick, 4)
    assert guess(quick, password=quick.password).status_code == 303
    assert fail(quick, 2) == [403, 429]
    assert fail(quick, 2, address="192.0.2.2") == [403, 403]


def test_failures_name_nobody_and_are_forgotten(quick):
    fail(quick, 3)
    with quick.database.read() as session:
        subjects = {row.subject for row in session.query(SignInFailure)}
    assert len(subjects) == 2
    assert all(len(subject) == 64 and "rosa" not in subject for subject in subjects)
    quick.clock.forward(minutes=16)
    fail(quick, 1, name="omar")
    with quick.database.read() as session:
        assert session.query(SignInFailure).count() == 2
