"""A finding worth a person's time (预警), kept with its evidence."""
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String, false
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Json, RowId, UtcDateTime


class Alert(Base):
    """evidence: [{"zh","en","weight"}…]; area: adcode of a prefecture or province, 0 = nowhere in particular.
    `shadow`: raised by detectors on trial; it opens no case and is shown only beside the live ones."""

    __tablename__ = "alert"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    kind: Mapped[str] = mapped_column(String(16))
    severity: Mapped[str] = mapped_column(String(4))
    score: Mapped[float]
    serial: Mapped[int | None] = mapped_column(BigInteger, index=True)
    batch_id: Mapped[int | None] = mapped_column(BigInteger)
    area: Mapped[int] = mapped_column(default=0)
    serials: Mapped[list[int]] = mapped_column(Json, default=list)
    evidence: Mapped[list[dict]] = mapped_column(Json)
    shadow: Mapped[bool] = mapped_column(default=False, server_default=false())
