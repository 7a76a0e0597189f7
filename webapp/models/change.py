"""What a registry row was before a correction (更正记录): corrections replace, history stays."""
from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Json, RowId, UtcDateTime


class Change(Base):
    __tablename__ = "change"
    __table_args__ = (Index("ix_change_table_key", "table_name", "row_key"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(120))
    table_name: Mapped[str] = mapped_column(String(20))
    row_key: Mapped[str] = mapped_column(String(120))
    before: Mapped[dict] = mapped_column(Json)
    after: Mapped[dict] = mapped_column(Json)
