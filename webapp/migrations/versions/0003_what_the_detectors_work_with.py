"""what the detectors work with, and since when: what a trial is compared by

Only additions that code of 0002 does not notice: both may run at once.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("detector", sa.Column("since", sa.BigInteger(), nullable=True))
    op.add_column("detector", sa.Column("began_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("detector", sa.Column("rules", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=True))


def downgrade() -> None:
    op.drop_column("detector", "rules")
    op.drop_column("detector", "began_at")
    op.drop_column("detector", "since")
