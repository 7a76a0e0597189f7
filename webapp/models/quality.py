"""One test result (检验结果) of a lot."""
from datetime import date

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, RowId


class Quality(Base):
    """`failed` and `limit_text` are decided at intake by the hard checks; a correction replaces by (lot, item)."""

    __tablename__ = "quality"
    __table_args__ = (UniqueConstraint("batch_id", "item"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id"))
    item: Mapped[str] = mapped_column(String(20))
    value: Mapped[float]
    unit: Mapped[str] = mapped_column(String(20))
    method: Mapped[str | None] = mapped_column(String(80))
    report_no: Mapped[str | None] = mapped_column(String(80))
    tested_on: Mapped[date]
    failed: Mapped[bool] = mapped_column(default=False)
    limit_text: Mapped[str | None] = mapped_column(String(40))
