"""Lamps, lanterns, candles."""

# ruff: noqa: E501 - the data of a path has no good place to break

from __future__ import annotations

from demo.shop.pictures.pen import (
    BRASS,
    CREAM,
    IRON,
    RUBBER,
    WOOD,
    Look,
    Shape,
    circle,
    ellipse,
    line,
    path,
    rect,
    shadow,
)

GLOW = "#ffdf94"


def _shine(cx: float, cy: float, r: float) -> str:
    return circle(cx, cy, r, GLOW, opacity=0.28) + circle(cx, cy, r * 0.66, GLOW, opacity=0.35)


def table_lamp(look: Look) -> str:
    if look.has("children"):
        return (
            _shine(400, 420, 260)
            + shadow(400, 660, 180)
            + path(
                "M270 300C280 220 330 250 340 290H460C470 250 520 220 530 300C560 420 560 600 520 640H280C240 600 240 420 270 300Z",
                WOOD,
            )
            + circle(340, 380, 46, CREAM)
            + circle(460, 380, 46, CREAM)
            + circle(340, 380, 20, RUBBER)
            + circle(460, 380, 20, RUBBER)
            + path("M384 420h32l-16 36Z", BRASS)
            + line("M330 520c20 30 50 30 70 0 20 30 50 30 70 0", "#a5763f", 8)
        )
    turned = look.has("wood")
    base = (
        path("M380 400H420L430 620H370Z", look.colour) + ellipse(400, 640, 110, 24, look.dark)
        if turned
        else path(
            "M370 400C370 440 270 460 270 560C270 640 320 660 400 660S530 640 530 560C530 460 430 440 430 400Z",
            look.colour,
        )
        + path(
            "M370 400C370 440 270 460 270 560C270 630 310 654 360 658C310 600 320 480 372 440Z",
            look.light,
            opacity=0.5,
        )
        + line("M276 540Q400 566 524 540", look.dark, 6, opacity=0.5)
    )
    return (
        _shine(400, 290, 250)
        + shadow(400, 676, 190)
        + base
        + rect(390, 370, 20, 44, 4, BRASS)
        + path("M300 150H500L570 380H230Z", CREAM)
        + path("M300 150h60l-30 230H230Z", "#ffffff", opacity=0.5)
        + line("M232 378H568M301 152H499", "#cbb98e", 7)
    )


def desk_lamp(look: Look) -> str:
    arms = (
        line("M400 640 300 420 480 270", look.dark if look.has("workshop") else BRASS, 17)
        if look.has("workshop")
        else line("M390 640C380 480 280 400 340 280C370 220 430 220 470 250", look.colour, 17)
    )
    joints = circle(300, 420, 20, IRON) + circle(400, 630, 20, IRON) if look.has("workshop") else ""
    return (
        _shine(560, 420, 170)
        + shadow(390, 680, 180)
        + ellipse(390, 656, 140, 28, look.dark)
        + arms
        + joints
        + path("M450 230 560 260 640 400 470 420Z", look.colour)
        + path("M450 230 500 244 560 410 470 420Z", look.light, opacity=0.5)
        + ellipse(556, 412, 84, 20, GLOW)
    )


def floor_lamp(look: Look) -> str:
    if look.has("brass"):
        return (
            _shine(580, 320, 170)
            + shadow(260, 710, 150)
            + ellipse(260, 696, 110, 22, IRON)
            + line("M260 690C240 300 360 110 560 220", look.colour, 15)
            + path("M490 300C490 220 660 200 674 290Z", look.colour)
            + ellipse(582, 296, 92, 16, GLOW)
        )
    return (
        _shine(400, 220, 220)
        + shadow(400, 710, 200)
        + line("M400 330 270 700M400 330 530 700M400 330 420 690", look.colour, 19)
        + circle(400, 340, 22, BRASS)
        + path("M270 120H530L560 320H240Z", CREAM)
        + path("M270 120h70l-20 200H240Z", "#ffffff", opacity=0.5)
        + line("M241 318H559", "#cbb98e", 7)
    )


def pendant(look: Look) -> str:
    flex = line("M400 0V180", RUBBER, 7)
    if look.has("paper"):
        ribs = "".join(
            line(f"M{400 - w} {y}Q400 {y + 22} {400 + w} {y}", "#d3c39a", 4)
            for y, w in ((260, 130), (310, 180), (360, 206), (410, 214), (460, 206), (510, 180), (560, 130))
        )
        return (
            _shine(400, 410, 330)
            + line("M400 0V200", RUBBER, 7)
            + circle(400, 410, 216, "#fbf3dd")
            + ribs
            + ellipse(400, 206, 54, 12, "#d3c39a")
        )
    if look.has("glass"):
        return (
            _shine(400, 420, 260)
            + flex
            + rect(376, 170, 48, 60, 8, BRASS)
            + path(
                "M370 230H430C560 290 590 420 560 520C520 620 280 620 240 520C210 420 240 290 370 230Z",
                look.colour,
                opacity=0.62,
            )
            + circle(400, 420, 54, GLOW)
            + line("M280 380C296 330 320 300 350 280", "#ffffff", 11, opacity=0.7)
        )
    if look.has("ceramic"):
        return (
            _shine(400, 520, 220)
            + flex
            + rect(380, 170, 40, 60, 8, BRASS)
            + path("M360 230H440C560 270 610 400 616 500H184C190 400 240 270 360 230Z", look.colour)
            + path(
                "M360 230h30C300 290 250 390 244 500H184C190 400 240 270 360 230Z", look.light, opacity=0.5
            )
            + ellipse(400, 500, 216, 34, CREAM)
            + ellipse(400, 508, 90, 18, GLOW)
        )
    return (
        _shine(400, 560, 220)
        + flex
        + rect(366, 170, 68, 90, 12, look.dark)
        + path("M366 260H434C460 340 600 380 620 540H180C200 380 340 340 366 260Z", look.colour)
        + path("M366 260h26C370 360 260 390 250 540H180C200 380 340 340 366 260Z", look.light, opacity=0.45)
        + ellipse(400, 540, 220, 30, CREAM)
        + circle(400, 550, 46, GLOW)
    )


def wall_light(look: Look) -> str:
    return (
        _shine(400, 420, 240)
        + rect(330, 180, 140, 150, 70, look.colour)
        + path("M350 300H450L470 360H330Z", look.dark)
        + circle(400, 440, 100, "#fff3cf")
        + circle(400, 440, 56, GLOW)
        + line("M470 240C540 280 530 420 530 560", "#a99b79", 6)
        + circle(530, 574, 16, BRASS)
    )


def lantern(look: Look) -> str:
    if look.has("rechargeable"):
        if look.has("glamping"):
            rows = line("M250 330H550M250 400H550M250 470H550M250 540H550", "#d9c08a", 5)
            return (
                _shine(400, 430, 290)
                + shadow(400, 690, 180)
                + line("M300 220C300 110 500 110 500 220", look.dark, 12)
                + rect(236, 210, 328, 70, 26, look.colour)
                + rect(250, 280, 300, 320, 20, "#fff0c4")
                + rows
                + rect(236, 590, 328, 80, 26, look.colour)
            )
        return (
            _shine(400, 400, 260)
            + shadow(400, 690, 170)
            + line("M310 210C310 120 490 120 490 210", IRON, 13)
            + rect(270, 200, 260, 70, 26, look.colour)
            + rect(290, 270, 220, 230, 10, "#fff3cf")
            + line("M345 270V500M400 270V500M455 270V500", look.dark, 7, opacity=0.7)
            + rect(260, 500, 280, 120, 28, look.colour)
            + circle(400, 560, 26, look.accent)
            + line("M290 620 250 680M510 620 550 680", IRON, 20)
        )
    if look.has("ultralight"):
        return (
            _shine(400, 430, 220)
            + shadow(400, 690, 130)
            + line("M400 110V200M330 230C330 130 470 130 470 230", look.dark, 9)
            + path("M320 230H480L470 300H330Z", look.colour)
            + rect(326, 300, 148, 220, 10, "#eaf1ee", opacity=0.8)
            + rect(372, 400, 56, 120, 6, CREAM)
            + path("M400 330c18 22 22 38 10 50-10 8-26 4-28-8-2-14 8-22 18-42Z", "#e08a35")
            + rect(310, 520, 180, 150, 14, look.colour)
            + rect(326, 540, 26, 110, 10, look.light, opacity=0.6)
        )
    return (
        _shine(400, 420, 230)
        + shadow(400, 700, 190)
        + line("M270 260C240 90 560 90 530 260", IRON, 10)
        + line("M280 600C200 560 220 320 300 250M520 600C600 560 580 320 500 250", look.colour, 20)
        + path("M330 190H470L490 250H310Z", look.colour)
        + rect(350, 150, 100, 44, 10, look.dark)
        + path("M320 300C280 360 280 470 330 530H470C520 470 520 360 480 300Z", "#fff6da", opacity=0.85)
        + path("M400 370c26 34 34 60 18 82-14 14-42 10-46-10-4-24 14-40 28-72Z", "#e08a35")
        + line("M310 300H490M320 530H480", look.dark, 13)
        + path("M290 560H510C540 580 546 680 520 690H280C254 680 260 580 290 560Z", look.colour)
        + ellipse(400, 600, 60, 18, look.dark)
    )


def headlamp(look: Look) -> str:
    return (
        shadow(400, 640, 250)
        + line("M250 430C120 300 260 150 400 150S680 300 550 430", look.dark, 46)
        + line("M250 430C120 300 260 150 400 150S680 300 550 430", look.light, 10, dash="22 16")
        + rect(250, 400, 300, 190, 50, look.colour)
        + circle(360, 496, 66, "#eef3f2")
        + circle(360, 496, 42, GLOW)
        + circle(470, 480, 30, "#c94b3a")
        + rect(440, 530, 70, 24, 10, look.deep)
    )


def torch(look: Look) -> str:
    return (
        path("M560 180 760 60V360L600 290Z", GLOW, opacity=0.5)
        + shadow(380, 640, 220)
        + f'<g transform="rotate(-32 400 400)">{rect(170, 350, 330, 110, 24, look.colour)}{rect(480, 330, 110, 150, 22, look.dark)}{rect(586, 346, 22, 118, 8, GLOW)}{line("M220 350V460M250 350V460M280 350V460M310 350V460", look.deep, 7)}{circle(400, 366, 20, look.accent)}</g>'
    )


def string_lights(look: Look) -> str:
    bulbs = [
        (110, 300),
        (220, 372),
        (330, 404),
        (440, 396),
        (550, 350),
        (660, 268),
        (180, 560),
        (310, 610),
        (450, 610),
        (590, 560),
    ]
    wire = "#b8683c" if look.has("copper") else RUBBER
    size = 16 if look.has("copper") else 34
    return line("M40 220C200 420 520 460 760 180M60 480C220 640 560 660 760 460", wire, 6) + "".join(
        circle(x, y, size * 2.4, GLOW, opacity=0.35)
        + circle(x, y, size, "#ffe9b0")
        + rect(x - size / 3, y - size * 1.5, size / 1.5, size * 0.8, 3, wire)
        for x, y in bulbs
    )


def candle(look: Look) -> str:
    flame = path("M0-70c22 28 28 50 14 68-12 12-34 8-36-8-4-20 10-34 22-60Z", "#f0a040") + line(
        "M0 0v20", RUBBER, 5
    )
    if look.has("soy"):
        return (
            _shine(400, 300, 190)
            + shadow(400, 680, 170)
            + f'<g transform="translate(400 330)">{flame}</g>'
            + path("M270 350H530L516 650C514 680 286 680 284 650Z", look.colour)
            + ellipse(400, 352, 130, 28, CREAM)
            + rect(320, 450, 160, 130, 6, CREAM)
            + line("M350 490h100M350 520h100M350 550h60", look.dark, 7)
        )
    parts = ((290, 330, 90), (430, 240, 96), (540, 430, 70))
    return (
        _shine(420, 200, 200)
        + shadow(410, 680, 240)
        + "".join(
            f'<g transform="translate({x} {y - 24})">{flame}</g>'
            + rect(x - w / 2, y, w, 670 - y, 8, look.colour)
            + rect(x - w / 2, y, w * 0.3, 670 - y, 8, look.light, opacity=0.5)
            + ellipse(x, y + 4, w / 2, 12, look.pale)
            for x, y, w in parts
        )
    )


def candlestick(look: Look) -> str:
    return shadow(410, 690, 220) + "".join(
        rect(x - 14, y - 190, 28, 170, 6, CREAM)
        + path(f"M{x} {y - 240}c14 18 16 30 8 40-8 8-22 4-22-6 0-12 8-20 14-34Z", "#f0a040")
        + path(f"M{x - 34} {y - 24}H{x + 34}L{x + 16} {y + 10}V640H{x - 16}V{y + 10}Z", look.colour)
        + ellipse(x, 656, 76, 20, look.dark)
        + ellipse(x, 648, 70, 16, look.light)
        for x, y in ((300, 440), (480, 340))
    )


SHAPES: dict[str, Shape] = {
    "table-lamp": table_lamp,
    "desk-lamp": desk_lamp,
    "floor-lamp": floor_lamp,
    "pendant": pendant,
    "wall-light": wall_light,
    "lantern": lantern,
    "headlamp": headlamp,
    "torch": torch,
    "string-lights": string_lights,
    "candle": candle,
    "candlestick": candlestick,
}
