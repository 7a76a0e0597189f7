"""what the detectors have learned, and alerts on trial

Only additions that code of 0001 does not notice: both may run at once.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "detector",
        sa.Column("name", sa.String(length=8), nullable=False),
        sa.Column("layout", sa.String(length=32), nullable=False),
        sa.Column("learned_to", sa.BigInteger(), nullable=False),
        sa.Column("claimed_to", sa.BigInteger(), nullable=False),
        sa.Column("raised_to", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_detector")),
    )
    op.create_table(
        "detector_state",
        sa.Column("detector", sa.String(length=8), nullable=False),
        sa.Column("part", sa.String(length=32), nullable=False),
        sa.Column("piece", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("detector", "part", "piece", name=op.f("pk_detector_state")),
    )
    op.create_table(
        "code_ledger",
        sa.Column("serial", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("detector", sa.String(length=8), nullable=False),
        sa.Column("ledger", sa.LargeBinary(length=64), nullable=False),
        sa.PrimaryKeyConstraint("serial", "detector", name=op.f("pk_code_ledger")),
    )
    op.create_table(
        "late_arrival",
        sa.Column("detector", sa.String(length=8), nullable=False),
        sa.Column("record_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("detector", "record_id", name=op.f("pk_late_arrival")),
    )
    op.add_column("alert", sa.Column("shadow", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("wrong_code", sa.Column(
        "tries", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=True))


def downgrade() -> None:
    op.drop_column("wrong_code", "tries")
    op.drop_column("alert", "shadow")
    op.drop_table("late_arrival")
    op.drop_table("code_ledger")
    op.drop_table("detector_state")
    op.drop_table("detector")
