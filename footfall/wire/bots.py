"""Which user agents are programs: flagged with the reason, never dropped; the marts leave them out.

A short list that a person has reviewed, instead of a long one that nobody has: every rule says whom it
means, and the tests hold real agents of people against all of them. Sources: the vendors' own crawler pages,
and the agents that the libraries and tools below send by default.
"""

from __future__ import annotations

import re
from functools import lru_cache

#: (reason, what the agent contains; lower case, regular expression). The first match is the reason.
RULES: tuple[tuple[str, str], ...] = (
    ("search engine", r"googlebot|bingbot|yandex(?:bot|images|mobilebot)|baiduspider|duckduckbot|applebot"),
    (
        "search engine",
        r"adsbot-google|mediapartners-google|google-inspectiontool|googleother|storebot-google",
    ),
    ("search engine", r"petalbot|seznambot|sogou web spider|yahoo! slurp"),
    ("AI crawler", r"gptbot|chatgpt-user|oai-searchbot|claudebot|claude-user|anthropic-ai|perplexitybot"),
    ("AI crawler", r"ccbot|bytespider|amazonbot|meta-externalagent|cohere-ai"),
    (
        "SEO tool",
        r"ahrefs(?:bot|siteaudit)|semrushbot|mj12bot|dotbot|screaming frog|serpstatbot|dataforseobot",
    ),
    # The preview of a shared link. People's in-app browsers say FBAN, Instagram or [Pinterest/iOS] and don't
    # match.
    (
        "link preview",
        r"facebookexternalhit|facebookcatalog|twitterbot|slackbot|telegrambot|discordbot|linkedinbot",
    ),
    ("link preview", r"pinterestbot|^whatsapp/|skypeuripreview|embedly|redditbot"),
    (
        "monitor",
        r"uptimerobot|pingdom|statuscake|site24x7|newrelicpinger|datadogsynthetics|checkly|betteruptime",
    ),
    ("monitor", r"chrome-lighthouse|google page ?speed|gtmetrix|\bptst/"),
    ("automated browser", r"headlesschrome|phantomjs|puppeteer|playwright|selenium|cypress/|slimerjs"),
    # okhttp and Dalvik are left out: on Android they are people's phones.
    (
        "HTTP library",
        r"^curl/|^wget/|python-requests|python-urllib|python-httpx|aiohttp|go-http-client|^java/",
    ),
    (
        "HTTP library",
        r"libwww-perl|apache-httpclient|^axios/|node-fetch|^node$|guzzlehttp|scrapy|^ruby$|postmanruntime",
    ),
    # Well-behaved programs leave an address. "Cubot" is a maker of phones.
    ("names itself a bot", r"\+https?://|(?<!cu)bot\b|\bcrawler\b|\bspider\b"),
)

_PATTERN = re.compile("|".join(f"({pattern})" for _, pattern in RULES))
_REASONS = tuple(reason for reason, _ in RULES)


@lru_cache(maxsize=4096)
def bot_reason(user_agent: str | None) -> str | None:
    """Why this user agent is a program; None for what looks like a person's browser or app."""
    if not user_agent:
        return "no user agent"
    found = _PATTERN.search(user_agent.lower())
    return None if found is None else _REASONS[(found.lastindex or 1) - 1]
