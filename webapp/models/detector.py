"""How far each set of detectors (检测引擎) has learned: the one row that says what is already judged."""
from datetime import datetime

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Json, UtcDateTime

LIVE, SHADOW = "live", "shadow"  # those whose ledgers pages believe, and those on trial
FORGOTTEN = ""  # a layout nobody can read: what was learned is gone, or going


class Detector(Base):
    """`name`: live, or live.0/4 for one of four shares of the codes (detect/share.py) | shadow.

    Times in µs since the epoch, UTC: everything up to `learned_to` is in the kept state, nothing up to `claimed_to` may
    come without a row in `late_arrival`, alerts up to `raised_to` were raised before. `layout`: a digest of what the
    state looks like; another one means that it cannot be read any more. `since`: all scans after it were learned, the
    first of them at `began_at`. `rules`: the numbers they work with. (None where an older release began.)"""

    __tablename__ = "detector"

    name: Mapped[str] = mapped_column(String(8), primary_key=True)
    layout: Mapped[str] = mapped_column(String(32))
    learned_to: Mapped[int] = mapped_column(BigInteger)
    claimed_to: Mapped[int] = mapped_column(BigInteger)
    raised_to: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    since: Mapped[int | None] = mapped_column(BigInteger)
    began_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rules: Mapped[dict | None] = mapped_column(Json)
