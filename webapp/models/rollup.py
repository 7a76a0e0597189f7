"""Counts that brand pages read: scans by hour, place, product, lot and class."""
from datetime import datetime

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, UtcDateTime


class Rollup(Base):
    """visitor: first | repeat | other | shared | staff | machine. batch_id 0 = lot unknown, adcode 0 = unlocated."""

    __tablename__ = "rollup"
    __table_args__ = (Index("ix_rollup_gtin_hour", "gtin", "hour"),)

    hour: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    adcode: Mapped[int] = mapped_column(primary_key=True)
    gtin: Mapped[str] = mapped_column(String(14), primary_key=True)
    batch_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    visitor: Mapped[str] = mapped_column(String(8), primary_key=True)
    scans: Mapped[int]
