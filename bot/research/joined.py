"""Put together what people coded in the staff app and what others coded on an export of the same dialogues."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.research.coded import CodedUnit, Given, given_in
from bot.research.codings import CodingsError
from bot.research.dialogues import Counts, turns_with_ids
from bot.research.jobs import pseudonym_of
from bot.research.returned import Turns
from bot.research.rounds import units_of_round
from bot.storage.coding_models import CodingTurn


def joined_units(session: Any, round_id: str, folder: Path, tables: Iterable[Path], *, at: datetime) -> list[CodedUnit]:
    """Return the turns of a round, with the codes that others gave to the same turns of an export.

    Raises:
        CodingsError: The export or a table cannot be read, or a turn's text is no longer as it was exported.
    """
    export_id, turns, given = _export_of(folder), Turns(folder), given_in(tables)
    rows = session.execute(select(CodingTurn).filter_by(round_id=round_id)).scalars()
    places = {str(turn.number): turn for turn in rows}
    units = []
    for unit in units_of_round(session, round_id, at=at):
        place = places[unit.id]
        line = _line_of(session, turns, pseudonym_of(session, export_id, place.person_id), place)
        units.append(unit if line is None else _with(unit, line, given))
    return units


def _export_of(folder: Path) -> str:
    try:
        return str(json.loads((folder / "provenance.json").read_text(encoding="utf-8"))["export"])
    except (OSError, ValueError, KeyError) as error:
        raise CodingsError(f"There is no provenance.json of an export in {folder}.") from error


def _line_of(session: Any, turns: Turns, dialogue: str, place: CodingTurn) -> dict[str, Any] | None:
    """Return the export's line of a turn, or None: the export does not hold it."""
    if dialogue not in turns:
        return None
    for message_id, turn in turns_with_ids(session, place.person_id, Counts()):
        if message_id == place.message_id:
            found = [line for line in turns.of(dialogue) if line["turn"] == turn.turn]
            if found and found[0]["text"] != turn.text:
                raise CodingsError(f"Turn {found[0]['id']} is no longer as it was exported. Make a new export.")
            return found[0] if found else None
    return None


def _with(unit: CodedUnit, line: dict[str, Any], given: dict[str, Given]) -> CodedUnit:
    others = {name: codes[line["id"]] for name, codes in given.items() if line["dialogue"] in codes.dialogues}
    return replace(unit, people={**unit.people, **others})
