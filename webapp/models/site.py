"""A place with a GLN (场所): producer, wholesaler or warehouse."""
from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, UtcDateTime


class Site(Base):
    """`owner_gln` is the enterprise whose upload introduced the row (its own GLN for the enterprise itself)."""

    __tablename__ = "site"

    gln: Mapped[str] = mapped_column(String(13), primary_key=True)
    owner_gln: Mapped[str] = mapped_column(String(13), index=True)
    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str | None] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(12))
    adcode: Mapped[int] = mapped_column(index=True)
    address: Mapped[str | None] = mapped_column(String(300))
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    uscc: Mapped[str | None] = mapped_column(String(18))
    sc_licence: Mapped[str | None] = mapped_column(String(16))
    salt_certificate: Mapped[str | None] = mapped_column(String(40))
    phone: Mapped[str | None] = mapped_column(String(40))
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
