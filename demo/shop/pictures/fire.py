"""Stoves and fires."""

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
    path,
    rect,
    shadow,
)


def gas_stove(look: Look) -> str:
    if look.has("family"):
        return (
            shadow(400, 650, 290)
            + path("M150 320 190 210H610L650 320Z", look.dark)
            + rect(130, 320, 540, 40, 10, look.light)
            + rect(120, 360, 560, 230, 20, look.colour)
            + "".join(
                ellipse(x, 350, 110, 22, IRON)
                + line(f"M{x - 100} 340H{x + 100}", STEEL, 9)
                + flame(x, 336, 0.6)
                for x in (270, 530)
            )
            + "".join(circle(x, 480, 34, CREAM) + line(f"M{x} 480v-26", RUBBER, 8) for x in (270, 530))
        )
    if look.has("winter"):
        return (
            shadow(400, 690, 170)
            + path("M260 170H540V470H260Z", look.colour)
            + rect(244, 150, 312, 36, 12, RUBBER)
            + rect(280, 220, 240, 200, 14, look.dark)
            + line("M330 260V380M400 260V380M470 260V380", look.accent, 9)
            + path("M540 240C620 240 620 400 540 400", RUBBER)
            + path("M300 470H500L480 540H320Z", STEEL)
            + flame(400, 530, 0.5)
            + rect(310, 560, 180, 120, 26, "#c0552c")
            + rect(330, 600, 140, 40, 4, CREAM)
        )
    return (
        shadow(400, 690, 160)
        + line("M400 400 290 320M400 400 510 320M400 400V330", STEEL, 13)
        + line("M270 322H330M470 322H530", STEEL, 13)
        + circle(400, 376, 46, BRASS)
        + flame(372, 330, 0.5)
        + flame(430, 330, 0.5)
        + rect(386, 400, 28, 90, 6, STEEL)
        + line("M414 450h80", STEEL, 9)
        + rect(490, 434, 60, 34, 10, look.accent)
        + rect(280, 490, 240, 180, 50, look.colour)
        + rect(300, 560, 200, 60, 6, CREAM)
        + line("M330 590h140", look.dark, 10)
    )


def liquid_stove(look: Look) -> str:
    return (
        shadow(400, 670, 280)
        + path("M520 290H640V600C640 650 520 650 520 600Z", "#b4432c")
        + rect(540, 240, 80, 56, 10, STEEL)
        + rect(564, 190, 32, 60, 8, RUBBER)
        + line("M540 270C420 300 420 560 330 570", STEEL, 13)
        + line("M180 600 280 500 380 600M280 500V610", STEEL, 15)
        + ellipse(280, 500, 78, 28, BRASS)
        + flame(250, 480, 0.8)
        + flame(310, 480, 0.8)
        + rect(536, 400, 88, 70, 6, CREAM)
    )


def wood_stove(look: Look) -> str:
    holes = "".join(circle(300 + x * 50, 360 + y * 60, 13, look.deep) for x in range(5) for y in range(3))
    return (
        shadow(400, 670, 200)
        + flame(360, 270, 1.1)
        + flame(430, 280, 0.9)
        + path("M260 280H540V650H260Z", look.colour)
        + path("M260 280h60V650H260Z", look.light, opacity=0.5)
        + holes
        + path("M320 540H480V650H320Z", look.deep)
        + line("M330 640 400 580 470 640", WOOD, 18)
        + line("M250 280H550", look.dark, 12)
    )


def fire_bowl(look: Look) -> str:
    return (
        shadow(400, 690, 280)
        + line("M270 560 230 680M530 560 570 680", IRON, 22)
        + "".join(flame(x, y, s) for x, y, s in ((330, 370, 1.6), (410, 330, 2.2), (480, 380, 1.5)))
        + line("M290 420 500 440M310 450 520 410", "#6b4a2f", 26)
        + path("M130 430H670C650 560 560 600 400 600S150 560 130 430Z", "#8b5a3c")
        + path("M130 430H670C668 450 664 464 658 476Q400 520 142 476C136 464 132 450 130 430Z", "#a36a46")
    )


def fire_tool(look: Look) -> str:
    return (
        shadow(400, 690, 290)
        + line("M400 110 180 680M400 110 620 680M400 110 430 660", IRON, 17)
        + line("M400 120V400", IRON, 7, dash="14 8")
        + path("M310 430H490C494 520 460 550 400 550S306 520 310 430Z", IRON)
        + line("M316 430C316 360 484 360 484 430", IRON, 9)
        + flame(370, 650, 0.9)
        + flame(430, 656, 1.1)
    )


SHAPES: dict[str, Shape] = {
    "gas-stove": gas_stove,
    "liquid-stove": liquid_stove,
    "wood-stove": wood_stove,
    "fire-bowl": fire_bowl,
    "fire-tool": fire_tool,
}
