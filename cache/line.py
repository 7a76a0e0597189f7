"""One thread's own line to the server: bytes out, replies in, nothing around it.

redis-py makes the connection (address, TLS, sign-in, greeting). Asking goes past it: its pool, retries, telemetry and
its time-outs by poll(2) cost as much as the call, and every scan comes this way.
"""
import socket
import ssl
import struct
from collections.abc import Sequence
from typing import Any

import hiredis
from redis.exceptions import ConnectionError, InvalidResponse

READ_BYTES = 65_536


class Line:
    """`connection` is one of redis-py that nobody else uses. Not safe for threads."""

    def __init__(self, connection: Any, timeout_s: float) -> None:
        self._connection, self._timeout_s = connection, timeout_s
        self._socket: Any = None
        self._reader: Any = None

    def ask(self, commands: Sequence[tuple]) -> list[Any]:
        """The answers to commands sent in one go, undecoded; one that is an error is a hiredis.ReplyError. Raises
        OSError or redis' ConnectionError when they do not come in time; then the line is in doubt, and closed."""
        answers: list[Any] = []
        try:
            if self._socket is None:
                self._open()
            self._socket.sendall(b"".join(map(hiredis.pack_command, commands)))
            while True:
                while (answer := self._reader.gets()) is not False:  # in RESP2 no answer is False: it is still to come
                    answers.append(answer)
                if len(answers) >= len(commands):
                    return answers
                more = self._socket.recv(READ_BYTES)
                if not more:
                    raise ConnectionError("the server closed the connection")
                self._reader.feed(more)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._socket = None
        self._connection.disconnect()

    def _open(self) -> None:
        self._connection.connect()
        self._socket, self._reader = self._connection._sock, hiredis.Reader(protocolError=InvalidResponse)
        if not isinstance(self._socket, ssl.SSLSocket):
            # Python's own time-outs ask poll(2) before every call; the kernel's cost nothing.
            seconds, rest = divmod(self._timeout_s, 1)
            bound = struct.pack("@ll", int(seconds), int(rest * 1_000_000))
            for way in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                self._socket.setsockopt(socket.SOL_SOCKET, way, bound)
            self._socket.settimeout(None)
