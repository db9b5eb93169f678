"""Alembic's environment: always on the connection that ``bot.storage.migrate`` hands over."""

from alembic import context

from bot.storage import models  # noqa: F401 - fills the metadata
from bot.storage.columns import Base


def render_item(kind, item, autogen_context):
    """Write our column types down as what the database sees."""
    names = {"UtcDateTime": "sa.DateTime()", "SealedBlob": "sa.LargeBinary()"}
    return names.get(type(item).__name__, False) if kind == "type" else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=False,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
