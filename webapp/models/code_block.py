"""A run of codes issued together (码段); the only row their existence needs."""
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, RowId, UtcDateTime


class CodeBlock(Base):
    """Serials first..last, both in. status: issuing | issued | void. `lot` is text: the batch may arrive later."""

    __tablename__ = "code_block"
    __table_args__ = (CheckConstraint("first_serial <= last_serial", name="order"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    first_serial: Mapped[int] = mapped_column(BigInteger, unique=True)
    last_serial: Mapped[int] = mapped_column(BigInteger)
    gtin: Mapped[str] = mapped_column(ForeignKey("product.gtin"), index=True)
    lot: Mapped[str | None] = mapped_column(String(20))
    enterprise_gln: Mapped[str] = mapped_column(ForeignKey("site.gln"), index=True)
    status: Mapped[str] = mapped_column(String(8))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
