"""Simulates visitors: tastes, budget, devices, traffic source, account.

Shares are guesses at an ordinary small shop, not measurements; what matters for the demo is that people differ in
ways that recommendations can find.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from demo.simulator.dice import dice, number, pick, poisson, token

#: Kinds of people: share, and the categories they like with weights. One or two more may join by chance.
PERSONAS: list[tuple[float, dict[str, float]]] = [
    (0.20, {"Jackets": 3, "Base Layers": 2, "Footwear": 2}),
    (0.17, {"Tents": 3, "Sleeping Bags": 3, "Camp Kitchen": 2}),
    (0.12, {"Backpacks": 3, "Tents": 1.5, "Footwear": 2}),
    (0.15, {"Ceramics": 3, "Lamps": 2}),
    (0.14, {"Coffee & Tea": 4, "Ceramics": 1.5}),
    (0.08, {"Camp Kitchen": 3, "Coffee & Tea": 2}),
    (0.08, {"Lamps": 3}),
    (0.06, {"Footwear": 3, "Base Layers": 2}),
]
#: What people like beyond a category: tags of the catalogue, with how many people care.
LIKES: list[tuple[str, float]] = [
    ("merino", 3), ("down", 3), ("titanium", 2), ("ultralight", 3), ("waterproof", 3), ("cotton", 2), ("wool", 2),
    ("leather", 2), ("stoneware", 3), ("fireside", 2), ("gift", 2), ("town", 2), ("running", 2), ("winter", 3),
    ("family", 2), ("children", 1), ("brass", 1), ("espresso", 2), ("filter", 2), ("fruity", 1), ("home", 2),
    ("travel", 2), ("bushcraft", 2), ("recycled", 1),
]  # fmt: skip
_COLOURS = [
    "Moss",
    "Slate",
    "Rust",
    "Black",
    "Forest",
    "Oatmeal",
    "Sky",
    "Charcoal",
    "Navy",
    "Graphite",
    "Mustard",
]
#: Locale, time zone, hours ahead of UTC (good enough for the hour of the day).
PLACES: list[tuple[tuple[str, str, int], float]] = [
    (("en-GB", "Europe/London", 0), 78),
    (("en-IE", "Europe/Dublin", 0), 8),
    (("de-DE", "Europe/Berlin", 1), 6),
    (("nl-NL", "Europe/Amsterdam", 1), 4),
    (("fr-FR", "Europe/Paris", 1), 4),
]


@dataclass(frozen=True)
class Hardware:
    """A browser as it presents itself."""

    user_agent: str
    screen: tuple[int, int]
    viewport: tuple[int, int]
    is_phone: bool


_MOZ = "Mozilla/5.0"
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_IPHONE = f"{_MOZ} (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
_MAC = f"{_MOZ} (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
_ANDROID = f"{_MOZ} (Linux; Android 10; K) {_WEBKIT}"
_GALAXY = f"{_MOZ} (Linux; Android 14; SM-S921B Build/UP1A.231005.007; wv) {_WEBKIT} Version/4.0"
_WINDOWS = f"{_MOZ} (Windows NT 10.0; Win64; x64) {_WEBKIT}"
#: With how many people of a hundred have one.
PHONES: list[tuple[Hardware, float]] = [
    (Hardware(f"{_IPHONE} Version/18.6 Mobile/15E148 Safari/604.1", (390, 844), (390, 664), True), 52),
    (Hardware(f"{_ANDROID} Chrome/141.0.0.0 Mobile Safari/537.36", (412, 915), (412, 783), True), 34),
    (Hardware(f"{_ANDROID} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
              (360, 780), (360, 648), True), 9),
    (Hardware(f"{_IPHONE} CriOS/141.0.7390.41 Mobile/15E148 Safari/604.1", (393, 852), (393, 658), True), 5),
]  # fmt: skip
LAPTOPS: list[tuple[Hardware, float]] = [
    (Hardware(f"{_WINDOWS} Chrome/141.0.0.0 Safari/537.36", (1920, 1080), (1903, 969), False), 39),
    (Hardware(f"{_MAC} Version/18.6 Safari/605.1.15", (1512, 982), (1512, 860), False), 20),
    (Hardware(f"{_WINDOWS} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0", (1536, 864), (1521, 730), False), 16),
    # an iPad, which calls itself a Mac
    (Hardware(f"{_MAC} Version/18.6 Safari/605.1.15", (820, 1180), (820, 1106), False), 14),
    (Hardware(f"{_MOZ} (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0",
              (1920, 1080), (1920, 947), False), 8),
    (Hardware(f"{_MOZ} (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
              (1920, 1080), (1920, 947), False), 3),
]  # fmt: skip
#: The windows of the apps in which a phone opens a link of theirs, by the name of the link's source.
APPS: dict[str, list[Hardware]] = {
    "instagram": [
        Hardware(f"{_IPHONE} Mobile/22G86 Instagram 400.0.0.21.94 (iPhone15,2; iOS 18_6; en_GB; scale=3.00)",
                 (390, 844), (390, 700), True),
        Hardware(f"{_GALAXY} Chrome/140.0.0.0 Mobile Safari/537.36 Instagram 400.0.0.49.68 Android (34/14; 480dpi)",
                 (360, 780), (360, 670), True),
    ],
    "facebook": [
        Hardware(f"{_IPHONE} Mobile/22G86 [FBAN/FBIOS;FBAV/530.0.0.48.74;FBDV/iPhone15,2;FBSN/iOS;FBSV/18.6]",
                 (390, 844), (390, 680), True),
        Hardware(f"{_GALAXY} Chrome/140.0.0.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/530.0.0.48.74;]",
                 (360, 780), (360, 660), True),
    ],
}  # fmt: skip
BOTS = [
    f"{_MOZ} (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    f"{_MOZ} (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    f"{_MOZ} (X11; Linux x86_64) {_WEBKIT} HeadlessChrome/139.0.0.0 Safari/537.36",
]


@dataclass
class Device:
    """A browser of one person, with what the pixel keeps in it."""

    hardware: Hardware
    name: str
    guest: str
    first_guest: str = field(init=False)
    guests: int = 1
    user_id: str | None = None
    cart: list[tuple[str, str, int]] = field(default_factory=list)
    """Lines as (product id, variant id, quantity)."""
    cart_token: str | None = None

    def __post_init__(self) -> None:
        self.first_guest = self.guest

    def forget(self) -> None:
        """Logout: a new guest token, as the pixel does it."""
        self.user_id = None
        self.guests += 1
        self.guest = token(self.name, "guest", self.guests)
        self.cart, self.cart_token = [], None


@dataclass
class Visitor:
    """One person and what they are like."""

    index: int
    categories: list[tuple[str, float]]
    likes: frozenset[str]
    colour: str
    size: int
    """Where in a list of sizes this person looks: 0 smallest to 4 largest."""
    budget: float
    """0: looks for the cheapest, 1: the dearest."""
    intent: float
    """Readiness to buy, about 1 on average."""
    patience: float
    """Pages looked at, about 1 on average."""
    returns: int
    account: str | None
    place: tuple[str, str, int]
    devices: list[Device]
    is_bot: bool = False
    apps: dict[str, Device] = field(default_factory=dict)
    """Windows of apps that links were opened in: to a shop they are browsers of their own, with own guests."""


def make_visitor(seed: int, index: int) -> Visitor:
    """Visitor number ``index`` of this seed; the same for any number of visitors."""
    rng = dice(seed, "visitor", index)
    name = f"{seed}/{index}"
    is_bot = rng.random() < 0.008
    categories = dict(pick(rng, [(liked, share) for share, liked in PERSONAS]))
    while len(categories) > 1 and rng.random() < 0.35:
        categories.pop(min(categories, key=lambda c: categories[c]))
    if rng.random() < 0.3:
        stray = rng.choice([c for _, liked in PERSONAS for c in liked])
        categories.setdefault(stray, 1.0)
    likes = frozenset(pick(rng, LIKES) for _ in range(rng.choice((2, 2, 3))))
    returns = poisson(rng, pick(rng, [(0.2, 58.0), (1.3, 30.0), (4.5, 12.0)]))
    account = None
    if not is_bot and rng.random() < (0.16 + 0.09 * min(returns, 4)):
        account = str(6_100_000_000_000 + number(seed, "account", index) % 10**11)
    kinds = [True] if rng.random() < 0.62 else [False]
    if account and returns and rng.random() < 0.3:
        kinds.append(not kinds[0])
    devices = [
        Device(pick(rng, PHONES if phone else LAPTOPS), f"{name}/{i}", token(name, i, "guest", 1))
        for i, phone in enumerate(kinds)
    ]
    if is_bot:
        hardware = Hardware(rng.choice(BOTS), (1024, 768), (1024, 768), False)
        devices = [Device(hardware, f"{name}/0", token(name, 0, "guest", 1))]
    return Visitor(
        index=index,
        categories=list(categories.items()),
        likes=likes,
        colour=rng.choice(_COLOURS),
        size=min(4, max(0, round(rng.gauss(2, 0.9)))),
        budget=rng.betavariate(2, 2),
        intent=rng.gammavariate(2.2, 1 / 2.2),
        patience=rng.gammavariate(3, 1 / 3),
        returns=returns,
        account=account,
        place=pick(rng, PLACES),
        devices=devices,
        is_bot=is_bot,
    )


def opened_in(visitor: Visitor, device: Device, source: Source) -> Device:
    """The browser that a session happens in: on a phone a link from an app opens in that app's own window."""
    app = dict(source.campaign).get("utm_source", "")
    if app not in APPS or not device.hardware.is_phone:
        return device
    if app not in visitor.apps:
        is_apple = "iPhone" in device.hardware.user_agent
        name = f"{device.name}/{app}"
        visitor.apps[app] = Device(APPS[app][0 if is_apple else 1], name, token(name, "guest", 1))
    return visitor.apps[app]


@dataclass(frozen=True)
class Source:
    """The start of a session: the referrer and the campaign parameters."""

    name: str
    referrer: str
    campaign: tuple[tuple[str, str], ...] = ()
    landing: str = "home"
    """home, collection, product or new-in"""


_SOURCES: list[tuple[Source, float]] = [
    (Source("direct", ""), 25),
    (Source("organic", "https://www.google.com/", landing="collection"), 20),
    (Source("organic", "https://www.google.com/", landing="product"), 14),
    (Source("organic", "https://duckduckgo.com/", landing="collection"), 3),
    (Source("paid", "https://www.google.com/",
            (("utm_source", "google"), ("utm_medium", "cpc"), ("utm_campaign", "autumn-layers")), "collection"), 8),
    (Source("shopping", "https://www.google.com/",
            (("utm_source", "google"), ("utm_medium", "cpc"), ("utm_campaign", "shopping-feed")), "product"), 7),
    (Source("social", "https://www.instagram.com/",
            (("utm_source", "instagram"), ("utm_medium", "social"), ("utm_campaign", "kiln-week")), "product"), 9),
    (Source("social", "https://www.facebook.com/",
            (("utm_source", "facebook"), ("utm_medium", "paid_social"), ("utm_campaign", "new-in")), "new-in"), 5),
    (Source("referral", "https://www.fellwalkersdiary.example/gear-list", landing="product"), 4),
    (Source("referral", "https://slowcoffee.example/guides/pour-over", landing="product"), 2),
]  # fmt: skip
_NEWSLETTER = Source(
    "email",
    "",
    (("utm_source", "newsletter"), ("utm_medium", "email"), ("utm_campaign", "november-letter")),
    "new-in",
)


def source_of(rng: random.Random, visit: int) -> Source:
    """Return where a session comes from; people who return type the address or follow the newsletter more often."""
    if visit and rng.random() < 0.5:
        return _NEWSLETTER if rng.random() < 0.35 else _SOURCES[0][0]
    return pick(rng, _SOURCES)
