"""Scans and summaries that reached the database after the detectors had passed their time (迟到的扫码)."""
from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base


class LateArrival(Base):
    """`record_id`: scan_id or summary_id; `at`: its time, µs since the epoch. Gone once the detectors learned it."""

    __tablename__ = "late_arrival"

    detector: Mapped[str] = mapped_column(String(8), primary_key=True)
    record_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[int] = mapped_column(BigInteger)
