"""How far each set of detectors (检测引擎) has learned: the one row that says what is already judged."""
from datetime import datetime

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, UtcDateTime


class Detector(Base):
    """`name`: live | shadow. Times in µs since the epoch, UTC: everything up to `learned_to` is in the kept state,
    nothing up to `claimed_to` may come without a row in `late_arrival`, alerts up to `raised_to` were raised before.
    `layout`: a digest of what the state looks like; another one means that it cannot be read any more."""

    __tablename__ = "detector"

    name: Mapped[str] = mapped_column(String(8), primary_key=True)
    layout: Mapped[str] = mapped_column(String(32))
    learned_to: Mapped[int] = mapped_column(BigInteger)
    claimed_to: Mapped[int] = mapped_column(BigInteger)
    raised_to: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
