"""GET /oversight: which producers hand in data, in the whole country or in one province."""
from flask import g

from webapp.analytics.enterprises import enterprises
from webapp.views.signed_in import scope
from webapp.views.staff import render, staff


def oversight():
    mine = scope()
    rows = staff().db.ask(lambda connection: enterprises(connection, mine))
    return render("oversight/connected.html", enterprises=rows, province=g.user.province,
                  connected=sum(1 for row in rows if row.uploads), lots=sum(row.lots for row in rows),
                  flagged=sum(row.flagged_lots for row in rows))
