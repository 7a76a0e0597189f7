"""What lies in what: bags in a box, boxes on a pallet (箱垛关联)."""
from datetime import datetime

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, RowId, UtcDateTime


class Packing(Base):
    """A run of children in one parent. Bags carry serials; boxes only their ids in child_first/child_last."""

    __tablename__ = "packing"
    __table_args__ = (Index("ix_packing_owner_parent", "owner_gln", "parent"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    owner_gln: Mapped[str] = mapped_column(String(13))
    parent: Mapped[str] = mapped_column(String(40))
    level: Mapped[str] = mapped_column(String(6))
    child_first: Mapped[str] = mapped_column(String(40), index=True)
    child_last: Mapped[str] = mapped_column(String(40))
    first_serial: Mapped[int | None] = mapped_column(BigInteger, index=True)
    last_serial: Mapped[int | None] = mapped_column(BigInteger)
    line: Mapped[str | None] = mapped_column(String(40))
    packed_at: Mapped[datetime] = mapped_column(UtcDateTime)
