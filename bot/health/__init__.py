"""What a process says of itself to who runs it: figures for Prometheus, and whether it is ready. No ids, no words."""

from bot.health.figures import Figures
from bot.health.readiness import Check, Readiness
from bot.health.server import HealthServer, serve

__all__ = ["Check", "Figures", "HealthServer", "Readiness", "serve"]
