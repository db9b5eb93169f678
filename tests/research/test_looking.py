"""Figures over men: counted right, and silent about few."""

from __future__ import annotations

from datetime import timedelta

import pypdfium2
import pytest

from bot.config import Settings
from bot.records import keep_score
from bot.research import ProtocolError, told
from bot.research.command import main
from bot.research.counting import HIDDEN
from bot.research.looking import look
from bot.research.report import NO_EFFICACY, ReportError, sections, write_report

ONLY = "sqlite"


def reading(*codes, intent="hiding_it"):
    return {"intent": intent, "codes": [{"id": code, "score": 0.8} for code in codes]}


@pytest.fixture
def men(house):
    """Make men who each say one thing with these codes."""

    def make(count, *codes, intent="hiding_it", days=0):
        made = [house.man() for _ in range(count)]
        for man in made:
            house.says(man, "words", reading=reading(*codes, intent=intent))
            if days:
                house.says(man, "more words", reading=reading(), after=timedelta(days=days))
        return made

    return make


@pytest.fixture
def found(house, database, clock):
    def over(protocol="IRB-12"):
        with database.read() as session:
            return look(session, protocol, at=clock())

    return over


def scored(house, man, *totals):
    for number, total in enumerate(totals):
        with house.database.write() as session:
            at = house.start + timedelta(days=14 * number)
            keep_score(session, person_id=man, kind="phq9", body={"total": total}, message_id=None, at=at)


def test_a_code_counts_once_a_man_and_few_men_are_hidden(house, men, found):
    for man in men(12, "hiding_it", "work_stigma"):
        house.says(man, "again", reading=reading("hiding_it"), after=timedelta(hours=1))
    men(9, "intimacy")
    seen = found()
    assert (seen.men, seen.turns) == (21, 33)
    assert seen.prevalence["hiding_it"] is None  # all but nine have it
    assert seen.prevalence["intimacy"] is None
    men(10, "mens_group")
    seen = found()
    assert (seen.prevalence["hiding_it"].hits, seen.prevalence["hiding_it"].count) == (10, 30)
    assert seen.prevalence["intimacy"] is None
    assert seen.pairs == [("hiding_it", "work_stigma", seen.prevalence["hiding_it"])]


def test_who_did_not_agree_is_not_counted(house, men, found):
    men(10, "hiding_it")
    stranger = house.man(consents=False)
    house.says(stranger, "words", reading=reading("hiding_it"))
    assert found().men == 10
    with pytest.raises(ProtocolError):
        found("none")


def test_months_tell_men_and_themes(house, men, found):
    for man in men(10, "hiding_it"):
        house.says(man, "later", reading=reading("intimacy"), after=timedelta(days=31))
    men(10)
    lone = house.man()
    house.says(lone, "words", reading=reading("intimacy"), after=timedelta(days=62))
    months = found().months
    assert set(months) == {"2026-03", "2026-04", "2026-05"}
    men_in_march, shares = months["2026-03"]
    assert (men_in_march, shares["attitudes"].value, shares["relationship"]) == (20, 0.5, None)
    assert months["2026-04"] == (10, dict.fromkeys(shares))  # all of them said it: known of each, so hidden
    assert months["2026-05"] is None


def test_who_began_a_flow_and_who_finished_it(house, men, found):
    began = men(24, intent="phq9")
    for man in began[:12]:
        scored(house, man, 9)
    begun, share = found().flows["phq9"]
    assert (begun, share.hits, share.count) == (25, 10, 25)
    assert found().flows["safety_plan"] is None


def test_staying_is_told_in_parts_that_hide_one_another(house, men, found):
    men(15)
    men(14, days=3)
    men(2, days=40)
    assert found().stays == {"one day": "15", "2 to 7 days": "hidden", "8 to 28 days": HIDDEN, "longer": HIDDEN}


def test_phq9_is_told_of_ten_men_or_more_with_two_and_never_as_efficacy(house, men, found):
    made = men(12)
    for man in made[:9]:
        scored(house, man, 18, 10)
    scored(house, made[9], 5)  # one only
    assert found().change is None
    for man in made[10:]:
        scored(house, man, 10, 5, 10)
    change = found().change
    assert change.men == 10
    assert change.first == pytest.approx((9 * 18 + 2 * 10) / 11)
    mean, low, high = change.change
    assert mean == pytest.approx(-72 / 11)
    assert -8 <= low <= mean <= high <= 0
    assert set(change.parts.values()) <= {HIDDEN, "hidden", "10"}
    parts = {part.title: part for part in sections(found())}
    assert NO_EFFICACY in parts["PHQ-9, first and last"].notes


def test_a_damaged_reading_is_left_out(house, men, found, execute):
    men(10, "hiding_it")
    execute("UPDATE turns SET reading_sealed = zeroblob(200) WHERE rowid = 1")
    assert found().men == 9


def test_nobody_at_all_is_told_without_a_number(found):
    seen = found()
    assert seen.men == 0
    told = [cell for part in sections(seen) for row in part.rows for cell in row[1:]]
    assert not any(character.isdigit() and cell != HIDDEN for cell in told for character in cell)


def test_the_report_is_html_and_pdf_with_tables_beside_its_plots(house, men, found, clock, tmp_path):
    men(12, "hiding_it")
    men(12, "intimacy")
    write_report(tmp_path / "report", sections(found()), title="Ballast: IRB-12", made_at=clock())
    page = (tmp_path / "report" / "report.html").read_text()
    assert '<th scope="row">hiding_it</th><td>attitudes</td><td>40.0 % (' in page  # 10 of 25, rounded
    assert page.count("<img") == page.count("alt=") == 1
    assert 'src="data:image/png;base64,' in page
    assert "http" not in page
    document = pypdfium2.PdfDocument(tmp_path / "report" / "report.pdf")
    words = "".join(one.get_textpage().get_text_range() for one in document)
    document.close()
    assert "hiding_it" in words
    assert "no measure of efficacy" in words.replace("\r\n", " ")
    with pytest.raises(ReportError, match="there already"):
        write_report(tmp_path / "report", [], title="x", made_at=clock())
    with pytest.raises(ReportError, match="cannot be made"):
        write_report(tmp_path / "none" / "report", [], title="x", made_at=clock())


def test_a_report_that_fails_leaves_nothing_behind(found, clock, tmp_path, monkeypatch):
    def broken(*_args, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr("bot.research.report.as_pdf", broken)
    with pytest.raises(KeyboardInterrupt):
        write_report(tmp_path / "report", sections(found()), title="x", made_at=clock())
    assert not list(tmp_path.glob("*report*"))


def test_the_command_writes_the_report_and_refuses_what_it_cannot(house, men, database, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(told, "utc_now", lambda: house.start + timedelta(days=40))
    men(10, "hiding_it")
    arguments = ["report", "--protocol", "IRB-12", "--out", str(tmp_path / "report")]
    assert main(arguments, Settings.from_environment({}), lambda: database) == 0
    assert {path.name for path in (tmp_path / "report").iterdir()} == {"report.html", "report.pdf"}
    assert (tmp_path / "report").stat().st_mode & 0o777 == 0o700
    capsys.readouterr()
    for odd in (arguments, ["report", "--protocol", "none", "--out", str(tmp_path / "other")]):
        assert main(odd, Settings.from_environment({}), lambda: database) == 1
        assert capsys.readouterr().err.count("\n") == 1
