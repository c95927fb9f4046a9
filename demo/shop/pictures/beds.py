"""Sleeping bags, quilts and mats."""

# ruff: noqa: E501 - the data of a path has no good place to break

from __future__ import annotations

from demo.shop.pictures.pen import (
    CREAM,
    LEATHER,
    RUBBER,
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


def sleeping_bag(look: Look) -> str:
    if look.has("double", "children"):
        flap = path("M200 220H600V300H200Z", look.pale) + path("M420 300H600L560 470Z", look.pale)
        return (
            shadow(400, 690, 230)
            + rect(200, 200, 400, 480, 40, look.colour)
            + flap
            + line("M216 380H584M216 460H584M216 540H584M216 620H584", look.deep, 5, opacity=0.4)
            + rect(240, 214, 320, 70, 30, CREAM)
        )
    rows = "".join(f"M{290 - (y - 300) * -0.02:.0f} {y}Q400 {y + 20} 510 {y}" for y in range(330, 650, 52))
    return moved(
        path(
            "M400 90C500 90 548 170 548 270C548 420 500 640 470 690C456 716 344 716 330 690C300 640 252 420 252 270C252 170 300 90 400 90Z",
            look.colour,
        )
        + path("M400 120C470 120 508 180 500 250C480 320 320 320 300 250C292 180 330 120 400 120Z", look.deep)
        + path("M400 150C446 150 470 190 464 240C440 270 360 270 336 240C330 190 354 150 400 150Z", CREAM)
        + line(rows, look.deep, 6, opacity=0.42)
        + line("M520 300C512 440 492 560 470 640", look.accent, 7),
        turn=14,
    )


def bedroll(look: Look) -> str:
    return (
        shadow(400, 620, 270)
        + rect(150, 350, 500, 240, 110, look.colour)
        + ellipse(640, 470, 70, 120, look.dark)
        + line("M640 400a46 70 0 1 0 1 0M640 430a26 40 0 1 0 1 0", look.pale, 9)
        + line("M270 352V588M490 352V588", LEATHER, 30)
        + "".join(rect(x, 440, 44, 44, 6, "#c29a45") for x in (248, 468))
        + line("M300 340C320 260 460 260 480 340", LEATHER, 18)
    )


def folded(look: Look) -> str:
    stripes = "".join(rect(200, y, 400, 12, 0, look.accent, opacity=0.8) for y in (430, 460)) + rect(
        200, 560, 400, 12, 0, CREAM, opacity=0.7
    )
    quilted = (
        line(
            "".join(f"M{x} 400l60 200M{x + 60} 400l-60 200" for x in range(210, 580, 70)),
            look.deep,
            4,
            opacity=0.4,
        )
        if look.has("down", "cotton", "hammock")
        else stripes + line("".join(f"M{x} 620v34" for x in range(212, 600, 18)), look.pale, 4)
    )
    return (
        shadow(400, 660, 250)
        + rect(196, 300, 408, 110, 40, look.light)
        + rect(186, 370, 428, 130, 44, look.dark)
        + rect(196, 400, 408, 220, 36, look.colour)
        + quilted
    )


def air_mat(look: Look) -> str:
    ribs = "".join(
        rect(262, y, 276, 50, 25, look.light if i % 2 else look.colour)
        for i, y in enumerate(range(120, 660, 52))
    )
    return moved(
        rect(250, 108, 300, 570, 60, look.dark) + ribs + rect(470, 640, 54, 50, 12, RUBBER), turn=-12
    ) + moved(rect(560, 470, 130, 190, 50, look.deep), 0, 0)


def foam_mat(look: Look) -> str:
    folds = "".join(
        path(
            f"M{150 + i * 84} {360 + (i % 2) * 40}l84 {40 if i % 2 == 0 else -40}v190l-84 {-40 if i % 2 == 0 else 40}Z",
            look.colour if i % 2 else look.dark,
        )
        for i in range(6)
    )
    dots = "".join(
        circle(178 + i * 84 + x * 28, 420 + y * 44 + (20 if i % 2 else 4), 8, look.pale, opacity=0.5)
        for i in range(6)
        for x in range(2)
        for y in range(3)
    )
    if look.has("wool"):
        return (
            shadow(400, 640, 240)
            + path(
                "M180 300C300 250 500 250 620 300C660 420 650 540 610 610C480 640 320 640 190 610C150 520 150 400 180 300Z",
                look.colour,
            )
            + line(
                "M220 330C320 290 480 290 580 330M210 580C320 606 480 606 590 580", look.dark, 6, dash="4 16"
            )
        )
    return shadow(400, 630, 270) + folds + dots


def liner(look: Look) -> str:
    return (
        shadow(400, 670, 180)
        + path("M300 180H500L530 640H270Z", look.colour)
        + path("M300 180H500L504 250Q400 300 296 250Z", look.pale)
        + line("M330 300C350 420 330 540 350 630M460 300C440 420 470 540 450 630", look.dark, 6, opacity=0.6)
        + rect(560, 480, 100, 160, 30, look.dark)
        + line("M570 500H650", look.pale, 7)
    )


def pillow(look: Look) -> str:
    return (
        shadow(400, 600, 250)
        + path(
            "M190 320C250 270 550 270 610 320C650 380 650 500 610 560C550 600 250 600 190 560C150 500 150 380 190 320Z",
            look.colour,
        )
        + path("M190 320C250 270 550 270 610 320C560 360 240 360 190 320Z", look.light, opacity=0.6)
        + line("M210 540C300 500 320 380 240 340M590 540C500 500 480 380 560 340", look.dark, 6, opacity=0.5)
        + rect(560, 420, 50, 22, 3, look.accent)
    )


SHAPES: dict[str, Shape] = {
    "sleeping-bag": sleeping_bag,
    "bedroll": bedroll,
    "quilt": folded,
    "blanket": folded,
    "air-mat": air_mat,
    "foam-mat": foam_mat,
    "liner": liner,
    "pillow": pillow,
}
