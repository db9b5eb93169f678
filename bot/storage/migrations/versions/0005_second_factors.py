"""Second factors of staff, their recovery codes, one-time links to set a password, and when a session was confirmed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.add_column(sa.Column("totp_nonce", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("totp_step", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("staff_sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("confirmed_at", sa.DateTime(), nullable=True))
        batch_op.add_column(sa.Column("browser", sa.String(length=40), nullable=True))
    op.create_table(
        "staff_recovery",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("staff_recovery", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staff_recovery_staff_id"), ["staff_id"], unique=False)
    op.create_table(
        "staff_links",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("staff_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staff_links_staff_id"), ["staff_id"], unique=False)


def downgrade() -> None:
    op.drop_table("staff_links")
    op.drop_table("staff_recovery")
    # Not in a batch: on SQLite that would drop the table and with it what points to it.
    op.drop_column("staff_sessions", "browser")
    op.drop_column("staff_sessions", "confirmed_at")
    op.drop_column("staff", "totp_step")
    op.drop_column("staff", "totp_nonce")
