"""Research: dialogues of men who agreed to it, without names, coded with the study's codebook."""

from bot.research.codings import Coding, CodingsError, read_codings
from bot.research.deidentify import Deidentifier
from bot.research.export import ExportError, ExportReport, export_dialogues
from bot.research.protocols import ProtocolError, register_protocol

__all__ = [
    "Coding",
    "CodingsError",
    "Deidentifier",
    "ExportError",
    "ExportReport",
    "ProtocolError",
    "export_dialogues",
    "read_codings",
    "register_protocol",
]
