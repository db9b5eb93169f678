"""A page to print, to show or to send: headings, paragraphs, tables and pictures on A4."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import pypdfium2
from fpdf import FPDF
from fpdf.fonts import FontFace

_FAMILY = "DejaVu"  # free, covers Latin, Greek and Cyrillic, and comes with matplotlib
_BODY, _HEADING, _TITLE, _SMALL = 10.5, 12.5, 17, 8.5  # point
_LINE = 1.45  # of the letters' height
_MARGIN = 20  # mm
_POINT = 0.3528  # mm
_INK, _QUIET, _RULE = (24, 28, 33), (90, 98, 107), (205, 210, 215)


def _fonts() -> Path:
    """Return where matplotlib keeps the font, without loading matplotlib."""
    found = find_spec("matplotlib")
    assert found is not None  # noqa: S101 - a locked dependency
    assert found.origin is not None  # noqa: S101
    return Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"


class _Pages(FPDF):
    """A4 pages with the notice at each foot."""

    def __init__(self, notice: str) -> None:
        super().__init__(format="A4")
        self._notice = notice

    def footer(self) -> None:
        """Write the notice and the page's number; called by fpdf at the end of each page."""
        self.set_y(-_MARGIN + 4)
        self.set_font(_FAMILY, size=_SMALL)
        self.set_text_color(*_QUIET)
        self.multi_cell(0, _SMALL * _LINE * _POINT, f"{self._notice}   {self.page_no()}/{{nb}}".strip(), align="L")


class Paper:
    """One document, written from top to bottom.

    Args:
        title: Stands at the top and in the file's properties.
        made_at: An aware time; the file carries it and no other, so that the same content gives the same bytes.
        notice: One short line for every page's foot.
        language: BCP 47, for screen readers.
    """

    def __init__(self, title: str, *, made_at: datetime, notice: str = "", language: str = "en") -> None:
        self._pages = _Pages(_plain(notice))
        self._pages.set_creation_date(made_at.astimezone(timezone.utc))
        self._pages.set_title(title)
        self._pages.set_lang(language)
        self._pages.set_margins(_MARGIN, _MARGIN)
        self._pages.set_auto_page_break(auto=True, margin=_MARGIN + 6)
        fonts = _fonts()
        self._pages.add_font(_FAMILY, "", fonts / "DejaVuSans.ttf")
        self._pages.add_font(_FAMILY, "B", fonts / "DejaVuSans-Bold.ttf")
        self._pages.add_page()
        self._write(title, _TITLE, "B", after=2)

    def heading(self, text: str) -> None:
        """Begin a section."""
        self._pages.ln(3)
        self._write(text, _HEADING, "B", after=1)

    def paragraph(self, text: str, *, quiet: bool = False) -> None:
        """Write a paragraph; ``quiet`` is smaller and grey, for what explains."""
        self._write(text, _SMALL if quiet else _BODY, "", after=1.8, ink=_QUIET if quiet else _INK)

    def points(self, texts: Sequence[str]) -> None:
        """Write a list of short points."""
        for text in texts:
            self._write(f"\u2022  {text}", _BODY, "", after=0.6)
        self._pages.ln(1.2)

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int] = ()) -> None:
        """Write a table; ``widths`` are proportions, equal if empty. A heading row is repeated on each page."""
        self._pages.set_font(_FAMILY, size=_SMALL + 0.5)
        self._pages.set_text_color(*_INK)
        self._pages.set_draw_color(*_RULE)
        bold = FontFace(emphasis="BOLD")
        options = {"col_widths": tuple(widths)} if widths else {}
        with self._pages.table(
            borders_layout="HORIZONTAL_LINES", headings_style=bold, text_align="LEFT", **options
        ) as table:
            for row in [headings, *rows]:
                cells = table.row()
                for cell in row:
                    cells.cell(_plain(cell))
        self._pages.ln(2)

    def picture(self, png: bytes, alt: str) -> None:
        """Place a picture over the whole width, with the words that a screen reader says instead."""
        self._pages.image(BytesIO(png), w=self._pages.epw, alt_text=alt)
        self._pages.ln(2)

    def pdf(self) -> bytes:
        """Return the document as PDF."""
        return bytes(self._pages.output())

    def png(self) -> list[bytes]:
        """Return each page as a picture, 150 dots an inch."""
        pictures = []
        document = pypdfium2.PdfDocument(self.pdf())
        try:
            for page in document:
                file = BytesIO()
                page.render(scale=150 / 72).to_pil().save(file, format="PNG", optimize=True)
                pictures.append(file.getvalue())
        finally:
            document.close()
        return pictures

    def _write(self, text: str, size: float, style: str, *, after: float, ink: tuple[int, int, int] = _INK) -> None:
        self._pages.set_font(_FAMILY, style=style, size=size)
        self._pages.set_text_color(*ink)
        height = size * _LINE * _POINT
        self._pages.multi_cell(0, height, _plain(text), align="L", new_x="LMARGIN", new_y="NEXT")
        self._pages.ln(after)


def _plain(text: str) -> str:
    """Return text without what the font has no sign for (emoji, say): an empty box says less than nothing."""
    return "".join(sign for sign in text if sign == "\n" or (sign.isprintable() and ord(sign) < 0x2C00))
