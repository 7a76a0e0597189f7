"""A lot (批次) of one product, made at one site."""
from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, RowId, UtcDateTime


class Batch(Base):
    """`flagged` = a quality result is outside its limit; `revision` grows whenever a fact of the lot changes."""

    __tablename__ = "batch"
    __table_args__ = (UniqueConstraint("gtin", "lot"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    gtin: Mapped[str] = mapped_column(ForeignKey("product.gtin"))
    lot: Mapped[str] = mapped_column(String(20))
    site_gln: Mapped[str] = mapped_column(ForeignKey("site.gln"))
    line: Mapped[str | None] = mapped_column(String(40))
    produced_on: Mapped[date]
    best_before: Mapped[date | None]
    quantity: Mapped[int] = mapped_column(BigInteger)
    flagged: Mapped[bool] = mapped_column(default=False)
    revision: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
