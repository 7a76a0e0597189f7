"""GET /enterprise: the files an enterprise handed in, newest first."""
from webapp.analytics.enterprises import uploads
from webapp.views.signed_in import scope
from webapp.views.staff import render, staff


def enterprise_uploads():
    mine = scope()
    return render("enterprise/uploads.html", uploads=staff().db.ask(lambda connection: uploads(connection, mine)))
