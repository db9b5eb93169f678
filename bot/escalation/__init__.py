"""What reaches a person: flags with clocks, and the audit of who did what about them."""

from bot.escalation.flags import claim_flag, open_flag, resolve_flag, severity
from bot.escalation.journal import audit, verify_audit

__all__ = ["audit", "claim_flag", "open_flag", "resolve_flag", "severity", "verify_audit"]
