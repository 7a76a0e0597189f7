"""One thread's own line to the server: bytes out, one reply in, nothing around it.

redis-py makes the connection (address, TLS, sign-in, greeting). Asking goes past it: its pool, retries, telemetry and
its time-outs by poll(2) cost as much as the call, and every scan comes this way.
"""
import socket
import ssl
import struct
from typing import Any

import hiredis
from redis.exceptions import ConnectionError, NoScriptError, ResponseError

READ_BYTES = 65_536


class Line:
    """`connection` is one of redis-py that nobody else uses. Not safe for threads."""

    def __init__(self, connection: Any, timeout_s: float) -> None:
        self._connection, self._timeout_s = connection, timeout_s
        self._socket: Any = None
        self._reader = hiredis.Reader()

    def ask(self, *words: Any) -> Any:
        """The answer to one command, undecoded. Raises ResponseError for an answer that is an error, OSError or
        redis' ConnectionError when none comes in time; then the line is in doubt, and closed."""
        try:
            if self._socket is None:
                self._open()
            self._socket.sendall(hiredis.pack_command(words))
            answer = self._reader.gets()
            while answer is False:  # in RESP2 no answer is False: it is not all here yet
                more = self._socket.recv(READ_BYTES)
                if not more:
                    raise ConnectionError("the server closed the connection")
                self._reader.feed(more)
                answer = self._reader.gets()
        except BaseException:
            self.close()
            raise
        if isinstance(answer, hiredis.ReplyError):
            text = str(answer)
            raise NoScriptError(text) if text.startswith("NOSCRIPT") else ResponseError(text)
        return answer

    def close(self) -> None:
        self._socket = None
        self._connection.disconnect()

    def _open(self) -> None:
        self._connection.connect()
        self._socket, self._reader = self._connection._sock, hiredis.Reader()
        if not isinstance(self._socket, ssl.SSLSocket):
            # Python's own time-outs ask poll(2) before every call; the kernel's cost nothing.
            seconds, rest = divmod(self._timeout_s, 1)
            bound = struct.pack("@ll", int(seconds), int(rest * 1_000_000))
            for way in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                self._socket.setsockopt(socket.SOL_SOCKET, way, bound)
            self._socket.settimeout(None)
