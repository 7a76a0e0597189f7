"""Summaries of wrong codes (伪码) tried in one place: never a row a hit."""
from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Json, UtcDateTime


class WrongCode(Base):
    """Hits seen by one web process in some seconds from one network; `example` is one address as typed, bounded.
    `tries`: [[phone (32 bits), code as typed, whether it is one character from one of ours]…], a few of the hits."""

    __tablename__ = "wrong_code"

    summary_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    adcode: Mapped[int]
    network: Mapped[str] = mapped_column(String(50))
    hits: Mapped[int]
    devices: Mapped[int]
    near_misses: Mapped[int]
    example: Mapped[str] = mapped_column(String(64))
    tries: Mapped[list[list] | None] = mapped_column(Json)
