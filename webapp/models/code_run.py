"""Which lot a run of codes went onto (批次用码区间)."""
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, RowId


class CodeRun(Base):
    """Serials first..last of one block, both in; runs never overlap (checked at intake)."""

    __tablename__ = "code_run"
    __table_args__ = (CheckConstraint("first_serial <= last_serial", name="order"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    first_serial: Mapped[int] = mapped_column(BigInteger, unique=True)
    last_serial: Mapped[int] = mapped_column(BigInteger)
    block_id: Mapped[int] = mapped_column(ForeignKey("code_block.id"), index=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id"), index=True)
