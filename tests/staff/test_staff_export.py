"""A case leaves the house with his consent only: as FHIR that the library reads back, as a table, as a sheet."""

import csv
import io
import json

import pypdfium2
import pytest
from fhir.resources.R4B.bundle import Bundle

from bot.consent import SHARE, record_answer
from bot.records import keep_score
from bot.storage.models import OutboxMessage, Person

pytestmark = pytest.mark.usefixtures("quick_passwords")  # the real ones have tests of their own

NOTE = "=Rang, he is with his brother."
NAME = "Invented Canaryman"


@pytest.fixture
def case(clinic):
    """A visitor, and a man with two flags, a PHQ-9, a call and an internal note; returns visitor, flag, man."""
    visitor, person_id = clinic.signed_in("rosa"), clinic.man()
    message = clinic.he_writes(person_id)
    flag_id, at = clinic.flag(person_id, message_id=message), clinic.clock.now
    clinic.flag(person_id, level="yellow", kind="person")
    with clinic.database.write() as session:
        body = {"answers": [3, 2, 1, 0, 3, 2, 1, 0, 2], "total": 14}
        keep_score(session, person_id=person_id, kind="phq9", body=body, message_id=None, at=at)
    visitor.step(flag_id, "claim")
    visitor.step(flag_id, "note", kind="call_missed", text=NOTE)
    visitor.step(flag_id, "note", kind="note", text="internal thoughts")
    return visitor, flag_id, person_id


def agree(clinic, person_id, given=True):
    with clinic.database.write() as session:
        record_answer(session, person_id=person_id, kind=SHARE, given=given, at=clinic.clock.now)


def file_of(visitor, flag_id, kind, **fields):
    path = f"/flags/{flag_id}/export"
    return visitor.post(f"{path}/file", form_on=path, format=kind, **fields)


def resources(answer):
    found = {}
    for entry in Bundle.parse_raw(answer.data).entry:
        found.setdefault(entry.resource.resource_type, []).append(entry.resource)
    return found


@pytest.mark.parametrize("kind", ["fhir", "csv", "pdf"])
def test_without_his_consent_nothing_is_made(clinic, case, kind):
    visitor, flag_id, person_id = case
    assert file_of(visitor, flag_id, kind).status_code == 409
    agree(clinic, person_id)
    assert file_of(visitor, flag_id, kind).status_code == 200
    agree(clinic, person_id, given=False)
    assert file_of(visitor, flag_id, kind).status_code == 409
    exports = [action for _, action in clinic.actions(flag_id) if action.startswith("flag.export")]
    assert exports == [f"flag.export.{kind}"]


def test_bundle_reads_back_and_says_what_there_is(clinic, case):
    visitor, flag_id, person_id = case
    agree(clinic, person_id)
    answer = file_of(visitor, flag_id, "fhir")
    assert answer.mimetype == "application/fhir+json"
    found = resources(answer)
    assert {kind: len(rows) for kind, rows in found.items()} == {
        "Patient": 1, "Flag": 2, "QuestionnaireResponse": 1, "Observation": 10, "Communication": 1,
    }  # fmt: skip
    (patient,) = found["Patient"]
    assert patient.name is None
    reds = [flag for flag in found["Flag"] if flag.code.text.startswith("Red")]
    assert [flag.status for flag in reds] == ["active"]
    assert all(flag.subject.reference == f"urn:uuid:{patient.id}" for flag in found["Flag"])
    (response,) = found["QuestionnaireResponse"]
    assert response.questionnaire == "http://loinc.org/q/44249-1"
    assert [item.answer[0].valueCoding.code for item in response.item[:3]] == ["LA6571-9", "LA6570-1", "LA6569-3"]
    total = next(one for one in found["Observation"] if one.code.coding[0].code == "44261-6")
    assert total.valueInteger == 14
    members = {reference.reference for reference in total.hasMember}
    assert members == {f"urn:uuid:{one.id}" for one in found["Observation"] if one is not total}
    (call,) = found["Communication"]
    assert (call.status, call.payload[0].contentString) == ("not-done", NOTE)


def test_every_reference_leads_to_a_resource_in_the_bundle(clinic, case):
    visitor, flag_id, person_id = case
    agree(clinic, person_id)
    raw = file_of(visitor, flag_id, "fhir").text
    names = [entry["fullUrl"] for entry in json.loads(raw)["entry"]]
    assert len(set(names)) == len(names)
    references = {part.split('"')[0] for part in raw.split('"reference": "')[1:]}
    assert references
    assert references <= set(names)


@pytest.mark.parametrize("kind", ["fhir", "csv", "pdf"])
def test_neither_his_words_nor_internal_notes_go_out(clinic, case, kind):
    visitor, flag_id, person_id = case
    agree(clinic, person_id)
    data = file_of(visitor, flag_id, kind).data
    text = text_of_pdf(data) if kind == "pdf" else data.decode()
    assert "Canaryman" not in text
    assert clinic.his_words not in text
    assert "internal thoughts" not in text
    assert "he is with his brother" in " ".join(text.split())


def test_who_he_is_goes_only_while_it_is_open_for_this_reader(clinic, case):
    visitor, flag_id, person_id = case
    agree(clinic, person_id)
    assert file_of(visitor, flag_id, "fhir", identity="yes").status_code == 409
    path = f"/flags/{flag_id}/identity"
    visitor.post(f"{path}/open", form_on=path, reason="The ward wants his name.")
    visitor.post(f"{path}/keep", form_on=path, name=NAME, phone="305 555 0142")
    assert resources(file_of(visitor, flag_id, "fhir"))["Patient"][0].name is None
    (patient,) = resources(file_of(visitor, flag_id, "fhir", identity="yes"))["Patient"]
    assert (patient.name[0].text, patient.telecom[0].value) == (NAME, "305 555 0142")
    assert NAME in file_of(visitor, flag_id, "csv", identity="yes").text
    assert NAME in text_of_pdf(file_of(visitor, flag_id, "pdf", identity="yes").data)
    assert "flag.export.fhir.named" in [action for _, action in clinic.actions(flag_id)]


def test_table_has_a_row_a_fact_and_no_formula(clinic, case):
    visitor, flag_id, person_id = case
    agree(clinic, person_id)
    data = file_of(visitor, flag_id, "csv").data
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert [row["what"] for row in rows] == ["flag"] * 2 + ["phq9 item"] * 9 + ["phq9 total", "contact"]
    assert rows[-1]["value"] == f"'{NOTE}"


def test_sheet_names_flags_scores_and_contacts(clinic, case):
    visitor, flag_id, person_id = case
    agree(clinic, person_id)
    text = text_of_pdf(file_of(visitor, flag_id, "pdf").data)
    for words in ("Case sheet", "Red: Wrote about suicide", "14 of 27", "Called him, no answer", person_id[:8]):
        assert words in " ".join(text.split())


def test_case_with_a_part_that_cannot_be_opened_is_not_made(clinic, case):
    visitor, flag_id, person_id = case
    agree(clinic, person_id)
    clinic.execute("UPDATE records SET body_sealed = :blob", blob=bytes(200))
    answer = file_of(visitor, flag_id, "fhir")
    assert answer.status_code == 409
    assert "silent gap" in answer.text


def test_man_is_asked_through_the_bot_once_a_click(clinic, case):
    visitor, flag_id, person_id = case
    path = f"/flags/{flag_id}/export"
    assert visitor.post(f"{path}/ask", form_on=path).status_code == 303
    with clinic.database.read() as session:
        (row,) = session.query(OutboxMessage).filter_by(person_id=person_id, lane="staff")
        assert [button["label"] for button in row.body.reveal()["buttons"]] == ["Yes, they may", "No, keep it here"]
    with clinic.database.write() as session:
        session.get(Person, person_id).unreachable_at = clinic.clock.now
    assert visitor.post(f"{path}/ask", form_on=path).status_code == 409


def test_odd_formats_are_refused(clinic, case):
    visitor, flag_id, _ = case
    assert file_of(visitor, flag_id, "exe").status_code == 400


def text_of_pdf(data):
    document = pypdfium2.PdfDocument(data)
    return "\n".join(page.get_textpage().get_text_range() for page in document)
