"""How a browser sends the forms of the staff pages."""
import re

from flask.testing import FlaskClient


def form_token(client: FlaskClient, page: str = "/login") -> str:
    """The token that stands in the forms of a page."""
    return re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text).group(1)


def press(client: FlaskClient, page: str, action: str, **fields: str):
    """Send a form that stands on `page`, as a browser would."""
    fields["csrf_token"] = form_token(client, page)
    return client.post(action, data=fields, headers={"Sec-Fetch-Site": "same-origin"})
