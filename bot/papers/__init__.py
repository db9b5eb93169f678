"""Pages and plots, made on this machine: PDF, PNG and SVG. Nothing here knows whose they are."""

from bot.papers.charts import Bar, Chart, bars, line
from bot.papers.paper import Paper

__all__ = ["Bar", "Chart", "Paper", "bars", "line"]
