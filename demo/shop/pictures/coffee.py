"""Everything for coffee and tea."""

from __future__ import annotations

from demo.shop.pictures.pen import (
    BRASS,
    CREAM,
    RUBBER,
    STEEL,
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


def bag(look: Look) -> str:
    return (
        shadow(400, 690, 170)
        + path("M270 190H530L552 650C552 682 540 690 520 690H280C260 690 248 682 248 650Z", look.colour)
        + path("M270 190H330L312 690H280C260 690 248 682 248 650Z", look.light, opacity=0.4)
        + rect(262, 150, 276, 60, 8, look.dark)
        + line("M270 180H530", look.pale, 5, opacity=0.6)
        + rect(300, 320, 200, 240, 8, CREAM)
        + path("M372 440C340 400 372 350 410 356C446 366 452 420 424 448C408 464 386 458 372 440Z", look.deep)
        + line("M420 366C392 390 400 420 380 446", CREAM, 6)
        + line("M330 490h140M346 520h108", look.dark, 9)
    )


def pouch_box(look: Look) -> str:
    return (
        shadow(400, 680, 230)
        + path("M210 320H510V660H210Z", look.colour)
        + path("M510 320 600 270V610L510 660Z", look.dark)
        + path("M210 320 300 270H600L510 320Z", look.light)
        + rect(250, 390, 220, 180, 8, CREAM)
        + line("M290 440h140M290 480h140M290 520h90", look.dark, 10)
        + circle(430, 520, 16, look.accent)
    )


def tea(look: Look) -> str:
    leaf = path("M0 0C40-50 110-50 140 0C110 50 40 50 0 0Z", "#6d7d45") + line("M8 0H130", "#4c5a30", 5)
    return (
        shadow(400, 680, 170)
        + path("M280 250H520V650C520 680 280 680 280 650Z", look.colour)
        + path("M280 250h54V672C292 668 280 660 280 650Z", look.light, opacity=0.45)
        + rect(266, 190, 268, 74, 18, look.dark)
        + rect(310, 350, 180, 210, 90, CREAM)
        + f'<g transform="translate(330 470) rotate(-28)">{leaf}</g>'
        + line("M350 530h100", look.dark, 8)
    )


def dripper(look: Look) -> str:
    if look.has("glass"):
        return (
            shadow(400, 690, 180)
            + path(
                "M280 140H520L420 380 530 600C540 660 500 680 400 680S260 660 270 600L380 380Z",
                "#dfe9ea",
                opacity=0.9,
            )
            + path(
                "M300 560 286 600C270 650 310 670 400 670S530 650 514 600L500 560Z", "#5a3a26", opacity=0.9
            )
            + path("M300 150H500L414 350H386Z", CREAM)
            + rect(356, 330, 88, 90, 14, WOOD)
            + line("M360 380H440", "#6b4a2f", 9)
            + line("M310 160 384 340", "#ffffff", 8, opacity=0.7)
        )
    if look.has("titanium"):
        return (
            shadow(400, 660, 170)
            + line("M240 250 400 500 560 250M320 250 400 500 480 250M400 250V500", look.colour, 13)
            + line("M230 250C300 220 500 220 570 250C500 286 300 286 230 250Z", look.dark, 13)
            + path("M262 262 400 486 538 262C460 286 340 286 262 262Z", CREAM, opacity=0.9)
            + ellipse(400, 520, 110, 26, look.dark)
            + path("M320 560H480L470 640H330Z", "#8a5f34")
        )
    return (
        shadow(400, 680, 200)
        + path("M210 260H590L470 500H330Z", look.colour)
        + path("M210 260h80l80 240H330Z", look.light, opacity=0.6)
        + line("M330 280 380 480M400 280V484M470 280 424 480", look.dark, 5, opacity=0.5)
        + ellipse(400, 260, 190, 40, look.dark)
        + ellipse(400, 262, 160, 28, CREAM)
        + rect(270, 496, 260, 30, 14, look.colour)
        + line("M570 320C640 330 620 430 520 430", look.dark, 20)
        + path("M310 526H490L478 650C476 672 324 672 322 650Z", CREAM)
        + line("M488 550C540 550 540 620 482 620", CREAM, 15)
    )


def french_press(look: Look) -> str:
    if look.has("travel"):
        return (
            shadow(400, 700, 140)
            + line("M400 90V200", STEEL, 11)
            + circle(400, 90, 24, RUBBER)
            + rect(306, 180, 188, 60, 16, RUBBER)
            + path("M300 240H500L484 660C482 692 318 692 316 660Z", look.colour)
            + rect(330, 280, 40, 340, 18, look.pale, opacity=0.5)
            + rect(310, 400, 180, 90, 6, look.dark)
        )
    return (
        shadow(400, 690, 190)
        + line("M400 110V230", STEEL, 11)
        + circle(400, 110, 26, look.dark)
        + path("M270 230C310 200 490 200 530 230L540 260H260Z", look.dark)
        + line("M530 320C650 310 650 570 530 570", look.dark, 28)
        + path("M264 260H536L546 640C546 680 500 684 400 684S254 680 254 640Z", look.colour)
        + path("M264 260h74L330 682C270 680 254 668 254 640Z", look.light, opacity=0.5)
        + path("M264 260 210 230 262 310Z", look.colour)
        + line("M266 360Q400 384 536 360", look.dark, 4, opacity=0.4)
    )


def moka(look: Look) -> str:
    return (
        shadow(400, 690, 180)
        + circle(400, 130, 20, RUBBER)
        + path("M310 190 400 150 490 190Z", look.dark)
        + path("M300 190H500L520 270 470 410H330L280 270Z", look.colour)
        + path("M300 190H370L350 410H330L280 270Z", look.pale, opacity=0.7)
        + path("M280 270 230 230 300 200Z", look.colour)
        + line("M510 250C620 230 610 400 580 430", RUBBER, 28)
        + rect(320, 410, 160, 44, 8, look.dark)
        + path("M330 454H470L530 640C530 676 270 676 270 640Z", look.colour)
        + path("M330 454h40L330 672C284 668 270 660 270 640Z", look.pale, opacity=0.7)
        + circle(470, 540, 12, BRASS)
    )


def grinder(look: Look) -> str:
    if look.has("wood"):
        return (
            shadow(400, 690, 200)
            + line("M400 150V260M400 150H560", STEEL, 15)
            + circle(572, 150, 30, WOOD)
            + path("M310 250C330 210 470 210 490 250L500 360H300Z", BRASS)
            + rect(240, 360, 320, 300, 20, "#6f4a30")
            + rect(280, 480, 240, 130, 10, "#855a3b")
            + circle(400, 546, 18, BRASS)
            + rect(240, 360, 320, 26, 8, "#855a3b")
        )
    return (
        shadow(400, 700, 150)
        + line("M400 140V190M400 140H600", STEEL, 15)
        + rect(580, 116, 44, 90, 18, RUBBER)
        + rect(310, 180, 180, 60, 16, look.dark)
        + rect(316, 240, 168, 260, 10, look.colour)
        + rect(336, 260, 30, 220, 12, look.pale, opacity=0.5)
        + rect(306, 500, 188, 44, 10, RUBBER)
        + rect(320, 544, 160, 140, 20, look.dark)
    )


def gooseneck(look: Look) -> str:
    base = (
        rect(230, 660, 340, 34, 12, RUBBER) + circle(540, 676, 9, look.accent) if look.has("electric") else ""
    )
    return (
        shadow(400, 700, 230)
        + line("M290 560C180 560 220 380 150 340C130 330 110 340 100 356", look.dark, 26)
        + line("M540 330C680 310 680 480 620 560", RUBBER, 26)
        + path("M320 290H500L570 640C570 664 250 664 250 640Z", look.colour)
        + path("M320 290h50L310 658C266 656 250 650 250 640Z", look.pale, opacity=0.55)
        + rect(310, 264, 200, 36, 14, look.dark)
        + circle(410, 240, 26, RUBBER)
        + base
    )


def scale(look: Look) -> str:
    return (
        shadow(400, 610, 260)
        + path("M170 540 230 370H570L630 540Z", look.colour)
        + path("M250 470 280 386H520L550 470Z", look.dark)
        + path("M170 540H630V580C630 600 170 600 170 580Z", look.deep)
        + rect(300, 488, 200, 40, 6, "#1d211f")
        + "".join(rect(316 + i * 36, 496, 22, 24, 3, "#a7d8c2") for i in range(5))
        + path("M340 290H460L450 400H350Z", CREAM)
        + ellipse(400, 292, 60, 14, "#5a3a26")
    )


def filter_papers(look: Look) -> str:
    sheets = "".join(
        path(
            f"M{230 + i * 10} {330 - i * 12}H{570 + i * 10}L{470 + i * 10} {620 - i * 12}H{330 + i * 10}Z",
            CREAM if i % 2 else "#e6dabd",
        )
        for i in range(6)
    )
    return (
        shadow(400, 650, 220)
        + sheets
        + line("M296 300H610M350 540 470 540", "#c9b98f", 4)
        + rect(440, 520, 190, 130, 10, look.colour)
        + line("M470 560h130M470 590h90", CREAM, 9)
    )


SHAPES: dict[str, Shape] = {
    "coffee-beans": bag,
    "gift-box": pouch_box,
    "coffee-bags": pouch_box,
    "tea": tea,
    "dripper": dripper,
    "french-press": french_press,
    "moka-pot": moka,
    "grinder": grinder,
    "gooseneck-kettle": gooseneck,
    "scale": scale,
    "filter-papers": filter_papers,
}
