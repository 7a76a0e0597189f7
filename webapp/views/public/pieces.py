"""Pages from rendered pieces: a template's block is rendered once, and only its holes are filled for each scan.

A hole is written {{ holes.code }} in the template. Rendering leaves a mark there; the piece is the text between the
marks, ready as bytes.
"""
import base64
import re
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from webapp.views.public.formats import FILTERS
from webapp.views.public.words import words

ROOT = Path(__file__).parents[3]
_MARK = re.compile("\x00([a-z_]+)\x00")


Fill = Callable[[str, Any], bytes]  # (language, facts of one visit) -> what stands in a hole


class Piece(NamedTuple):
    """texts[0] hole[0] texts[1] hole[1] … texts[n]."""

    texts: tuple[bytes, ...]
    holes: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes in memory, its place in a cache with them."""
        return 600 + sum(map(len, self.texts))


class _Holes:
    """Every attribute is the mark of the hole of that name."""

    def __getattr__(self, name: str) -> Markup:
        return Markup(f"\x00{name}\x00")  # noqa: S704 a constant from our own template


class Templates:
    """The shopper's templates with sheet and script inline. Safe between threads; holds no state of a visit."""

    def __init__(self) -> None:
        self.css = _smaller((ROOT / "static/public/page.css").read_text("utf-8"))
        self.script = (ROOT / "static/public/mark_address.js").read_text("utf-8").strip()
        self._environment = Environment(
            loader=FileSystemLoader(ROOT / "templates"), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True)
        self._environment.filters.update(FILTERS)
        self._environment.globals.update(css=Markup(self.css), script="", scanned=False, switch="")  # noqa: S704
        self.holes = _Holes()

    @property
    def csp(self) -> str:
        """What these pages may load: their own sheet and script, nothing else."""
        return (f"default-src 'none'; style-src '{_digest(self.css)}'; script-src '{_digest(self.script)}'; "
                "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")

    def page(self, template: str, language: str, **facts: Any) -> bytes:
        """A whole page."""
        return self._environment.get_template(template).render(_with_words(language, facts)).encode()

    def piece(self, template: str, block: str, language: str, **facts: Any) -> Piece:
        """One block of a template, with holes."""
        found = self._environment.get_template(template)
        facts = _with_words(language, facts) | {"holes": self.holes}
        if facts.get("scanned"):
            facts["script"] = Markup(self.script)  # noqa: S704 our own file
        html = "".join(found.blocks[block](found.new_context(facts)))
        texts = _MARK.split(html)
        return Piece(tuple(text.encode() for text in texts[::2]), tuple(texts[1::2]))


class Joined(NamedTuple):
    """Pieces one after the other: `texts` with an empty place for each hole, `holes` as (place, name)."""

    texts: list[bytes]
    holes: tuple[tuple[int, str], ...]

    def filled(self, fills: Mapping[str, Fill], language: str, facts: Any) -> bytes:
        """The whole, every hole filled. Whoever makes a hole's bytes escapes what is not ours."""
        texts = self.texts.copy()
        for place, name in self.holes:
            texts[place] = fills[name](language, facts)
        return b"".join(texts)


def join(pieces: Iterable[Piece]) -> Joined:
    """The pieces' own texts, not copies: thousands of pages share a head, a sheet and a foot."""
    texts: list[bytes] = []
    holes: list[tuple[int, str]] = []
    for piece in pieces:
        texts.append(piece.texts[0])
        for name, text in zip(piece.holes, piece.texts[1:], strict=True):
            holes.append((len(texts), name))
            texts += [b"", text]
    return Joined(texts, tuple(holes))


def with_holes(sentence: str, holes: _Holes, names: tuple[str, ...]) -> Markup:
    """A sentence of the catalogue whose {names} stay open."""
    return Markup(escape(sentence)).format_map({name: getattr(holes, name) for name in names})


def _with_words(language: str, facts: dict[str, Any]) -> dict[str, Any]:
    keep = "" if language == "zh" else f"?lang={language}"
    return {"t": words(language), "keep_language": keep} | facts


def _smaller(css: str) -> str:
    """Without comments and line ends; the sheet is written to survive that."""
    return re.sub(r"\s*\n\s*", "", re.sub(r"/\*.*?\*/", "", css, flags=re.S)).strip()


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(sha256(text.encode()).digest()).decode()
