"""A case as a FHIR R4B Bundle: Patient, Flag, QuestionnaireResponse, Observation, Communication.

LOINC: panel 44249-1, total 44261-6, the nine items and their answers as below. Every resource is checked by the
library while it is made. Nothing in it points to an address of ours: references are ``urn:uuid``.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from bot.records.phq9 import ANSWERS, ITEMS
from bot.staff.case_facts import CaseFacts, Contact, FlagFact, Phq9Fact

LOINC = "http://loinc.org"
PANEL, TOTAL = "44249-1", "44261-6"
ITEM_CODES = (
    *("44250-9", "44255-8", "44259-0", "44254-1", "44251-7"),
    *("44258-2", "44252-5", "44253-3", "44260-8"),
)
ANSWER_CODES = ("LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9")
_TERMS = "http://terminology.hl7.org/CodeSystem"
_SURVEY = {"coding": [{"system": f"{_TERMS}/observation-category", "code": "survey", "display": "Survey"}]}
_SAFETY = {"coding": [{"system": f"{_TERMS}/flag-category", "code": "safety", "display": "Safety"}]}
_RESTRICTED = {"security": [{"system": f"{_TERMS}/v3-Confidentiality", "code": "R", "display": "restricted"}]}


def bundle_of(facts: CaseFacts) -> Any:
    """Return the case as a checked ``Bundle`` of the library; ``bundle.json()`` is what goes out."""
    from fhir.resources.R4B.bundle import Bundle  # only who exports a case pays for it

    patient = _uuid(facts.person_id)
    entries = [_patient(facts, patient)]
    entries += [_flag(flag, patient) for flag in facts.flags]
    for number, answered in enumerate(facts.phq9):
        entries += _phq9(answered, patient, f"{facts.person_id}/{number}")
    entries += [_communication(contact, patient) for contact in facts.contacts]
    return Bundle.parse_obj(
        {
            "resourceType": "Bundle",
            "meta": _RESTRICTED,
            "type": "collection",
            "timestamp": facts.made_at,
            "entry": [{"fullUrl": f"urn:uuid:{entry['id']}", "resource": entry} for entry in entries],
        }
    )


def _patient(facts: CaseFacts, patient: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "resourceType": "Patient",
        "id": patient,
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{patient}", "use": "secondary"}],
        "active": True,
    }
    known = facts.identity
    if known.get("name"):
        found["name"] = [{"text": known["name"]}]
    if known.get("phone"):
        found["telecom"] = [{"system": "phone", "value": known["phone"]}]
    if known.get("address"):
        found["address"] = [{"text": known["address"]}]
    if known.get("contact"):
        found["contact"] = [{"name": {"text": known["contact"]}}]
    return found


def _flag(flag: FlagFact, patient: str) -> dict[str, Any]:
    period: dict[str, datetime] = {"start": flag.opened_at}
    if flag.closed_at is not None:
        period["end"] = flag.closed_at
    return {
        "resourceType": "Flag",
        "id": _uuid(flag.id),
        "status": "active" if flag.closed_at is None else "inactive",
        "category": [_SAFETY],
        "code": {"text": f"{flag.words}; {flag.outcome}" if flag.outcome else flag.words},
        "subject": _to(patient),
        "period": period,
    }


def _phq9(answered: Phq9Fact, patient: str, name: str) -> list[dict[str, Any]]:
    """Return the answers as a QuestionnaireResponse, one Observation an item, and the total over them."""
    response = _uuid(f"{name}/response")
    items = [
        _observation(answered.at, patient, _uuid(f"{name}/{code}"), code, text)
        | {"valueCodeableConcept": {"coding": [_answer(value)]}, "derivedFrom": [_to(response)]}
        for code, text, value in zip(ITEM_CODES, ITEMS, answered.answers, strict=True)
    ]
    total = _observation(answered.at, patient, _uuid(f"{name}/total"), TOTAL, "PHQ-9 total score")
    total |= {"valueInteger": answered.total, "derivedFrom": [_to(response)]}
    total["hasMember"] = [_to(item["id"]) for item in items]
    return [_response(answered, patient, response), *items, total]


def _response(answered: Phq9Fact, patient: str, response: str) -> dict[str, Any]:
    items = [
        {"linkId": f"/{code}", "text": text, "answer": [{"valueCoding": _answer(value)}]}
        for code, text, value in zip(ITEM_CODES, ITEMS, answered.answers, strict=True)
    ]
    total = {"linkId": f"/{TOTAL}", "text": "PHQ-9 total score", "answer": [{"valueInteger": answered.total}]}
    return {
        "resourceType": "QuestionnaireResponse",
        "id": response,
        "questionnaire": f"{LOINC}/q/{PANEL}",
        "status": "completed",
        "subject": _to(patient),
        "authored": answered.at,
        "source": _to(patient),
        "item": [*items, total],
    }


def _observation(at: datetime, patient: str, name: str, code: str, text: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": name,
        "status": "final",
        "category": [_SURVEY],
        "code": {"coding": [{"system": LOINC, "code": code}], "text": text},
        "subject": _to(patient),
        "effectiveDateTime": at,
    }


def _communication(contact: Contact, patient: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "resourceType": "Communication",
        "id": _uuid(contact.id),
        "status": "completed" if contact.has_reached else "not-done",
        "category": [{"text": contact.words}],
        "subject": _to(patient),
        "sent": contact.at,
    }
    return found | ({"payload": [{"contentString": contact.text}]} if contact.text else {})


def _answer(value: int) -> dict[str, str]:
    return {"system": LOINC, "code": ANSWER_CODES[value], "display": ANSWERS[value]}


def _to(name: str) -> dict[str, str]:
    return {"reference": f"urn:uuid:{name}"}


def _uuid(name: str) -> str:
    """Return our 32 digits as a UUID; of any other name always the same one."""
    is_ours = len(name) == 32 and "/" not in name
    return str(uuid.UUID(name) if is_ours else uuid.uuid5(uuid.NAMESPACE_OID, name))
