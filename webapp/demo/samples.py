"""One code for each verdict, whose page says that word when a fresh visitor opens it."""
from webapp.demo.forgery import forge
from webapp.demo.lots import EXPIRED, RECALLED, UNRELEASED
from webapp.demo.scans import Issued
from webapp.demo.stories import Story
from webapp.keys import CodeKeys
from webapp.verify.code import code_of
from webapp.verify.verdict import Verdict

FIRST_LOT, FORWARDED_LOT, VOID_LOT = 56, 52, 47


def sample_serials(issued: list[Issued], stories: list[Story], waiting: int) -> dict[Verdict, int]:
    """The serials of the ten verdicts that a code of ours can have; `waiting` is one that no lot has claimed."""
    told = {story.name: story.serial for story in stories}
    return {
        Verdict.RECALLED: issued[RECALLED].reserved(0),
        Verdict.VOID: issued[VOID_LOT].reserved(0),
        Verdict.SUSPECT: told["suspect"],
        Verdict.UNRELEASED: issued[UNRELEASED].reserved(0),
        Verdict.EXPIRED: issued[EXPIRED].reserved(0),
        Verdict.CAUTION: told["caution"],
        Verdict.AGAIN: told["again"],
        Verdict.SHARED_LINK: issued[FORWARDED_LOT].reserved(0),
        Verdict.FIRST: issued[FIRST_LOT].reserved(0),
        Verdict.PENDING: waiting,
    }


def sample_codes(serials: dict[Verdict, int], spare: int, keys: CodeKeys) -> dict[str, str]:
    """The codes by verdict, worst first. What is no code of ours is made from `spare`, a serial nobody else uses."""
    codes = {str(verdict): code_of(serial, keys) for verdict, serial in serials.items()}
    good = code_of(spare, keys)
    codes[Verdict.UNKNOWN] = forge(good, keys)
    codes[Verdict.MALFORMED] = good[:9] + good[10:]  # one character missing: the page offers the right code
    return {str(verdict): codes[verdict] for verdict in Verdict}
