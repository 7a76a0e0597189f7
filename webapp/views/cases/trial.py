"""GET /cases/trial: rules on trial beside the live ones."""
from webapp.cases.trial import compare
from webapp.views.cases.case_page import code_text
from webapp.views.cases.trial_days import trial_days
from webapp.views.signed_in import scope
from webapp.views.staff import render, staff

SHOWN = 50  # subjects of a list; ./saltcheck trial --json has all
LATE_S = 600  # a trial farther behind than this is still busy with old scans


def trial():
    mine = scope()
    found = staff().db.ask(lambda connection: compare(connection, mine))
    if found is None:
        return render("cases/trial.html", found=None)
    late_s = (found.period.live_to - found.period.trial_to).total_seconds()
    return render("cases/trial.html", found=found, period=found.period, kinds=found.kinds(), sooner=found.sooner(),
                  days=trial_days(found), behind=late_s > LATE_S, shown=SHOWN, code=code_text)
