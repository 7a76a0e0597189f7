"""Every table; importing this package makes `Base.metadata` complete."""
from webapp.models.alert import Alert
from webapp.models.base import Base
from webapp.models.batch import Batch
from webapp.models.case import Case
from webapp.models.case_event import CaseEvent
from webapp.models.change import Change
from webapp.models.client import Client
from webapp.models.code_block import CodeBlock
from webapp.models.code_history import CodeHistory
from webapp.models.code_ledger import CodeLedger
from webapp.models.code_run import CodeRun
from webapp.models.code_void import CodeVoid
from webapp.models.detector import Detector
from webapp.models.detector_state import DetectorState
from webapp.models.late_arrival import LateArrival
from webapp.models.line_count import LineCount
from webapp.models.login_session import LoginSession
from webapp.models.packing import Packing
from webapp.models.product import Product
from webapp.models.quality import Quality
from webapp.models.recall import Recall
from webapp.models.receipt import Receipt
from webapp.models.rollup import Rollup
from webapp.models.scan import Scan
from webapp.models.shipment import Shipment
from webapp.models.site import Site
from webapp.models.upload import Upload
from webapp.models.user import User
from webapp.models.wrong_code import WrongCode

__all__ = [
    "Base",
    "Alert",
    "Batch",
    "Case",
    "CaseEvent",
    "Change",
    "Client",
    "CodeBlock",
    "CodeHistory",
    "CodeLedger",
    "CodeRun",
    "CodeVoid",
    "Detector",
    "DetectorState",
    "LateArrival",
    "LineCount",
    "LoginSession",
    "Packing",
    "Product",
    "Quality",
    "Recall",
    "Receipt",
    "Rollup",
    "Scan",
    "Shipment",
    "Site",
    "Upload",
    "User",
    "WrongCode",
]
