"""What every answer of a staff page carries: nothing may be loaded from elsewhere, framed, sniffed or kept."""
from flask import Response, g, request

from webapp.views.staff_words import LANGUAGE_COOKIE, LANGUAGES

CSP = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
       "form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
HEADERS = {
    "Content-Security-Policy": CSP,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def protect_staff_answer(response: Response) -> Response:
    """Put on whatever leaves by a staff door, errors too; the door's guard left its mark."""
    if g.get("staff_door"):
        response.headers.update(HEADERS)
        response.vary.update(("Cookie", "Accept-Language"))
        remember_language(response)
    return response


def remember_language(response: Response) -> None:
    """`?lang=en` holds for the pages after it too. A preference is not a secret: the cookie says only zh or en."""
    if (wish := request.args.get("lang")) in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, wish, max_age=365 * 86400, secure=request.is_secure, httponly=True,
                            samesite="Lax")
