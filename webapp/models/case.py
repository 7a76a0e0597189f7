"""Alerts that belong together (案件), worked by an investigator."""
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, RowId, UtcDateTime


class Case(Base):
    """`subject` says what it is about (code:SERIAL, lot:ID:AREA, place:AREA, forged:AREA); only one case a subject is
    open."""

    __tablename__ = "case"
    __table_args__ = (
        Index("uq_case_open_subject", "subject", unique=True, sqlite_where=text("closed_at IS NULL"),
              postgresql_where=text("closed_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True)
    subject: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(16))
    severity: Mapped[str] = mapped_column(String(4))
    score: Mapped[float]
    state: Mapped[str] = mapped_column(String(16), index=True)
    serial: Mapped[int | None] = mapped_column(BigInteger, index=True)
    batch_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    gtin: Mapped[str | None] = mapped_column(String(14))
    brand: Mapped[str | None] = mapped_column(String(80), index=True)
    area: Mapped[int] = mapped_column(default=0)
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closing_reason: Mapped[str | None] = mapped_column(String(40))
