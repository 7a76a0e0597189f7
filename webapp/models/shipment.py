"""Goods that left a site (发货); `unit` is a pallet, a box or GTIN/LOT."""
from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, RowId, UtcDateTime


class Shipment(Base):
    """batch_id is set where the unit is a whole lot. destination_adcode: province or prefecture of the consignee."""

    __tablename__ = "shipment"
    __table_args__ = (UniqueConstraint("owner_gln", "shipment_no", "unit"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    owner_gln: Mapped[str] = mapped_column(String(13))
    shipment_no: Mapped[str] = mapped_column(String(40), index=True)
    unit: Mapped[str] = mapped_column(String(40), index=True)
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batch.id"), index=True)
    from_gln: Mapped[str] = mapped_column(ForeignKey("site.gln"))
    to_gln: Mapped[str | None] = mapped_column(String(13))
    destination_adcode: Mapped[int]
    shipped_at: Mapped[datetime] = mapped_column(UtcDateTime)
