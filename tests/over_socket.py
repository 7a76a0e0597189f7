"""HTTP over a server's unix socket."""
import http.client
import socket
from pathlib import Path


class OverSocket(http.client.HTTPConnection):
    """One connection, kept open."""

    def __init__(self, path: str | Path, timeout: float = 20) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
