"""Heads, hands and feet. Footwear is seen from the side, toe to the right."""

# ruff: noqa: E501 - the data of a path has no good place to break

from __future__ import annotations

from demo.shop.pictures.pen import (
    BRASS,
    CREAM,
    LEATHER,
    RUBBER,
    STEEL,
    WOOD,
    Look,
    Shape,
    circle,
    ellipse,
    line,
    moved,
    path,
    rect,
    shadow,
)


def _sock(look: Look, x: float) -> str:
    return moved(
        path(
            "M330 150H450V430C450 470 480 490 540 520C590 545 590 610 530 612H400C350 612 330 580 330 530Z",
            look.colour,
        )
        + rect(326, 146, 128, 56, 10, look.dark)
        + path("M330 500C360 540 350 600 380 610C345 604 330 575 330 530Z", look.accent, opacity=0.9)
        + path("M540 520C590 545 590 610 530 612H500C530 590 545 560 520 510Z", look.accent, opacity=0.9)
        + line("M336 250H446M336 284H446", look.pale, 9, opacity=0.8),
        x,
    )


def socks(look: Look) -> str:
    return shadow(410, 650, 220) + moved(_sock(look, -120), 0, -16) + _sock(look, 20)


def _hand(look: Look, mitten: bool) -> str:
    fingers = (
        "M300 400C290 260 330 200 390 200S480 260 470 400V420Z"
        if mitten
        else "M300 420V270c0-34 40-34 40 0v-44c0-34 40-34 40 0v-14c0-34 40-34 40 0v24c0-34 40-34 42 4L470 420Z"
    )
    return (
        path(fingers, look.colour)
        + path("M300 380H470V520C470 540 300 540 300 520Z", look.colour)
        + path("M300 360C240 330 214 370 236 410L304 480Z", look.dark)
        + rect(294, 510, 182, 84, 16, look.deep)
    )


def gloves(look: Look) -> str:
    mitten = look.has("wool")
    return (
        shadow(410, 640, 230)
        + moved(_hand(look, mitten), -90, -10, turn=-6)
        + moved(_hand(look, mitten), 110, 10, turn=8)
    )


def beanie(look: Look) -> str:
    bobble = (
        circle(400, 190, 62, look.accent)
        + "".join(
            line(f"M400 190l{dx} {dy}", CREAM, 5, opacity=0.6)
            for dx, dy in ((-40, -30), (30, -44), (44, 20), (-20, 44), (-50, 14))
        )
        if look.has("gift")
        else ""
    )
    ribs = "".join(f"M{x} 470V566" for x in range(250, 560, 26))
    stripes = (
        line("M232 400Q400 370 568 400M244 350Q400 320 556 350", CREAM, 14, opacity=0.7, dash="10 18")
        if look.has("gift")
        else ""
    )
    return (
        shadow(400, 620, 200)
        + bobble
        + path("M222 480C210 300 290 210 400 210S590 300 578 480Z", look.colour)
        + stripes
        + rect(212, 456, 376, 120, 26, look.dark)
        + line(ribs, look.deep, 5, opacity=0.5)
    )


def neck_tube(look: Look) -> str:
    return (
        shadow(400, 640, 190)
        + path("M260 230C300 200 500 200 540 230L560 590C500 630 300 630 240 590Z", look.colour)
        + ellipse(400, 232, 140, 34, look.deep)
        + line("M270 330C350 380 460 340 536 380M258 450C340 490 470 450 548 500", look.dark, 9, opacity=0.7)
    )


def _sole(look: Look, lugs: bool, y: float = 590) -> str:
    teeth = "".join(rect(x, y + 26, 26, 18, 3, RUBBER) for x in range(206, 610, 40)) if lugs else ""
    return (
        path(
            f"M196 {y - 8}H620C640 {y - 8} 640 {y + 30} 616 {y + 30}H214C196 {y + 30} 192 {y + 6} 196 {y - 8}Z",
            RUBBER,
        )
        + teeth
    )


def boot(height: float, *, lugs: bool = True, fur: bool = False) -> Shape:
    """``height``: where the shaft ends, from 430 (a shoe) up to 190 (a high boot)."""

    def shape(look: Look) -> str:
        collar = max(height, 200)
        upper = path(
            f"M206 586V{collar + 30}C206 {collar} 226 {collar} 250 {collar}H376C392 {collar} 396 {collar + 14} 398 {collar + 30}L420 430C500 450 600 490 618 560C622 580 620 590 616 590H206Z",
            look.colour,
        )
        toe = path(
            "M520 478C580 500 612 530 618 566C620 584 620 590 616 590H540C556 550 550 510 520 478Z", look.dark
        )
        heel = path("M206 586V480C240 500 250 550 240 588Z", look.dark)
        laces = "".join(
            line(f"M{378 + i * 22} {collar + 56 + i * ((452 - collar - 56) / 3):.0f}l44 -18", look.accent, 8)
            for i in range(4)
        )
        cuff = rect(200, collar - 26, 200, 52, 24, CREAM if fur else look.deep)
        return (
            shadow(410, 640, 260)
            + upper
            + toe
            + heel
            + line("M262 588C290 520 340 500 420 520", look.deep, 5, opacity=0.5)
            + laces
            + cuff
            + _sole(look, lugs)
        )

    return shape


def chelsea(look: Look) -> str:
    return (
        shadow(410, 640, 250)
        + path(
            "M230 588V250C230 236 240 230 260 230H380C394 230 398 238 400 252L420 430C500 450 596 500 612 566L614 588Z",
            look.colour,
        )
        + path("M296 262H350L368 430 300 440Z", look.deep)
        + line("".join(f"M{306 + i * 12} 270l{4 + i} 156" for i in range(5)), look.dark, 4)
        + line("M300 230v-26h22v26", look.dark, 9)
        + path("M440 440C520 462 580 500 606 548C560 500 490 470 440 440Z", look.pale, opacity=0.5)
        + _sole(look, False)
        + rect(214, 606, 110, 26, 4, RUBBER)
    )


def wellington(look: Look) -> str:
    return (
        shadow(410, 660, 240)
        + path("M240 610V170H420V450C500 470 600 500 612 580L614 610Z", look.colour)
        + path("M250 610V170h44V610Z", look.light, opacity=0.4)
        + rect(230, 150, 200, 40, 14, look.dark)
        + line("M244 250H418", look.pale, 8, opacity=0.6)
        + path("M470 470C550 490 604 520 612 590H560C560 540 520 500 470 470Z", look.dark)
        + rect(300, 300, 60, 36, 6, CREAM, opacity=0.85)
        + _sole(look, True, 612)
    )


def slipper(look: Look) -> str:
    wooden = look.has("sheepskin")
    return (
        shadow(410, 600, 250)
        + path(
            "M210 540C200 470 250 440 320 446C390 360 560 390 614 500C624 530 620 550 606 552H230Z",
            look.colour,
        )
        + path("M214 520C206 470 252 442 318 446C360 470 350 520 330 540H230Z", look.deep)
        + line("M322 446C352 470 352 510 336 536", CREAM if wooden else look.pale, 16)
        + (
            path(
                "M200 540H616C630 540 632 590 600 590H500C480 566 420 566 400 590H230C200 590 190 560 200 540Z",
                WOOD,
            )
            if wooden
            else path("M200 540H616C632 540 632 574 610 574H222C200 574 196 556 200 540Z", RUBBER)
        )
    )


def bootie(look: Look) -> str:
    inside = shadow(410, 640, 240) + path(
        "M230 600V260C230 230 400 230 402 260L420 440C520 440 620 500 616 590Z", look.colour
    )
    inside += line(
        "M232 330Q320 350 408 330M232 400Q320 420 416 400M232 470Q330 490 470 450M234 540Q400 560 600 530",
        look.deep,
        5,
        opacity=0.5,
    )
    return inside + rect(222, 232, 190, 46, 20, look.dark) + _sole(look, False, 592)


def sandal(look: Look) -> str:
    strap = LEATHER if look.has("leather") else look.colour
    return (
        shadow(410, 620, 260)
        + path(
            "M186 560C260 530 420 560 620 540C650 540 650 600 616 606H214C180 606 170 570 186 560Z",
            "#b98d5b" if look.has("leather") else RUBBER,
        )
        + line("M470 552C480 440 580 440 586 546", strap, 34)
        + line("M360 556C370 420 480 400 500 470", strap, 34)
        + line("M214 556C216 440 290 420 380 470", look.dark, 26)
        + rect(408, 430, 34, 30, 6, BRASS)
    )


def gaiter(look: Look) -> str:
    top_edge = 430 if look.has("lightweight") else 180
    return (
        shadow(400, 690, 200)
        + path(
            f"M300 {top_edge}H500L520 600C560 620 590 640 586 660H230C226 640 260 620 284 600Z", look.colour
        )
        + path(f"M390 {top_edge}h40L440 656h-50Z", look.deep)
        + rect(294, top_edge - 14, 212, 34, 12, look.dark)
        + line("M240 656H580", look.accent, 10)
        + line(f"M300 {min(560, top_edge + 120)}H508", look.pale, 6, opacity=0.5)
    )


def insole(look: Look) -> str:
    one = path(
        "M360 640C310 640 296 590 310 520C320 470 300 420 296 340C292 230 330 150 390 150S486 230 470 330C456 410 440 460 446 520C454 600 420 640 360 640Z",
        look.colour,
    ) + path(
        "M368 600C340 600 330 570 338 520C346 470 330 400 330 340C330 250 352 190 390 190S448 250 438 330C428 400 412 460 416 520C420 570 404 600 368 600Z",
        look.light,
        opacity=0.6,
    )
    return shadow(400, 680, 230) + moved(one, -110, 10, turn=-8) + moved(one, 120, -10, turn=9)


def laces(look: Look) -> str:
    return (
        shadow(400, 620, 200)
        + "".join(
            ellipse(400, 420, 190 - i * 14, 120 - i * 9, "none")
            + line(
                f"M{210 + i * 14} 420a{190 - i * 14} {120 - i * 9} 0 1 0 {380 - i * 28} 0a{190 - i * 14} {120 - i * 9} 0 1 0 -{380 - i * 28} 0",
                look.colour if i % 2 else look.dark,
                10,
            )
            for i in range(5)
        )
        + rect(360, 300, 80, 240, 12, CREAM)
        + line("M372 350h56M372 384h56M372 418h40", look.dark, 8)
        + line("M560 470C640 520 640 580 600 620", look.colour, 11)
        + line("M606 612l-10 26", STEEL, 12)
    )


SHAPES: dict[str, Shape] = {
    "socks": socks,
    "beanie": beanie,
    "neckwear": neck_tube,
    "gloves": gloves,
    "hiking-boot": boot(270),
    "mountain-boot": boot(220),
    "winter-boot": boot(230, fur=True),
    "hiking-shoe": boot(400),
    "trail-shoe": boot(410),
    "approach-shoe": boot(404, lugs=False),
    "leather-shoe": boot(420, lugs=False),
    "chelsea-boot": chelsea,
    "wellington": wellington,
    "camp-bootie": bootie,
    "slipper": slipper,
    "sandal": sandal,
    "gaiter": gaiter,
    "insole": insole,
    "laces": laces,
}
