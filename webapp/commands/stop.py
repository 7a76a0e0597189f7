"""How a command ends early: one line for the person, one number for the program."""

WRONG_USAGE, PARTLY, REFUSED, SERVICE_AWAY = 2, 3, 4, 5


class Stop(Exception):
    """Raised by a command: `text` says what, where and what to do; `code` is the exit code of the README."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text
