"""The evidence about one scanned code (码的账本): the copy of record behind Valkey, written only by the detectors."""
from sqlalchemy import BigInteger, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base


class CodeLedger(Base):
    """`ledger`: the ledger in its short form (detect/short_ledger.py), at most 64 bytes."""

    __tablename__ = "code_ledger"

    serial: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    detector: Mapped[str] = mapped_column(String(8), primary_key=True)
    ledger: Mapped[bytes] = mapped_column(LargeBinary(64))
