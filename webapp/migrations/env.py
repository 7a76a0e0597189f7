"""Alembic's entry: `webapp.migrate.upgrade` hands the connection over."""
from alembic import context
from sqlalchemy import JSON, BigInteger

from webapp.models import Base
from webapp.models.base import UtcDateTime


def plain_types(kind, item, autogenerate_context):
    """Write our column types out, so that no migration ever imports the models."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JSON):
        autogenerate_context.imports.add("from sqlalchemy.dialects.postgresql import JSONB")
        return 'sa.JSON().with_variant(JSONB(), "postgresql")'
    if kind == "type" and isinstance(item, BigInteger) and item._variant_mapping:
        return 'sa.BigInteger().with_variant(sa.Integer(), "sqlite")'
    return False


def a_month_of_scans(obj, name, kind, reflected, compare_to):
    """Partitions of `scan` come and go by the month; only the parent is ours to compare."""
    return not (kind == "table" and reflected and (name or "").startswith("scan_"))


connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True, render_item=plain_types,
                  include_object=a_month_of_scans)
context.run_migrations()
