"""The words of the staff pages, Chinese and English side by side in one file, so that neither is forgotten."""
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).parents[2] / "translations" / "staff.toml"
LANGUAGES = ("zh", "en")
LANGUAGE_COOKIE = "lang"


class Words(NamedTuple):
    """Call it with a key ("login.title") and the values its sentence wants."""

    language: str
    sentences: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        sentence = self.sentences[key]
        return sentence.format_map(values) if values else sentence

    def word(self, section: str, key: str) -> str:
        """The reader's word for a value of the database; one that is newer than this catalogue is shown as it is."""
        return self.sentences.get(f"{section}.{key}", key)


@cache
def words(language: str) -> Words:
    """Every sentence of one language. The file is read at the first page, not at import."""
    return Words(language, {f"{section}.{key}": pair[language]
                            for section, pairs in tomllib.loads(FILE.read_text("utf-8")).items()
                            for key, pair in pairs.items()})
