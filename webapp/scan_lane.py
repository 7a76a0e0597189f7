"""The short way for scans: a WSGI app in front of Flask that answers what looks like a code, and passes on the rest.

Flask's dispatch costs more than the whole answer to a scan. The lane shares every function with the Flask view, so
both give the same bytes; a request it does not take (other methods, odd characters, a foreign host) goes to Flask.
"""
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from webapp.views import visitor
from webapp.views.bad_requests import Hosts, fault_of
from webapp.views.headers import Answer
from webapp.views.public.parts import Parts
from webapp.views.public.scan_answer import answers

Environ = dict[str, Any]
Start = Callable[..., Any]

LOOKS_LIKE_A_CODE = re.compile(r"/[0-9A-Za-z]{4}(?:[ -]?[0-9A-Za-z]{4}){4}/?").fullmatch


class ScanLane:
    """`rest` is the WSGI app that answers everything else."""

    def __init__(self, rest: Callable[[Environ, Start], Iterable[bytes]], parts: Parts, hosts: Hosts) -> None:
        self._rest = rest
        self._parts = parts
        self._hosts = hosts

    def __call__(self, environ: Environ, start_response: Start) -> Iterable[bytes]:
        if not self.takes(environ):
            return self._rest(environ, start_response)
        (status, headers, body), = self.answers([environ])
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def takes(self, environ: Environ) -> bool:
        """Whether a request is answered here."""
        return (environ["REQUEST_METHOD"] in ("GET", "HEAD") and LOOKS_LIKE_A_CODE(environ["PATH_INFO"]) is not None
                and fault_of(environ, self._hosts) is None)

    def answers(self, environs: Sequence[Environ]) -> list[Answer]:
        """Of requests that are answered here, in order; bodies also where HEAD leaves them out."""
        parts = self._parts
        return answers([(visitor.read(one, parts), one["PATH_INFO"].strip("/")) for one in environs], parts)
