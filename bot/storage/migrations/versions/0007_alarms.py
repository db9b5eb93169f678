"""Alarms, rota, level rules, hours, directory changes, the weekly sample; and triggers that keep the audit."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None

_TABLES = (
    *("notifications", "alarms", "staff_contacts", "shifts", "sampled_messages", "worker_beats", "sample_weeks"),
    *("level_rules", "directory_changes", "clinic_settings"),
)
_REFUSAL = "the audit is append-only"


def upgrade() -> None:
    op.create_table(
        "clinic_settings",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.String(length=2000), nullable=False),
        sa.Column("changed_by", sa.String(length=32), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "directory_changes",
        sa.Column("entry_id", sa.String(length=64), nullable=False),
        sa.Column("body", sa.String(length=4000), nullable=False),
        sa.Column("is_hidden", sa.Boolean(), nullable=False),
        sa.Column("changed_by", sa.String(length=32), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id"),
    )
    op.create_table(
        "level_rules",
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("acknowledge_minutes", sa.Integer(), nullable=False),
        sa.Column("notifies", sa.Boolean(), nullable=False),
        sa.Column("skips_closed_days", sa.Boolean(), nullable=False),
        sa.Column("changed_by", sa.String(length=32), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("level"),
    )
    op.create_table(
        "sample_weeks",
        sa.Column("week", sa.String(length=8), nullable=False),
        sa.Column("eligible", sa.Integer(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("week"),
    )
    op.create_table(
        "worker_beats",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("house_ms", sa.BigInteger(), nullable=False),
        sa.Column("steady_ms", sa.BigInteger(), nullable=False),
        sa.Column("boot", sa.String(length=64), nullable=False),
        sa.Column("wall_at", sa.DateTime(), nullable=False),
        sa.Column("jumped_at", sa.DateTime(), nullable=True),
        sa.Column("head_on", sa.String(length=10), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "sampled_messages",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("week", sa.String(length=8), nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=False),
        sa.Column("rating", sa.String(length=8), nullable=True),
        sa.Column("rated_by", sa.String(length=32), nullable=True),
        sa.Column("rated_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["week"],
            ["sample_weeks.week"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("message_id"),
    )
    op.create_index(op.f("ix_sampled_messages_week"), "sampled_messages", ["week"], unique=False)
    op.create_table(
        "shifts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(), nullable=False),
        sa.Column("ends_at", sa.DateTime(), nullable=False),
        sa.Column("made_by", sa.String(length=32), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_shifts_staff_id"), "shifts", ["staff_id"], unique=False)
    op.create_index("shifts_on_call", "shifts", ["ends_at", "starts_at"], unique=False)
    op.create_table(
        "staff_contacts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(length=256), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_staff_contacts_staff_id"), "staff_contacts", ["staff_id"], unique=False)
    op.create_table(
        "alarms",
        sa.Column("flag_id", sa.String(length=32), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("next_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["flag_id"], ["flags.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("flag_id"),
    )
    op.create_index(op.f("ix_alarms_state"), "alarms", ["state"], unique=False)
    op.create_table(
        "notifications",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("flag_id", sa.String(length=32), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("addressee", sa.String(length=32), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("tried_at", sa.DateTime(), nullable=True),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.Column("error", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["flag_id"], ["flags.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("flag_id", "episode", "step", "addressee", "place"),
    )
    op.create_index(op.f("ix_notifications_flag_id"), "notifications", ["flag_id"], unique=False)
    op.create_index("notifications_tried", "notifications", ["channel", "tried_at"], unique=False)
    op.create_index("notifications_waiting", "notifications", ["state", "due_ms"], unique=False)
    op.add_column("flags", sa.Column("reopened_at", sa.DateTime(), nullable=True))
    _guard_audit()


def _guard_audit() -> None:
    """Have the database itself refuse to change or take away an entry; only who owns the tables can lift this."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER audit_refuses_{verb} BEFORE {verb.upper()} ON audit "
                f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            )
        op.execute(  # INSERT OR REPLACE deletes without asking the trigger on DELETE
            "CREATE TRIGGER audit_refuses_replace BEFORE INSERT ON audit "  # noqa: S608 - our own words
            "WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq) "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$BEGIN RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'insufficient_privilege'; END$$"
    )
    for verb, each in (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT")):
        op.execute(
            f"CREATE TRIGGER audit_refuses_{verb} BEFORE {verb.upper()} ON audit "
            f"FOR EACH {each} EXECUTE FUNCTION audit_refuses()"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete", "replace"):
            op.execute(f"DROP TRIGGER audit_refuses_{verb}")
    else:
        for verb in ("update", "delete", "truncate"):
            op.execute(f"DROP TRIGGER audit_refuses_{verb} ON audit")
        op.execute("DROP FUNCTION audit_refuses()")
    op.drop_column("flags", "reopened_at")
    for table in _TABLES:
        op.drop_table(table)
