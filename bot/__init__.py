"""Ballast: a self-help companion on Telegram for men with low mood."""
