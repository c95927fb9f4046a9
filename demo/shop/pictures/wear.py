"""Jackets and base layers."""

# ruff: noqa: E501 - the data of a path has no good place to break

from __future__ import annotations

from demo.shop.pictures.pen import BRASS, LEATHER, Look, Shape, circle, line, path, rect, shadow


def _sleeves(look: Look, long: bool = True) -> str:
    left = (
        "M300 222C240 240 214 300 196 400L166 560 232 580 300 380Z"
        if long
        else "M300 222C250 236 222 280 200 350L264 386 306 300Z"
    )
    right = (
        "M500 222C560 240 586 300 604 400L634 560 568 580 500 380Z"
        if long
        else "M500 222C550 236 578 280 600 350L536 386 494 300Z"
    )
    cuffs = line("M168 556 232 576M632 556 568 576", look.deep, 7, opacity=0.5) if long else ""
    return path(left, look.dark) + path(right, look.dark) + cuffs


def _torso(bottom: float, look: Look, wide: float = 0) -> str:
    return path(
        f"M318 206C350 226 450 226 482 206L530 232 {522 + wide} {bottom - 20}C{520 + wide} {bottom} 500 {bottom} 490 {bottom}"
        f"H310C300 {bottom} {280 - wide} {bottom} {278 - wide} {bottom - 20}L270 232Z",
        look.colour,
    )


def _hood(look: Look) -> str:
    return path("M312 224C296 120 352 96 400 96S504 120 488 224C452 252 348 252 312 224Z", look.dark) + path(
        "M336 222C326 146 362 128 400 128S474 146 464 222C440 240 360 240 336 222Z", look.deep
    )


def _collar(look: Look, colour: str = "") -> str:
    return path(
        "M322 214C326 178 352 168 400 168S474 178 478 214C446 236 354 236 322 214Z", colour or look.dark
    ) + path("M350 214C356 194 372 188 400 188S444 194 450 214C434 226 366 226 350 214Z", look.deep)


def _zip(look: Look, top: float, bottom: float) -> str:
    return line(f"M400 {top}V{bottom}", look.deep, 5) + rect(394, top + 14, 12, 26, 5, look.accent)


def jacket(hood: bool, bottom: float = 600, *, quilt: bool = False, slim: bool = False) -> Shape:
    def shape(look: Look) -> str:
        wide = 0 if slim else 8
        inside = (
            shadow(400, 700, 220)
            + (_hood(look) if hood else "")
            + _sleeves(look)
            + _torso(bottom, look, wide)
        )
        if not hood:
            inside += _collar(look)
        if quilt:
            rows = range(270, int(bottom) - 20, 46)
            inside += line(
                "".join(f"M274 {y}Q400 {y + 16} 526 {y}" for y in rows), look.deep, 4, opacity=0.42
            )
            inside += line(
                "".join(
                    f"M{214 - (y - 270) * 0.16:.0f} {y + 60}l64 15M{586 + (y - 270) * 0.16:.0f} {y + 60}l-64 15"
                    for y in rows[:4]
                ),
                look.deep,
                4,
                opacity=0.32,
            )
        else:
            inside += path("M270 232 318 206 334 300 288 330Z", look.light, opacity=0.55)
            inside += path("M530 232 482 206 466 300 512 330Z", look.light, opacity=0.55)
            inside += line(
                f"M300 {bottom - 150} 346 {bottom - 200}M500 {bottom - 150} 454 {bottom - 200}", look.deep, 6
            )
        inside += _zip(look, 232, bottom - 4)
        return inside + rect(440, 290, 34, 20, 3, look.accent, opacity=0.9)

    return shape


def gilet(look: Look) -> str:
    body = shadow(400, 690, 180) + path(
        "M318 206C350 226 450 226 482 206L524 226C500 290 506 340 528 380L522 590C520 610 500 610 490 610H310C300 610 280 610 278 590L272 380C294 340 300 290 276 226Z",
        look.colour,
    )
    rows = range(280, 590, 50)
    body += line(
        "".join(f"M{284 if y > 380 else 304} {y}Q400 {y + 16} {516 if y > 380 else 496} {y}" for y in rows),
        look.deep,
        4,
        opacity=0.4,
    )
    return body + _collar(look) + _zip(look, 230, 606)


def wax(look: Look) -> str:
    inside = shadow(400, 720, 220) + _sleeves(look) + _torso(650, look, 14) + _collar(look, LEATHER)
    inside += rect(292, 500, 86, 92, 8, look.dark) + rect(422, 500, 86, 92, 8, look.dark)
    inside += path("M288 496h94v26l-47 10-47-10ZM418 496h94v26l-47 10-47-10Z", look.deep)
    inside += line("M400 230V646", look.deep, 14) + "".join(
        circle(400, y, 8, BRASS) for y in (270, 350, 430, 510, 590)
    )
    return inside + line("M300 380h60M500 380h-60", look.deep, 5, opacity=0.7)


def fleece(look: Look) -> str:
    inside = shadow(400, 700, 220) + _sleeves(look) + _torso(606, look, 6)
    inside += path(
        "M270 232 318 206C350 226 450 226 482 206L530 232 524 320Q400 356 276 320Z", look.dark
    ) + _collar(look)
    dots = "".join(
        circle(296 + (x * 26) + (y % 2) * 13, 356 + y * 26, 5, look.pale, opacity=0.5)
        for y in range(9)
        for x in range(9)
    )
    return inside + dots + _zip(look, 230, 430) + rect(300, 380, 60, 62, 6, look.dark)


def poncho(look: Look) -> str:
    return (
        shadow(400, 690, 250)
        + _hood(look)
        + path(
            "M330 216C360 236 440 236 470 216C560 300 630 460 660 610C560 660 240 660 140 610C170 460 240 300 330 216Z",
            look.colour,
        )
        + path(
            "M330 216C300 300 270 460 262 640C220 636 170 626 140 610C170 460 240 300 330 216Z",
            look.light,
            opacity=0.5,
        )
        + line("M400 236V330", look.deep, 5)
        + line("M152 596C250 640 550 640 648 596", look.pale, 5, opacity=0.7)
    )


def anorak(look: Look) -> str:
    inside = shadow(400, 710, 220) + _hood(look) + _sleeves(look) + _torso(630, look, 12)
    inside += (
        line("M400 236V350", look.deep, 6)
        + rect(320, 380, 160, 110, 12, look.dark)
        + path("M314 376h172v34l-86 16-86-16Z", look.deep)
    )
    return inside + line("M276 540Q400 556 524 540", look.deep, 5, opacity=0.6)


def top(*, long: bool = True, neck: str = "crew") -> Shape:
    def shape(look: Look) -> str:
        inside = shadow(400, 690, 190) + _sleeves(look, long) + _torso(600, look)
        if neck == "zip":
            inside += _collar(look) + _zip(look, 226, 380)
        else:
            inside += path("M318 206C350 226 450 226 482 206C470 262 330 262 318 206Z", look.deep)
            inside += line("M316 208C330 270 470 270 484 208", look.light, 8)
        if look.has("merino"):
            inside += line("".join(f"M290 {y}H510" for y in range(320, 590, 30)), look.deep, 2, opacity=0.22)
        if look.has("mesh"):
            inside += "".join(
                circle(300 + x * 25 + y % 2 * 12, 330 + y * 25, 6, look.deep, opacity=0.4)
                for x in range(9)
                for y in range(10)
            )
        return inside + rect(466, 566, 26, 18, 2, look.accent)

    return shape


def vest_top(look: Look) -> str:
    return (
        shadow(400, 680, 170)
        + path(
            "M330 190h34c6 60 66 60 72 0h34c4 90 30 120 60 140L520 610H280L270 330C300 310 326 280 330 190Z",
            look.colour,
        )
        + line("M330 190c4 90-20 120-58 142M470 190c-4 90 20 120 58 142", look.accent, 10)
    )


def leggings(look: Look) -> str:
    return (
        shadow(400, 720, 140)
        + path("M296 130H504L520 420 492 690H422L404 330H396L378 690H308L280 420Z", look.colour)
        + path("M296 130h208l2 44H294Z", look.deep)
        + path("M400 330 404 330 422 690H470L452 320Z", look.light, opacity=0.35)
        + line("M308 660h70M422 660h70", look.deep, 5, opacity=0.6)
    )


def underwear(long: bool) -> Shape:
    legs = (
        "L566 520 430 530 404 420H396L370 530 234 520Z"
        if long
        else "C520 400 470 440 420 520H380C330 440 280 400 238 380Z"
    )

    def shape(look: Look) -> str:
        body = path(f"M240 270H560{'' if long else 'L562 380'}{legs}", look.colour)
        return (
            shadow(400, 620, 170)
            + body
            + rect(238, 258, 324, 44, 8, look.deep)
            + line("M400 302V420", look.deep, 4, opacity=0.5)
        )

    return shape


def bralette(look: Look) -> str:
    return (
        shadow(400, 610, 170)
        + line("M316 220C320 300 300 330 286 380M484 220C480 300 500 330 514 380", look.dark, 26)
        + path("M300 330C330 400 380 410 400 410S470 400 500 330L540 400 530 520H270L260 400Z", look.colour)
        + rect(262, 506, 276, 44, 10, look.deep)
        + line("M400 412V500", look.dark, 5, opacity=0.6)
    )


SHAPES: dict[str, Shape] = {
    "shell-jacket": jacket(True),
    "windshirt": jacket(False, 590, slim=True),
    "softshell": jacket(True, 596, slim=True),
    "down-jacket": jacket(True, 600, quilt=True),
    "insulated-jacket": jacket(True, 620, quilt=True),
    "parka": jacket(True, 690),
    "wax-jacket": wax,
    "overshirt": wax,
    "fleece": fleece,
    "gilet": gilet,
    "poncho": poncho,
    "anorak": anorak,
    "t-shirt": top(long=False),
    "crew-top": top(),
    "zip-top": top(neck="zip"),
    "vest-top": vest_top,
    "leggings": leggings,
    "boxers": underwear(True),
    "briefs": underwear(False),
    "bralette": bralette,
}
