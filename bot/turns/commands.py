"""Commands and buttons that the gate's process answers itself, so that they work while Rasa does not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from bot.config import REGIONS, Settings
from bot.consent import RESEARCH, SHARE, record_answer
from bot.content import Wish, label, say, wished_time
from bot.escalation import follow_ups, open_flag
from bot.escalation.flags import YELLOW
from bot.escalation.hours import staff_sentence
from bot.storage.models import InboxMessage, Person
from bot.turns import about_him, appointments, nearby, outbox, preferences
from bot.turns.asking import Answer
from bot.turns.his_data import FILES, PAGE, told_plainly
from bot.turns.messages import Reply, ReplyButton
from bot.turns.people import settings_of
from bot.turns.reminders import CHECK_IN

# Commands that are a shorter way to say something to the dialogue.
TO_DIALOGUE = {
    "checkin": "/mood_checkin",
    "phq9": "/phq9",
    "doctor": "/ask_gp",
    "find": "/ask_local_service",
    "whoreads": "/who_reads_this",
    "plan": "/safety_plan",
    "tools": "/tools",
    "signs": "/check_signs",
    "today": "/one_thing",
    "thought": "/thought_check",
    "sleep": "/sleep_trouble",
    "minute": "/calm_minute",
    "notes": "/keep_note",
    "helped": "/strengths",
    "partner": "/partner_help",
    "work": "/ask_work",
    "groups": "/ask_group",
    "stop": "/stop",
}
MENU = {
    "start": "Begin, or begin again",
    "help": "What I can do",
    "checkin": "Rate your mood, 20 seconds",
    "phq9": "Nine questions about the last two weeks",
    "signs": "Signs low mood shows in men",
    "tools": "All tools on one page",
    "today": "One thing today",
    "thought": "Check a thought",
    "sleep": "Sleep",
    "minute": "A minute to steady yourself",
    "notes": "Notes to yourself",
    "helped": "What helped before",
    "doctor": "Get ready for a doctor's visit",
    "partner": "Partner, family, kids",
    "work": "Boss, sick note, coming back",
    "groups": "Groups for men",
    "find": "Places near you",
    "plan": "Your own plan for bad hours",
    "remind": "Check-ins and reminders",
    "pause": "Have me keep quiet for a while",
    "person": "Ask clinic staff to get in touch",
    "me": "What I keep about you",
    "export": "Get all of it as files",
    "settings": "Region, tone, quiet hours and more",
    "region": "Where you are: numbers and places",
    "whoreads": "Who can read this",
    "research": "Let researchers read it, or not",
    "forget": "Wipe everything",
    "stop": "Stop this for now",
}

CONTENT_TEXTS = {
    "picture": "cannot_see",
    "voice": "cannot_see",
    "place": "place_not_needed",
    "contact": "contact_not_kept",
}
# What is asked back after a command or a choice in /settings, with the buttons below it.
QUESTIONS = {
    "forget": ("forget_yes", "forget_no"),
    "export": ("export_yes", "export_no"),
    "research": ("research_yes", "research_no"),
    "region": REGIONS,
    "check_backs": ("check_backs_drop", "check_backs_keep"),
    "share_case": ("share_case_yes", "share_case_no"),
}
# Receipts: after an uncertain send they do not come a second time.
RECEIPTS = ("region_done", "research_yes", "research_no", "check_backs_dropped", "forget_kept", "left_alone")
REMIND_ME = "remind me"
SAFETY_ANSWERS = ("safety_yes", "safety_unsure", "safety_no")


def command_of(text: str) -> str | None:
    """Return the name of one of our commands, or None for anything else that begins with a slash."""
    if not text.startswith("/"):
        return None
    first_word, *_ = text[1:].split(maxsplit=1) or [""]
    name = first_word.split("@")[0].lower()
    return name if name in MENU else None


class Desk:
    """Answers commands and the gate's own buttons in the caller's transaction."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def answer(self, session: Any, person: Person, row: InboxMessage, name: str, *, at: datetime) -> None:
        """Answer a command that is not one of ``TO_DIALOGUE``."""
        if name == "person":
            self._ask_for_person(session, person, row, at)
        elif name == "me":
            days = self._settings.retention_log_days
            self._queue(session, person, row, told_plainly(session, person, retention_days=days), at)
        elif name in ("settings", "pause", "remind"):
            self._queue_answer(session, person, row, self._preferences(session, person, row, name, at), at)
        elif name in QUESTIONS:
            self._say(session, person, row, f"{name}_question", at, QUESTIONS[name])
        else:
            self._say(session, person, row, "help", at)
        self._finish(session, person, row, at)

    def press(self, session: Any, person: Person, row: InboxMessage, name: str, *, at: datetime) -> None:
        """Act on one of the gate's own buttons, apart from consent and erasure, which are routed before."""
        chosen = preferences.choose(session, person, name, at)
        asked = name.removeprefix("settings_")
        if chosen is not None:
            self._queue_answer(session, person, row, chosen, at)
        elif name in REGIONS:
            preferences.set_region(session, person, name, at)
            self._say(session, person, row, "region_done", at)
        elif name in ("research_yes", "research_no"):
            record_answer(session, person_id=person.id, kind=RESEARCH, given=name == "research_yes", at=at)
            self._say(session, person, row, name, at)
            asked_next = about_him.after_consent(session, person.id, given=name == "research_yes")
            if asked_next:
                self._say(session, person, row, asked_next[0], at, asked_next[1])
        elif name.startswith(about_him.PREFIX):
            told = about_him.take_answer(session, person.id, name, at=at) or ("stale_button", ())
            self._say(session, person, row, told[0], at, told[1])
        elif name in ("share_case_yes", "share_case_no"):
            record_answer(session, person_id=person.id, kind=SHARE, given=name == "share_case_yes", at=at)
            self._say(session, person, row, name, at)
        elif name == "export_yes":
            self._export(session, person, row, at)
        elif name == "check_backs_drop":
            follow_ups.decline(session, person.id, at=at)
            self._say(session, person, row, "check_backs_dropped", at)
        elif name in ("forget_no", "export_no", "check_backs_keep"):
            self._say(session, person, row, "forget_kept" if name == "forget_no" else "left_alone", at)
        elif asked in preferences.QUESTIONS:
            self._queue_answer(session, person, row, preferences.ask(person, asked, at), at)
        elif asked in QUESTIONS:
            self._say(session, person, row, f"{asked}_question", at, QUESTIONS[asked])
        else:
            self._say(session, person, row, "stale_button", at)
        self._finish(session, person, row, at)

    def remind(self, session: Any, person: Person, row: InboxMessage, wish: Wish, *, at: datetime) -> None:
        """Do what he asked for in words: write to him at a time."""
        self._queue_answer(session, person, row, appointments.wished(session, person, wish, at), at)
        self._finish(session, person, row, at)

    def speak(self, session: Any, person: Person, row: InboxMessage, name: str, *, at: datetime) -> None:
        """Say what he asked to be told at this time, or put the first two questions; nobody has just written."""
        if name == preferences.FIRST_QUESTIONS:
            self._queue_answer(session, person, row, preferences.ask_first(person, has_words=True), at)
        else:
            choices = tuple((str(mood), f'/mood_checkin{{"mood": "{mood}"}}') for mood in range(11))
            bubbles = say(name, settings_of(person)["region"], turn=at.toordinal())
            buttons = tuple(ReplyButton(*choice) for choice in choices) if name == CHECK_IN else ()
            self._queue(session, person, row, bubbles, at, buttons)
        row.state = "done"

    @staticmethod
    def _preferences(session: Any, person: Person, row: InboxMessage, name: str, at: datetime) -> Answer:
        """Return what a command about his settings is answered with; he may have typed more behind it."""
        _, _, more = row.body.reveal()["text"].strip().partition(" ")
        if name == "pause":
            return appointments.pause_till(session, person, more, at)
        wish = wished_time(f"{REMIND_ME} {more}") if name == "remind" else None
        if wish is not None:
            return appointments.wished(session, person, wish, at)
        if name == "remind":
            return appointments.ask_check_in(person)
        return preferences.overview(session, person, at)

    def answer_content(self, session: Any, person: Person, row: InboxMessage, *, at: datetime) -> None:
        """Say honestly what cannot be read here; a place is of use only while he looks for a service."""
        body = row.body.reveal()
        content = body.get("content") or "picture"
        if body.get("near"):
            region, language = settings_of(person)["region"], settings_of(person).get("language", "en")
            self._queue(session, person, row, nearby.told(body["near"], region, language), at)
        elif content == "place" and nearby.need_now(session, person.id, at):
            self._say(session, person, row, "place_by_region", at, REGIONS)
        else:
            self._say(session, person, row, CONTENT_TEXTS.get(content, "cannot_read"), at)
        self._finish(session, person, row, at)

    def say(self, session: Any, person: Person, row: InboxMessage, name: str, *, at: datetime) -> None:
        """Say one of the gate's texts and be done with the message."""
        self._say(session, person, row, name, at)
        self._finish(session, person, row, at)

    def _finish(self, session: Any, person: Person, row: InboxMessage, at: datetime) -> None:
        """Be done with a message; an open question of safety is put once more, in other words, so that it stays."""
        if follow_ups.is_question_open(session, person.id):
            received = select(func.count(InboxMessage.seq)).filter_by(person_id=person.id)
            turn = session.execute(received).scalar()
            self._say(session, person, row, "question_again", at, SAFETY_ANSWERS, turn=turn)
        row.state = "done"

    @staticmethod
    def _export(session: Any, person: Person, row: InboxMessage, at: datetime) -> None:
        """Queue his files; each is made when it is sent, so that what he said lies nowhere in clear."""
        region = settings_of(person)["region"]
        for name in FILES:
            caption = say("export_page" if name == PAGE else "export_data", region)
            outbox.queue(session, person.id, [Reply(caption[0])], at=at, turn_id=row.id, file=name)

    def _ask_for_person(self, session: Any, person: Person, row: InboxMessage, at: datetime) -> None:
        reasons = ["asked for a person to get in touch"]
        open_flag(
            session,
            person_id=person.id,
            level=YELLOW,
            kind="person",
            reasons=reasons,
            at=at,
            message_id=row.id,
        )
        self._say(session, person, row, "person_asked", at)

    def _say(
        self,
        session: Any,
        person: Person,
        row: InboxMessage,
        name: str,
        at: datetime,
        choices: tuple[str, ...] = (),
        *,
        turn: int = 0,
    ) -> None:
        region = settings_of(person)["region"]
        staff = staff_sentence(session, self._settings.staff_reads_until, at=at)
        texts = say(name, region, turn=turn, staff=staff)
        buttons = tuple(ReplyButton(label(choice), _payload(choice)) for choice in choices)
        self._queue(session, person, row, texts, at, buttons, resend=name not in RECEIPTS)

    def _queue_answer(self, session: Any, person: Person, row: InboxMessage, answer: Answer, at: datetime) -> None:
        buttons = tuple(ReplyButton(text, f"gate:{choice}") for text, choice in answer.choices)
        self._queue(session, person, row, answer.bubbles, at, buttons)

    @staticmethod
    def _queue(
        session: Any,
        person: Person,
        row: InboxMessage,
        texts: list[str],
        at: datetime,
        buttons: tuple[ReplyButton, ...] = (),
        *,
        resend: bool = True,
    ) -> None:
        bubbles = [Reply(text) for text in texts]
        bubbles[-1] = Reply(bubbles[-1].text, buttons)
        outbox.queue(session, person.id, bubbles, at=at, turn_id=row.id, resend=resend)


def _payload(choice: str) -> str:
    """Return what a button stands for: answers to the direct question go to the dialogue, the rest to the gate."""
    return f"/{choice}" if choice in SAFETY_ANSWERS else f"gate:{choice}"
