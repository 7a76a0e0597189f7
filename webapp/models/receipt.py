"""Goods that arrived (收货) under a shipment number."""
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, RowId, UtcDateTime


class Receipt(Base):
    __tablename__ = "receipt"
    __table_args__ = (UniqueConstraint("owner_gln", "shipment_no", "at_gln"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    owner_gln: Mapped[str] = mapped_column(String(13))
    shipment_no: Mapped[str] = mapped_column(String(40), index=True)
    at_gln: Mapped[str] = mapped_column(ForeignKey("site.gln"))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    quantity: Mapped[int | None] = mapped_column(BigInteger)
