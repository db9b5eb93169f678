"""How long a refused sign-in takes says nothing about whether there is such an account."""

import time
from statistics import median

from bot.staff.accounts import account_that_opens, close_account

PAIRS = 15
MOST_MS = 5.0


def milliseconds(clinic, name):
    begun = time.process_time()  # of every thread; other programs on the machine do not count
    with clinic.database.read() as session:
        assert account_that_opens(session, name, "another invented phrase") is None
    return (time.process_time() - begun) * 1000


def test_known_unknown_and_closed_names_take_the_same_time(clinic):
    clinic.account("rosa")
    closed = clinic.account("omar")
    with clinic.database.write() as session:
        close_account(session, closed, actor="ballast", at=clinic.clock.now)
    for _ in range(2):
        milliseconds(clinic, "rosa")
    # Taken in turns and compared in pairs: what else the machine does then falls on both alike.
    rounds = [[milliseconds(clinic, name) for name in ("rosa", "nobody", "omar")] for _ in range(PAIRS)]
    assert median(known for known, _, _ in rounds) > 20  # the real hash, not a short cut
    for other in (1, 2):
        assert abs(median(taken[0] - taken[other] for taken in rounds)) < MOST_MS
