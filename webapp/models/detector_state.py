"""What a set of detectors has learned beyond the ledgers of codes, in pieces, so that only what changed is written."""
from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base


class DetectorState(Base):
    """`part`: a part of the engine, lot:ID or phones:SHELF; the pieces of a part, joined in order, are its bytes."""

    __tablename__ = "detector_state"

    detector: Mapped[str] = mapped_column(String(8), primary_key=True)
    part: Mapped[str] = mapped_column(String(32), primary_key=True)
    piece: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[bytes] = mapped_column(LargeBinary)
