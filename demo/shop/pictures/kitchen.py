"""Pots, pans, flasks and cutlery."""

# ruff: noqa: E501 - the data of a path has no good place to break

from __future__ import annotations

from demo.shop.pictures.pen import (
    BRASS,
    CREAM,
    IRON,
    RUBBER,
    STEEL,
    WOOD,
    Look,
    Shape,
    circle,
    ellipse,
    flame,
    line,
    moved,
    path,
    rect,
    shadow,
)


def pot(look: Look) -> str:
    if look.has("cast-iron"):
        legs = line("M270 590 250 660M530 590 550 660M400 600V664", IRON, 20)
        return (
            shadow(400, 680, 220)
            + line("M200 380C200 180 600 180 600 380", IRON, 13)
            + legs
            + path("M190 380H610C616 520 560 610 400 610S184 520 190 380Z", look.colour)
            + path("M190 380h70c0 120 30 190 80 222C230 580 186 500 190 380Z", look.light, opacity=0.35)
            + rect(172, 340, 456, 52, 20, look.dark)
            + path("M190 340C230 280 570 280 610 340Z", look.colour)
            + rect(370, 266, 60, 34, 12, IRON)
        )
    enamel = look.has("enamel")
    handles = line(
        "M196 430C130 430 130 500 196 500M604 430C670 430 670 500 604 500",
        look.dark if not enamel else IRON,
        18,
    )
    specks = (
        "".join(
            circle(
                230 + (i * 97) % 340,
                400 + (i * 61) % 190,
                4,
                look.pale if not enamel else "#ffffff",
                opacity=0.7,
            )
            for i in range(26)
        )
        if enamel
        else ""
    )
    return (
        shadow(400, 660, 230)
        + handles
        + path("M196 350H604V580C604 640 560 646 400 646S196 640 196 580Z", look.colour)
        + path("M196 350h80V640C214 630 196 616 196 580Z", look.light, opacity=0.5)
        + specks
        + rect(184, 326, 432, 34, 14, look.dark)
        + path("M204 326C240 270 560 270 596 326Z", look.light)
        + rect(366, 246, 68, 34, 14, IRON)
        + ("" if enamel else line("M240 420H560M240 470H560", look.dark, 3, opacity=0.5))
    )


def pan(look: Look) -> str:
    long = look.has("bushcraft")
    handle = (
        path("M520 470 740 250 764 274 548 500Z", look.dark)
        if not long
        else path("M500 440 770 120 790 138 530 470Z", IRON)
    )
    return (
        shadow(370, 640, 250)
        + handle
        + circle(760 if not long else 774, 256 if not long else 134, 14, "#f6f1e7")
        + ellipse(350, 480, 250, 150, look.dark)
        + ellipse(350, 464, 250, 146, look.colour)
        + ellipse(350, 468, 206, 112, look.dark)
        + ellipse(350, 474, 190, 98, look.deep, opacity=0.7)
        + line("M190 440C240 380 340 360 430 370", look.pale, 8, opacity=0.5)
    )


def griddle(look: Look) -> str:
    return (
        shadow(400, 620, 290)
        + path("M130 560 220 340H580L670 560Z", look.colour)
        + path("M170 540 244 362H556L630 540Z", look.dark)
        + line(
            "".join(f"M{250 + i * 34} 370l{-46 + i * 10} 162" for i in range(10)), look.light, 7, opacity=0.5
        )
        + path("M130 560H670V590C670 600 130 600 130 590Z", look.deep)
    )


def kettle(look: Look) -> str:
    if look.has("aluminium"):
        return (
            shadow(400, 690, 190)
            + flame(400, 170, 0.9)
            + path("M340 190H460L540 600H260Z", look.colour)
            + path("M340 190h40L330 600H260Z", look.light, opacity=0.5)
            + line("M290 300C180 330 190 500 270 520", IRON, 10)
            + path("M500 330 570 290 584 316 514 372Z", look.dark)
            + rect(560, 276, 40, 46, 10, "#b98d5b")
            + path("M250 600H550L560 670H240Z", IRON)
            + circle(400, 640, 24, "#1d1a18")
        )
    return (
        shadow(400, 660, 240)
        + line("M260 400C240 190 560 190 540 400", IRON, 15)
        + rect(330, 220, 140, 34, 16, WOOD)
        + path("M560 450C640 440 640 360 690 340L706 366C680 400 670 500 580 540Z", look.dark)
        + path(
            "M190 560C180 420 280 380 400 380S620 420 610 560C606 640 560 650 400 650S194 640 190 560Z",
            look.colour,
        )
        + path(
            "M190 560C184 450 250 400 330 386C250 460 240 560 270 640C210 630 192 610 190 560Z",
            look.light,
            opacity=0.5,
        )
        + ellipse(400, 386, 96, 22, look.dark)
        + circle(400, 360, 22, IRON)
        + "".join(
            circle(240 + (i * 83) % 330, 450 + (i * 47) % 170, 4, "#ffffff", opacity=0.55) for i in range(18)
        )
    )


def mug(look: Look) -> str:
    if look.has("wood"):
        return (
            shadow(380, 600, 250)
            + path(
                "M140 360C140 520 240 590 360 590S560 520 570 380C640 350 700 370 720 420C660 430 620 440 566 440Z",
                WOOD,
            )
            + ellipse(354, 364, 214, 62, "#8a5f34")
            + ellipse(354, 372, 190, 48, "#5f3f22")
            + line("M190 480C280 560 420 570 520 480", "#a97f4a", 6, opacity=0.7)
            + circle(676, 396, 14, "#5f3f22")
        )
    specks = (
        "".join(
            circle(280 + (i * 71) % 240, 340 + (i * 53) % 260, 4, look.pale, opacity=0.8) for i in range(22)
        )
        if look.has("enamel")
        else line("M270 420H530M270 450H530", look.dark, 4, opacity=0.5)
    )
    rim = IRON if look.has("enamel") else look.dark
    return (
        shadow(400, 660, 190)
        + line("M530 380C640 370 640 560 524 560", look.dark, 26)
        + path("M256 290H544L530 620C528 650 272 650 270 620Z", look.colour)
        + path("M256 290h70l10 350C290 640 271 636 270 620Z", look.light, opacity=0.5)
        + specks
        + ellipse(400, 290, 144, 34, rim)
        + ellipse(400, 292, 126, 25, look.pale)
    )


def cutlery(look: Look) -> str:
    if look.has("titanium"):
        return moved(
            path(
                "M370 120C330 150 330 250 374 280L384 660C386 690 414 690 416 660L426 280C470 250 470 150 430 120V200H414V126H386V200H370Z",
                look.colour,
            )
            + path("M384 300 394 660H400V300Z", look.pale, opacity=0.6),
            turn=24,
        )
    knife = rect(-14, 190, 28, 210, 12, STEEL) + rect(-16, 400, 32, 220, 12, WOOD)
    fork = (
        line("M-20 190V280M0 190V280M20 190V280", STEEL, 9)
        + path("M-24 270H24C24 330 12 340 12 400H-12C-12 340-24 330-24 270Z", STEEL)
        + rect(-16, 400, 32, 220, 12, WOOD)
    )
    spoon = (
        ellipse(0, 240, 36, 60, STEEL) + rect(-8, 290, 16, 120, 4, STEEL) + rect(-16, 400, 32, 220, 12, WOOD)
    )
    return (
        shadow(400, 690, 250)
        + rect(180, 330, 440, 350, 20, "#6a6a3c")
        + "".join(
            f'<g transform="translate({x} 0)">{piece}</g>'
            for x, piece in ((280, knife), (400, fork), (520, spoon))
        )
        + rect(180, 480, 440, 200, 20, "#5c5c33")
        + line("M340 480V670M460 480V670", "#47472a", 5)
    )


def knife(look: Look) -> str:
    handle = look.colour if look.colour != "#54585b" else WOOD
    return shadow(400, 560, 280) + moved(
        path("M400 330C560 320 680 340 740 400C660 430 520 430 400 424Z", STEEL)
        + path("M400 396C520 420 650 420 740 400C660 430 520 430 400 424Z", "#8d9497")
        + path("M80 360C140 320 300 330 400 336V436C300 446 160 446 100 420C70 404 66 376 80 360Z", handle)
        + rect(376, 322, 42, 124, 6, BRASS)
        + circle(150, 388, 10, BRASS),
        turn=-16,
    )


def flask(look: Look) -> str:
    return (
        shadow(400, 700, 140)
        + rect(330, 110, 140, 130, 20, STEEL)
        + rect(344, 230, 112, 40, 8, RUBBER)
        + path(
            "M310 270H490C506 290 510 310 510 340V650C510 690 290 690 290 650V340C290 310 294 290 310 270Z",
            look.colour,
        )
        + rect(316, 320, 40, 330, 18, look.pale, opacity=0.5)
        + rect(290, 600, 220, 24, 0, look.dark)
        + path("M430 420c16 12 24 22 24 36a24 24 0 0 1-48 0c0-14 8-24 24-36Z", CREAM, opacity=0.85)
    )


def bottle(look: Look) -> str:
    return (
        shadow(400, 700, 130)
        + rect(356, 120, 88, 80, 16, RUBBER)
        + line("M444 150C490 150 490 220 440 220", RUBBER, 12)
        + path(
            "M330 210H470C500 240 504 270 504 300V650C504 690 296 690 296 650V300C296 270 300 240 330 210Z",
            look.pale,
        )
        + path("M296 430H504V650C504 690 296 690 296 650Z", look.colour, opacity=0.8)
        + rect(370, 250, 60, 300, 14, CREAM, opacity=0.9)
        + line("M384 300h32M384 340h32M384 380h32", look.dark, 6)
    )


def lunchbox(look: Look) -> str:
    return (
        shadow(400, 630, 270)
        + rect(150, 440, 500, 170, 40, look.dark)
        + rect(150, 330, 500, 150, 40, look.colour)
        + rect(136, 312, 528, 60, 26, look.light)
        + "".join(rect(x, 330, 40, 110, 10, "#8d9497") for x in (240, 520))
        + line("M180 420H620", look.pale, 6, opacity=0.7)
    )


SHAPES: dict[str, Shape] = {
    "pot": pot,
    "pan": pan,
    "griddle": griddle,
    "kettle": kettle,
    "mug": mug,
    "cutlery": cutlery,
    "knife": knife,
    "flask": flask,
    "bottle": bottle,
    "lunchbox": lunchbox,
}
