"""Where issued codes are written: a new file, the unfinished file of a cut-off issue, or a stream."""
import fcntl
import os
from pathlib import Path
from typing import BinaryIO

from webapp.codes.block import BlockRefused


def open_out(path: Path, resume: bool) -> BinaryIO:
    """Open `path` for writing; `-` is standard output. Raises BlockRefused, OSError.

    A regular file is made readable by its owner only (who has the list can print copies) and locked while we write.
    """
    if str(path) == "-":
        return os.fdopen(os.dup(1), "wb")
    if path.exists() and not path.is_file():  # a pipe, a terminal, /dev/null
        return path.open("wb")
    flags = os.O_RDWR | os.O_CREAT | (0 if resume else os.O_EXCL)
    try:
        file = os.fdopen(os.open(path, flags, 0o600), "r+b")
    except FileExistsError:
        raise BlockRefused(f"{path} exists and is not overwritten; take another name, or continue it with --resume "
                           "if its issuing was cut off") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise BlockRefused(f"another process is issuing into {path} right now") from None
    return file
