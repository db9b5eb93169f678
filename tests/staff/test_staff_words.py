"""His words: closed until somebody asks, then with what stood around them, and written down who asked."""

from bot.storage.models import Person

CANARY = "invented canary sentence about a bad night"


def test_words_are_masked_until_shown_and_both_are_audited(clinic):
    visitor, flag_id = clinic.signed_in(), clinic.flag_with_words()
    page = visitor.get(f"/flags/{flag_id}").text
    assert CANARY not in page
    assert "says he wants to die" in page
    assert "Show what he wrote" in page
    assert [action for _, action in clinic.actions(flag_id)] == ["flag.open", "flag.view"]
    shown = visitor.step(flag_id, "words").text
    assert CANARY in shown
    assert clinic.actions(flag_id)[-1][1] == "flag.reveal"
    assert CANARY not in visitor.get(f"/flags/{flag_id}").text


def test_nothing_he_wrote_is_logged(clinic, caplog):
    caplog.set_level("DEBUG")
    visitor, flag_id = clinic.signed_in(), clinic.flag_with_words()
    visitor.step(flag_id, "words")
    visitor.step(flag_id, "claim")
    visitor.step(flag_id, "resolve", outcome="reached_him", note="canary of a note")
    logged = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    assert "staff.resolve" in logged
    assert "canary" not in logged
    assert clinic.password not in logged


def test_ten_messages_around_are_shown_in_their_order_and_no_more(clinic):
    visitor, person_id = clinic.signed_in(), clinic.man()
    for minute in range(-8, 9, 2):
        clinic.he_writes(person_id, f"his {minute};", minute) if minute else None
        clinic.ballast_writes(person_id, f"ours {minute + 1};", minute + 1)
    flag_id = clinic.flag(person_id, message_id=clinic.he_writes(person_id))
    page = visitor.step(flag_id, "words").text
    expected = ["ours -5;", "his -4;", "ours -3;", "his -2;", "ours -1;"]
    expected += [CANARY, "ours 1;", "his 2;", "ours 3;", "his 4;", "ours 5;"]
    places = [page.find(words) for words in expected]
    assert -1 not in places
    assert places == sorted(places)
    assert "his -6;" not in page
    assert "his 6;" not in page
    assert page.count("this raised the flag") == 1


def test_words_of_another_man_are_never_shown(clinic):
    visitor = clinic.signed_in()
    foreign = clinic.he_writes(clinic.man(), "words of somebody else")
    flag_id = clinic.flag(message_id=foreign)
    assert "words of somebody else" not in visitor.step(flag_id, "words").text


def test_flag_without_a_message_shows_what_stood_around_its_opening(clinic):
    visitor, person_id = clinic.signed_in(), clinic.man()
    clinic.he_writes(person_id, "an answer before", -1)
    flag_id = clinic.flag(person_id, kind="phq9", level="orange")
    assert "an answer before" in visitor.step(flag_id, "words").text


def test_captions_buttons_and_unsent_answers_are_told_apart(clinic):
    visitor, person_id = clinic.signed_in(), clinic.man()
    clinic.he_writes(person_id, None, -3, caption="words under a picture")
    clinic.he_writes(person_id, None, -2, button="opaque-token")
    clinic.he_writes(person_id, None, -1)
    clinic.ballast_writes(person_id, "our answer", 1, state="undeliverable")
    page = visitor.step(clinic.flag(person_id, message_id=clinic.he_writes(person_id)), "words").text
    for words in ("words under a picture", "pressed a button", "without words", "could not be delivered"):
        assert words in page
    assert "opaque-token" not in page


def test_what_he_wrote_cannot_become_markup(clinic):
    visitor, person_id = clinic.signed_in(), clinic.man()
    message_id = clinic.he_writes(person_id, "<b>bold</b><script>x</script> & {{ 7 * 7 }}")
    page = visitor.step(clinic.flag(person_id, message_id=message_id), "words").text
    assert "&lt;b&gt;bold&lt;/b&gt;&lt;script&gt;" in page
    assert "{{ 7 * 7 }}" in page


def test_tampered_message_cannot_be_opened_and_hides_no_other(clinic):
    visitor, person_id = clinic.signed_in(), clinic.man()
    message_id = clinic.he_writes(person_id, "the damaged one")
    clinic.he_writes(person_id, "the sound one", 1)
    flag_id = clinic.flag(person_id, message_id=message_id)
    clinic.execute(
        "UPDATE inbox SET body_sealed = CAST(substr(body_sealed, 1, 80) || 'x' AS BLOB) WHERE id = :id",
        id=message_id,
    )
    page = visitor.step(flag_id, "words")
    assert page.status_code == 200
    assert "This message cannot be opened" in page.text
    assert "the sound one" in page.text


def test_tampered_reasons_cannot_be_opened_and_the_flag_can_still_be_closed(clinic):
    visitor, flag_id = clinic.signed_in(), clinic.flag_with_words()
    clinic.execute("UPDATE flags SET reasons_sealed = x'0102' WHERE id = :id", id=flag_id)
    page = visitor.get(f"/flags/{flag_id}")
    assert page.status_code == 200
    assert "The reason cannot be opened" in page.text
    assert visitor.step(flag_id, "words").status_code == 200
    visitor.step(flag_id, "claim")
    assert visitor.step(flag_id, "resolve", outcome="not_reached", note="Called twice.").status_code == 303


def test_destroyed_key_shows_cannot_be_opened_and_no_fault(clinic):
    visitor, flag_id = clinic.signed_in(), clinic.flag_with_words()
    visitor.step(flag_id, "claim")
    clinic.execute("DELETE FROM person_keys")
    page = visitor.step(flag_id, "words")
    assert page.status_code == 200
    assert "The reason cannot be opened" in page.text
    answer = visitor.step(flag_id, "resolve", outcome="not_reached", note="Called twice.")
    assert answer.status_code == 409
    assert "key is gone" in answer.text
    with clinic.database.read() as session:
        assert session.query(Person).count() == 1
