"""GET /cases/{id}: one case with everything behind it."""
from flask import abort, g, request

from webapp.cases.case_file import ScanLine, find, read
from webapp.cases.work import ClosingReason, State, moves_from
from webapp.verify.code import code_of
from webapp.views.cases.places_map import places_map
from webapp.views.cases.timeline import timeline
from webapp.views.signed_in import scope
from webapp.views.staff import render, staff

SAID = ("done", "too_late", "note_missing", "reason_missing")  # what the page may report about the last button


def case_page(public_id: str):
    # Read on the primary: whoever pressed a button must see what it did.
    with staff().db.write.execution_options(immediate=False).connect() as connection:
        head = find(connection, scope(), public_id) or abort(404)
        file = read(connection, head)
    said = request.args.get("said")
    return render(
        "cases/case.html", case=file, head=file.head, timeline=timeline(file.scans), map=places_map(file.scans),
        devices=device_names(file.scans), code=code_text(head.serial), moves=moves_from(head.state),
        reasons=ClosingReason,
        may_work=g.user.role in ("investigator", "admin"), closed=head.state == State.CLOSED,
        said=said if said in SAID else None)


def device_names(scans: list[ScanLine]) -> dict[int, str]:
    """A, B … in order of first scan: tells phones apart without showing the pseudonym itself."""
    names: dict[int, str] = {}
    for scan in reversed(scans):
        names.setdefault(scan.device, _letters(len(names)))
    return names


def code_text(serial: int | None) -> str | None:
    """The code on the bag, in groups of five; None for a lot or place."""
    if serial is None:
        return None
    code = code_of(serial, staff().keys.codes)
    return " ".join(code[i:i + 5] for i in range(0, 20, 5))


def _letters(index: int) -> str:
    return (chr(64 + index // 26) if index >= 26 else "") + chr(65 + index % 26)
