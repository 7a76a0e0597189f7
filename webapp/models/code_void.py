"""Codes that an investigator or the producer declared no longer valid (作废)."""
from datetime import datetime

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, RowId, UtcDateTime


class CodeVoid(Base):
    __tablename__ = "code_void"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    first_serial: Mapped[int] = mapped_column(BigInteger, index=True)
    last_serial: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(500))
    voided_at: Mapped[datetime] = mapped_column(UtcDateTime)
    voided_by: Mapped[str] = mapped_column(String(120))
