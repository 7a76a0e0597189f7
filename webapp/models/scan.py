"""One visit to a code's page by a person (扫码记录); written only by the worker, from the spool."""
from datetime import datetime

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, UtcDateTime


class Scan(Base):
    """The key holds the time because PostgreSQL partitions by it; the time comes from the spool, never from now()."""

    __tablename__ = "scan"
    __table_args__ = (
        Index("ix_scan_serial_at", "serial", "at"),
        Index("ix_scan_batch_at", "batch_id", "at"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    scan_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    serial: Mapped[int] = mapped_column(BigInteger)
    batch_id: Mapped[int | None] = mapped_column(BigInteger)
    device: Mapped[int] = mapped_column(BigInteger)
    network: Mapped[str] = mapped_column(String(50))
    adcode: Mapped[int]
    place_source: Mapped[str] = mapped_column(String(8))
    radius_km: Mapped[int]
    agent: Mapped[str] = mapped_column(String(16))
    wifi: Mapped[bool]
    hosting: Mapped[bool]
    shared: Mapped[bool]
    role: Mapped[str] = mapped_column(String(8))
    verdict: Mapped[str] = mapped_column(String(12))
