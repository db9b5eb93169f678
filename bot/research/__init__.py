"""Research: dialogues of men who agreed to it, without names, coded with the study's codebook."""

from bot.research.deidentify import Deidentifier
from bot.research.export import ExportError, ExportReport, export_dialogues

__all__ = ["Deidentifier", "ExportError", "ExportReport", "export_dialogues"]
