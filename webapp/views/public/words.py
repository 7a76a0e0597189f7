"""The words of the shopper's pages: translations/public.toml, one dictionary a language."""
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[3] / "translations" / "public.toml"
LANGUAGES = ("zh", "en")
LANGUAGE_TAG = {"zh": "zh-CN", "en": "en"}

Words = dict[str, Any]


@cache
def words(language: str) -> Words:
    """Every word in one language, by section and key; where one is missing, the Chinese stands in."""
    told = _in(language, tomllib.loads(FILE.read_text("utf-8")))
    told["lang"] = LANGUAGE_TAG[language]
    told["language"] = language
    told["other"] = "en" if language == "zh" else "zh"
    return told


def _in(language: str, entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    if "zh" in entry:
        return entry.get(language) or entry["zh"]
    return {key: _in(language, value) for key, value in entry.items()}
