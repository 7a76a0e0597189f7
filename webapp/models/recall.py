"""A recall (召回) of a product or of one of its lots."""
from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, RowId, UtcDateTime


class Recall(Base):
    """lot empty = the whole product. level 1 (gravest) .. 3; open while closed_at is empty."""

    __tablename__ = "recall"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True)
    gtin: Mapped[str] = mapped_column(ForeignKey("product.gtin"), index=True)
    lot: Mapped[str | None] = mapped_column(String(20))
    level: Mapped[int]
    reason: Mapped[str] = mapped_column(String(500))
    known_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
