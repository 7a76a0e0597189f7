"""What is remembered of a scanned code: the copy of record behind Valkey."""
from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, UtcDateTime


class CodeHistory(Base):
    """`state` is the packed verify.history.History, `tail` the last visits (for reloads); both folded by the worker."""

    __tablename__ = "code_history"

    serial: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    scans: Mapped[int]
    state: Mapped[bytes] = mapped_column(LargeBinary(96))
    tail: Mapped[bytes] = mapped_column(LargeBinary)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
