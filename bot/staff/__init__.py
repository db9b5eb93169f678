"""The clinic's door: a small web app in which staff see flags, take them and close them."""

from bot.staff.app import create_app

__all__ = ["create_app"]
