"""A product (产品) by its GTIN-14, with the facts that stand on the label."""
from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, UtcDateTime


class Product(Base):
    """net_weight_g in g, iodine_mg_kg in mg/kg as I, shelf_life_months empty where the salt keeps for ever."""

    __tablename__ = "product"

    gtin: Mapped[str] = mapped_column(String(14), primary_key=True)
    producer_gln: Mapped[str] = mapped_column(ForeignKey("site.gln"), index=True)
    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str | None] = mapped_column(String(200))
    brand: Mapped[str] = mapped_column(String(80), index=True)
    net_weight_g: Mapped[float]
    salt_source: Mapped[str] = mapped_column(String(8))
    iodised: Mapped[bool]
    iodine_mg_kg: Mapped[float | None]
    grade: Mapped[str | None] = mapped_column(String(40))
    standard: Mapped[str] = mapped_column(String(60))
    shelf_life_months: Mapped[int | None]
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
