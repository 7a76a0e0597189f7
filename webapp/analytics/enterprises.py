"""Which enterprises hand in data, and how much of it (企业接入情况)."""
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from webapp.auth.permissions import Scope
from webapp.models import Batch, Product, Site, Upload

MOST = 500


class Enterprise(NamedTuple):
    """`last_upload` is None for a producer that never handed anything in: not connected."""

    gln: str
    name_zh: str
    name_en: str | None
    adcode: int
    products: int
    lots: int
    flagged_lots: int
    uploads: int
    rejected_rows: int
    last_upload: datetime | None


def enterprises(connection: Connection, scope: Scope) -> list[Enterprise]:
    """Producers in scope by province and name, at most 500, each with what it has handed in so far."""
    lots = (select(Site.owner_gln.label("gln"), func.count().label("lots"),
                   func.count().filter(Batch.flagged).label("flagged"))
            .join(Site, Site.gln == Batch.site_gln).group_by(Site.owner_gln).subquery())
    uploads = (select(Upload.enterprise_gln.label("gln"), func.count().label("uploads"),
                      func.sum(Upload.rejected).label("rejected"), func.max(Upload.created_at).label("last"))
               .group_by(Upload.enterprise_gln).subquery())
    made = (select(Product.producer_gln.label("gln"), func.count().label("products"))
            .group_by(Product.producer_gln).subquery())
    question = (
        select(Site.gln, Site.name_zh, Site.name_en, Site.adcode, func.coalesce(made.c.products, 0),
               func.coalesce(lots.c.lots, 0), func.coalesce(lots.c.flagged, 0),
               func.coalesce(uploads.c.uploads, 0), func.coalesce(uploads.c.rejected, 0), uploads.c.last)
        .outerjoin(made, made.c.gln == Site.gln).outerjoin(lots, lots.c.gln == Site.gln)
        .outerjoin(uploads, uploads.c.gln == Site.gln)
        .where(Site.kind == "producer", Site.gln == Site.owner_gln, scope.sites())
        .order_by(Site.adcode, Site.name_zh).limit(MOST))
    return [Enterprise._make(row) for row in connection.execute(question)]


class UploadLine(NamedTuple):
    public_id: str
    kind: str
    status: str
    rows: int
    accepted: int
    rejected: int
    duplicates: int
    created_at: datetime


def uploads(connection: Connection, scope: Scope, most: int = 100) -> list[UploadLine]:
    """The newest files handed in, inside the scope."""
    question = (select(Upload.public_id, Upload.kind, Upload.status, Upload.rows, Upload.accepted, Upload.rejected,
                       Upload.duplicates, Upload.created_at)
                .where(scope.uploads()).order_by(Upload.id.desc()).limit(most))
    return [UploadLine._make(row) for row in connection.execute(question)]
