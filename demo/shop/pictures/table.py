"""Pottery: plates, bowls, pots and vases."""

# ruff: noqa: E501 - the data of a path has no good place to break

from __future__ import annotations

from demo.shop.pictures.pen import CREAM, WOOD, Look, Shape, circle, ellipse, line, path, rect, shadow

CLAY = "#a9825c"


def _specks(look: Look, x: float, y: float, w: float, h: float) -> str:
    """The iron spots of a stoneware glaze."""
    points = [
        ((i * 73 + look.chance % 41) % 100 / 100, (i * 37 + look.chance % 29) % 100 / 100) for i in range(24)
    ]
    return "".join(
        circle(x + px * w, y + py * h, 2.6 + i % 3, look.deep, opacity=0.35)
        for i, (px, py) in enumerate(points)
    )


def plate(look: Look) -> str:
    return (
        shadow(400, 640, 270)
        + circle(400, 400, 270, CLAY)
        + circle(400, 396, 264, look.colour)
        + circle(400, 396, 196, look.light)
        + circle(400, 396, 186, look.colour)
        + _specks(look, 250, 250, 300, 300)
        + line("M190 300C230 210 320 160 410 156", look.pale, 11, opacity=0.7)
    )


def bowl(look: Look) -> str:
    return (
        shadow(400, 640, 240)
        + path("M150 360C150 540 270 620 400 620S650 540 650 360Z", look.colour)
        + path("M150 360C150 500 220 590 320 614C240 540 220 450 220 360Z", look.light, opacity=0.55)
        + rect(310, 600, 180, 40, 12, CLAY)
        + ellipse(400, 360, 250, 74, CLAY)
        + ellipse(400, 364, 238, 64, look.dark)
        + ellipse(400, 378, 200, 44, look.light, opacity=0.5)
        + _specks(look, 240, 440, 320, 130)
    )


def mug(look: Look) -> str:
    return (
        shadow(390, 660, 190)
        + line("M510 360C640 350 640 560 506 560", look.dark, 34)
        + path("M240 280H530V600C530 650 500 656 386 656S240 650 240 600Z", look.colour)
        + path("M240 280h76V652C254 646 240 630 240 600Z", look.light, opacity=0.5)
        + path("M240 560H530V600C530 650 500 656 386 656S240 650 240 600Z", CLAY)
        + ellipse(385, 280, 145, 38, CLAY)
        + ellipse(385, 283, 130, 30, look.deep)
        + _specks(look, 260, 330, 250, 210)
    )


def cup(look: Look) -> str:
    def one(x: float, y: float) -> str:
        return (
            f'<g transform="translate({x} {y})">'
            + path("M-100 0H100C100 110 70 170 0 170S-100 110-100 0Z", look.colour)
            + path("M-100 0h50C-50 100-30 150 0 170C-70 170-100 110-100 0Z", look.light, opacity=0.5)
            + ellipse(0, 0, 100, 28, CLAY)
            + ellipse(0, 3, 88, 21, "#5a3a26")
            + rect(-44, 160, 88, 22, 8, CLAY)
            + "</g>"
        )

    if look.has("breakfast"):
        return bowl(look)
    return shadow(400, 620, 250) + one(280, 380) + one(510, 430)


def serving_dish(look: Look) -> str:
    if look.has("family"):
        return bowl(look)
    return (
        shadow(400, 590, 300)
        + ellipse(400, 440, 310, 160, CLAY)
        + ellipse(400, 432, 306, 154, look.colour)
        + ellipse(400, 438, 236, 104, look.dark, opacity=0.6)
        + ellipse(400, 444, 226, 96, look.light)
        + _specks(look, 220, 370, 360, 140)
        + line("M140 400C180 330 280 290 380 284", look.pale, 11, opacity=0.7)
    )


def baking_dish(look: Look) -> str:
    if look.has("flameware", "baking"):
        return (
            shadow(400, 670, 270)
            + path("M170 440H630V580C630 640 580 650 400 650S170 640 170 580Z", look.dark)
            + line("M170 490C110 490 110 550 172 550M630 490C690 490 690 550 628 550", look.dark, 26)
            + path("M150 440C160 300 280 250 400 250S640 300 650 440Z", look.colour)
            + path("M150 440C160 320 240 270 330 256C250 310 226 380 224 440Z", look.light, opacity=0.5)
            + rect(356, 206, 88, 60, 28, look.dark)
            + line("M150 442H650", CLAY, 13)
            + _specks(look, 240, 300, 320, 120)
        )
    trail = line("M250 480q38-44 75 0t75 0 75 0 75 0", CREAM, 13)
    return (
        shadow(400, 650, 280)
        + path("M130 400H670L600 600C590 640 560 644 400 644S210 640 200 600Z", look.colour)
        + path("M130 400h90l50 240C220 636 206 622 200 600Z", look.light, opacity=0.45)
        + trail
        + ellipse(400, 400, 272, 60, CLAY)
        + ellipse(400, 404, 250, 48, CREAM)
    )


def teapot(look: Look) -> str:
    kyusu = look.has("porcelain")
    handle = (
        line("M470 470 640 380", look.dark, 44)
        if kyusu
        else line("M280 350C260 180 540 180 520 350", WOOD, 17)
    )
    return (
        shadow(400, 650, 240)
        + handle
        + path("M250 480C180 470 170 400 120 380L136 352C200 360 230 400 300 410Z", look.dark)
        + path(
            "M230 490C230 390 310 350 400 350S570 390 570 490C570 600 510 640 400 640S230 600 230 490Z",
            look.colour,
        )
        + path(
            "M230 490C230 410 290 364 350 354C290 410 280 540 330 628C260 606 230 560 230 490Z",
            look.light,
            opacity=0.5,
        )
        + ellipse(400, 356, 84, 24, look.dark)
        + path("M330 350C350 316 450 316 470 350Z", look.colour)
        + circle(400, 312, 22, CLAY)
        + rect(330, 630, 140, 22, 8, CLAY)
        + _specks(look, 280, 410, 240, 180)
    )


def jug(look: Look) -> str:
    return (
        shadow(390, 680, 190)
        + line("M500 300C640 290 630 540 510 540", look.dark, 32)
        + path(
            "M290 200C270 330 230 400 230 520C230 640 290 672 380 672S530 640 530 520C530 400 490 330 480 200L540 170 500 230Z",
            look.colour,
        )
        + path(
            "M290 200C270 330 230 400 230 520C230 620 270 660 330 668C270 560 300 360 340 206Z",
            look.light,
            opacity=0.5,
        )
        + path("M480 200 556 160 500 250Z", look.colour)
        + ellipse(386, 200, 98, 26, CLAY)
        + ellipse(386, 203, 84, 19, look.deep)
        + _specks(look, 270, 380, 230, 240)
    )


def vase(look: Look) -> str:
    stems = line("M392 250C380 150 330 130 310 70M404 250C410 150 470 120 480 60", "#6d7d45", 8) + "".join(
        ellipse(x, y, 24, 13, "#8aa06a") for x, y in ((318, 90), (350, 140), (474, 80), (446, 134))
    )
    if look.has("porcelain"):
        return (
            shadow(400, 680, 230)
            + path(
                "M350 170H450C600 230 650 340 640 440C620 590 520 670 400 670S180 590 160 440C150 340 200 230 350 170Z",
                "#eceae3",
            )
            + path(
                "M350 170h20C230 260 220 500 330 660C240 640 172 560 160 440C150 340 200 230 350 170Z",
                "#ffffff",
                opacity=0.8,
            )
            + line("M164 430Q400 480 636 430", "#d2cec2", 5)
            + ellipse(400, 170, 54, 13, "#c9c5b8")
        )
    if look.has("earthenware"):
        return (
            rect(376, 140, 48, 48, 24, "#6f5637")
            + stems
            + path("M300 250H500L520 560C510 640 450 670 400 670S290 640 280 560Z", look.colour)
            + path("M300 250h50L340 650C300 630 284 600 280 560Z", look.light, opacity=0.5)
            + ellipse(400, 250, 100, 26, look.deep)
            + _specks(look, 310, 320, 180, 260)
        )
    return (
        shadow(400, 690, 170)
        + stems
        + path(
            "M372 240H428L436 360C520 400 540 470 530 560C520 650 480 676 400 676S280 650 270 560C260 470 280 400 364 360Z",
            look.colour,
        )
        + path(
            "M372 240h20L380 380C310 440 300 580 350 668C290 650 276 620 270 560C260 470 280 400 364 360Z",
            look.light,
            opacity=0.5,
        )
        + ellipse(400, 240, 30, 9, look.deep)
        + path(
            "M276 520C320 560 330 500 380 540S470 500 532 530C524 460 500 400 436 360H364C290 396 268 450 270 520Z",
            CLAY,
            opacity=0.35,
        )
        + _specks(look, 300, 450, 200, 180)
    )


def planter(look: Look) -> str:
    leaves = "".join(
        f'<g transform="translate({x} {y}) rotate({turn})">{ellipse(0, -60, 26, 66, green)}</g>'
        for x, y, turn, green in (
            (330, 330, -34, "#6d7d45"),
            (400, 310, -6, "#8aa06a"),
            (470, 330, 30, "#5d7040"),
            (364, 320, -20, "#7d9152"),
            (440, 316, 14, "#6d7d45"),
        )
    )
    if look.has("stoneware"):
        return (
            shadow(400, 640, 290)
            + f'<g transform="translate(-120 20)">{leaves}</g><g transform="translate(120 20)">{leaves}</g>'
            + rect(140, 360, 520, 220, 26, look.colour)
            + rect(140, 360, 520, 50, 22, look.light)
            + rect(120, 580, 560, 44, 16, look.dark)
            + _specks(look, 180, 420, 440, 140)
        )
    return (
        shadow(400, 680, 200)
        + leaves
        + path("M260 400H540L510 620C508 640 292 640 290 620Z", look.colour)
        + path("M260 400h60l14 236C298 634 291 632 290 620Z", look.light, opacity=0.5)
        + rect(240, 340, 320, 70, 12, look.dark)
        + path("M250 640H550L530 676H270Z", look.dark)
    )


def kitchen_pot(look: Look) -> str:
    if look.has("gift"):
        return (
            shadow(400, 660, 220)
            + path(
                "M240 560C220 400 300 300 430 300C560 310 600 420 580 560C574 640 520 650 410 650S250 640 240 560Z",
                look.colour,
            )
            + path(
                "M240 560C226 440 270 350 340 316C290 420 290 560 330 644C262 636 246 620 240 560Z",
                look.light,
                opacity=0.5,
            )
            + f'<g transform="rotate(24 300 420)">{ellipse(290, 420, 104, 126, CLAY)}{ellipse(288, 424, 82, 104, look.deep)}{ellipse(280, 470, 60, 44, CREAM)}</g>'
            + line("M300 440 190 300", WOOD, 17)
            + _specks(look, 420, 380, 130, 220)
        )
    holes = (
        "".join(
            circle(310 + x * 60 + (y % 2) * 30, 440 + y * 60, 12, look.deep)
            for x in range(3)
            for y in range(3)
        )
        if look.has("earthenware")
        else line("M256 480Q400 510 544 480", look.dark, 7, opacity=0.5)
    )
    return (
        shadow(400, 680, 200)
        + path("M250 380H550L530 640C526 676 274 676 270 640Z", look.colour)
        + path("M250 380h70l14 290C292 668 274 660 270 640Z", look.light, opacity=0.5)
        + holes
        + path("M230 380C260 300 540 300 570 380Z", look.dark)
        + rect(226, 366, 348, 34, 14, look.dark)
        + circle(400, 290, 34, CLAY)
    )


def caddy(look: Look) -> str:
    return (
        shadow(400, 690, 190)
        + path("M260 330H540V640C540 682 500 686 400 686S260 682 260 640Z", look.colour)
        + path("M260 330h70V682C276 678 260 668 260 640Z", look.light, opacity=0.5)
        + rect(280, 300, 240, 40, 6, "#b98d5b")
        + rect(246, 210, 308, 96, 26, look.dark)
        + rect(370, 176, 60, 44, 18, CLAY)
        + rect(340, 440, 120, 120, 6, CREAM)
        + line("M364 480h72M364 516h72", look.deep, 8)
    )


SHAPES: dict[str, Shape] = {
    "plate": plate,
    "bowl": bowl,
    "ceramic-mug": mug,
    "ceramic-cup": cup,
    "serving-dish": serving_dish,
    "baking-dish": baking_dish,
    "teapot": teapot,
    "jug": jug,
    "vase": vase,
    "planter": planter,
    "kitchen-pot": kitchen_pot,
    "tea-caddy": caddy,
}
