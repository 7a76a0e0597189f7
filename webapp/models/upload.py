"""One file that was handed in (上传), with what became of it."""
from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Json, RowId, UtcDateTime


class Upload(Base):
    """(enterprise, idempotency_key) is unique; the same body again gives the same answer."""

    __tablename__ = "upload"
    __table_args__ = (UniqueConstraint("enterprise_gln", "idempotency_key"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True)
    enterprise_gln: Mapped[str] = mapped_column(String(13))
    kind: Mapped[str] = mapped_column(String(16))
    idempotency_key: Mapped[str] = mapped_column(String(128))
    body_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(20))
    rows: Mapped[int]
    accepted: Mapped[int]
    rejected: Mapped[int]
    duplicates: Mapped[int]
    errors: Mapped[list[dict]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
