"""Coding by people: rounds, their turns and the codes; and whether an export is an open or a controlled release."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("research_exports", sa.Column("release", sa.String(length=16), nullable=True))
    op.create_table(
        "coding_rounds",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("protocol", sa.String(length=64), nullable=False),
        sa.Column("opened_by", sa.String(length=32), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["protocol"], ["research_protocols.name"]),
        sa.ForeignKeyConstraint(["opened_by"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "coding_turns",
        sa.Column("round_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["coding_rounds.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("round_id", "number"),
        sa.UniqueConstraint("round_id", "message_id"),
    )
    op.create_table(
        "coding_done",
        sa.Column("round_id", sa.String(length=32), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["coding_rounds.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("round_id", "staff_id"),
    )
    op.create_table(
        "codings",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("round_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("codes_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["round_id"], ["coding_rounds.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("round_id", "number", "staff_id"),
    )
    op.create_index("ix_coding_turns_person_id", "coding_turns", ["person_id"])
    op.create_index("ix_codings_person_id", "codings", ["person_id"])
    op.create_index("codings_of_a_coder", "codings", ["round_id", "staff_id"])


def downgrade() -> None:
    op.drop_table("codings")
    op.drop_table("coding_done")
    op.drop_table("coding_turns")
    op.drop_table("coding_rounds")
    op.drop_column("research_exports", "release")  # not in a batch: see 0005
