"""A crawler sends every route odd paths, queries, forms, bodies and headers: no server error, no fault logged."""

import random
from datetime import timedelta

import pytest

from bot.consent import RESEARCH, record_answer
from bot.research import register_protocol
from bot.research.reviews import open_sample
from bot.staff.roles import HALF, LEAD, NEW, RESEARCHER, REVIEWER, STRANGER
from bot.storage.models import StaffAccount

pytestmark = pytest.mark.parametrize("clinic", ["sqlite", "postgres"], indirect=True)

INPUTS_A_ROUTE = 5  # of each standing; five standings and about 60 routes make more than 1,000 in all
FIELDS = (
    *("name", "password", "again", "present", "new", "code", "session", "role", "version", "outcome", "note"),
    *(
        "staff",
        "tier",
        "starts_at",
        "ends_at",
        "channel",
        "address",
        "minutes",
        "notifies",
        "zone",
        "from_0",
        "until_0",
    ),
    *(
        "open",
        "closed",
        "id",
        "what",
        "phone",
        "web",
        "source",
        "checked_on",
        "kinds",
        "regions",
        "languages",
        "rating",
    ),
    *("code", "protocol", "size", "part"),
    *("next", "days", "ended", "changed", "csrf_token", "to", "look", "agreed", "answer", "question", "kind", "text"),
    *("message", "verdict", "reason", "phone", "in_order", "words", "accepted", "format", "identity"),
    *("after", "seen", "level", "holder", "show"),
    *("credential",),
)
ODD = (
    *("", " ", "0", "-1", "1", "1e309", "NaN", "9" * 400, "0x10", "²", "١٢٣٤٥٦", "true", "null", "[]", "{}"),
    *("\x00", "a\x00b", "\r\nSet-Cookie: a=b", "\u202e", "\ufeff", "\ufffd", "🙏" * 50, "ß" * 300, "é" * 300),
    *(
        "' OR 1=1 --",
        '"; DROP TABLE flags; --',
        "%",
        "%00",
        "%zz",
        "_",
        "\\",
        "../../etc/passwd",
        "//elsewhere.example",
    ),
    *("<script>alert(1)</script>", "{{ 7 * 7 }}", "${7*7}", "x" * 5_000, "A" * 24, "000000", "T" * 43, "f" * 32),
    *(
        "yes",
        "no",
        "missed",
        "call_missed",
        "fhir",
        "free",
        "closed",
        "lead",
        "reached_him",
        "/flags/" + "0" * 32,
        "/account/password",
        "javascript:alert(1)",
    ),
    *(
        '{"rawId": "AA", "response": {}}',
        '{"rawId": 1, "response": 2}',
        '{"rawId": "é", "response": {"userHandle": "_w"}}',
    ),
)
HEADERS = (
    *("Origin", "Sec-Fetch-Site", "User-Agent", "Accept-Language", "Cookie", "Content-Type", "X-Forwarded-For"),
    *("X-Forwarded-Proto", "Referer", "Range", "If-Modified-Since", "If-None-Match", "Transfer-Encoding"),
)
BODIES = (
    b"",
    b"\xff\xfe\x00",
    b"=&=&&==",
    b"a" * 70_000,
    b'{"code": 1}',
    b"--x\r\nContent-Disposition: form-data",
    b"%",
)
TYPES = (
    "application/x-www-form-urlencoded",
    "application/json",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "",
)


class Crawler:
    """Draws odd requests from a seed, so that whatever fails fails again."""

    def __init__(self, clinic, seed):
        self.clinic = clinic
        self.chance = random.Random(seed)  # noqa: S311 - to be drawn again, not to be secret

    def address(self, rule, ids):
        address = self.clinic.address_of(rule, **ids)
        return address if self.chance.random() < 0.6 else self._odd_address(rule)

    def _odd_address(self, rule):
        parts = [self.odd() if "<" in part else part for part in rule.split("/")]
        return "/".join(parts) or "/"

    def odd(self):
        return self.chance.choice(ODD)

    def options(self, method, token):
        options = {}
        if self.chance.random() < 0.5:
            options["query_string"] = {self.chance.choice(FIELDS): self.odd() for _ in range(3)}
        if self.chance.random() < 0.4:
            value = self.odd().replace("\r", "").replace("\n", "").encode("latin-1", "replace").decode("latin-1")
            options["headers"] = {self.chance.choice(HEADERS): value}
        if method == "POST" and self.chance.random() < 0.15:
            options |= {"data": self.chance.choice(BODIES), "content_type": self.chance.choice(TYPES)}
        elif method == "POST":
            fields = {self.chance.choice(FIELDS): self.odd() for _ in range(self.chance.randint(0, 8))}
            options["data"] = {**fields, "csrf_token": token} if self.chance.random() < 0.9 else fields
        return options


def sample(clinic):
    """Return the id of a sample to review that has a turn."""
    at, person_id = clinic.clock.now, clinic.man()
    clinic.he_writes(person_id, "my wife karen left, may was hard")
    with clinic.database.write() as session:
        expires_at = at + timedelta(days=9)
        register_protocol(session, "IRB-12", purpose="theme paper", expires_at=expires_at, by="ada", at=at)
        record_answer(session, person_id=person_id, kind=RESEARCH, given=True, at=at)
        staff_id = session.query(StaffAccount.id).first()[0]
        return open_sample(session, "IRB-12", 1, staff_id=staff_id, at=at)


@pytest.mark.parametrize("standing", [LEAD, REVIEWER, RESEARCHER, NEW, HALF, STRANGER])
def test_no_odd_input_makes_a_server_error(clinic, standing, quick_passwords, caplog):
    fresh, crawler = clinic.browsers_of(standing), Crawler(clinic, standing)
    ids = {"flag_id": clinic.flag_with_words(), "staff_id": clinic.account("omar"), "review_id": sample(clinic)}
    sent = 0
    for method, rule in sorted(clinic.routes()):
        for _ in range(INPUTS_A_ROUTE):
            visitor = fresh()
            token = visitor.token("/sign-in" if standing == STRANGER else "/nothing")
            address, options = crawler.address(rule, ids), crawler.options(method, token)
            answer = visitor.client.open(address, method=method, **options)
            assert answer.status_code < 500, (method, address, options)
            assert "Content-Security-Policy" in answer.headers
            sent += 1
    assert sent > 200
    assert "staff.fault" not in caplog.text
    assert clinic.browser().get("/sign-in").status_code == 200
