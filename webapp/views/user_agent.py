"""What a user agent says about itself, read once per spelling."""
import re
from functools import lru_cache
from typing import NamedTuple

from crawleruseragents import is_crawler  # type: ignore[import-untyped]

REMEMBERED = 4096


class Agent(NamedTuple):
    """name: wechat | alipay | browser (a phone's) | desktop | script | bot | none. wifi: it says NetType/WIFI.
    is_bot: a known crawler or link preview, or a program that says so."""

    name: str
    wifi: bool
    is_bot: bool


@lru_cache(REMEMBERED)
def agent_of(user_agent: str) -> Agent:
    """`user_agent` must be bounded by the caller. 0.2 ms the first time, then a look-up."""
    if not user_agent.strip():
        return Agent("none", False, False)
    wifi = "NetType/WIFI" in user_agent
    if is_crawler(user_agent) or _PREVIEW.search(user_agent):
        return Agent("bot", wifi, True)
    if "MicroMessenger/" in user_agent:
        return Agent("wechat", wifi, False)
    if "AlipayClient" in user_agent:
        return Agent("alipay", wifi, False)
    if _PHONE.search(user_agent):
        return Agent("browser", wifi, False)
    return Agent("desktop" if user_agent.startswith(("Mozilla/", "Opera/")) else "script", wifi, False)


_PHONE = re.compile(r"Mobile|Android|iPhone|iPad|HarmonyOS|OpenHarmony")
# Fetchers of Chinese messengers and of libraries that the list below does not have.
_PREVIEW = re.compile(r"LinkPreview|UrlPreview|WeChat-?Spider|DingTalkBot|Lark(?:Bot|UrlPreview)|QQ-URL-Manager", re.I)

