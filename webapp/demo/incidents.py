"""What people did about the demo world today: one lot is called back, one code was declared void."""
from datetime import datetime

from sqlalchemy import insert

from webapp.db import Database
from webapp.demo.lots import RECALLED
from webapp.demo.scans import Issued
from webapp.intake.recall import open_recall
from webapp.models import CodeVoid
from webapp.verify.verdict import Verdict


def recall_and_void(db: Database, issued: list[Issued], serials: dict[Verdict, int], now: datetime) -> None:
    """Opened after the month's scans: their pages could not know of it."""
    lot, voided = issued[RECALLED].lot, serials[Verdict.VOID]
    reason = "部分包装封口不严，产品可能受潮、混入异物（演示） / some bags are not sealed tightly (demo)"
    open_recall(db, lot.gtin, lot.number, level=2, reason=reason, actor="demo", now=now)
    with db.transaction() as connection:
        connection.execute(insert(CodeVoid).values(
            first_serial=voided, last_serial=voided, voided_at=now, voided_by="investigator@demo.example",
            reason="该码被大量复制，已由企业作废（演示） / copied in large numbers, withdrawn by the producer (demo)"))
