"""Codes that look like ours and are not."""
from webapp.keys import CodeKeys
from webapp.verify.code import ALPHABET, BadCode, read_code


def forge(good: str, keys: CodeKeys) -> str:
    """A well-formed code with a wrong tag, too far from `good` to be a slip of the finger."""
    for shift in range(1, 32):
        wrong = good[:10] + "".join(ALPHABET[(ALPHABET.index(x) + shift) % 32] for x in good[10:])
        if isinstance(read_code(wrong, keys), BadCode):
            return wrong
    raise AssertionError("every tag is right")  # 31 tags of 50 bits cannot all be
