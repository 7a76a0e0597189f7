"""Bags a line made and read on one day (产线扫描率)."""
from datetime import date

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, RowId


class LineCount(Base):
    __tablename__ = "line_count"
    __table_args__ = (UniqueConstraint("site_gln", "line", "day"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    site_gln: Mapped[str] = mapped_column(ForeignKey("site.gln"))
    line: Mapped[str] = mapped_column(String(40))
    day: Mapped[date]
    bags_produced: Mapped[int] = mapped_column(BigInteger)
    bags_read: Mapped[int] = mapped_column(BigInteger)
