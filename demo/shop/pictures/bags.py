"""Packs and bags."""

# ruff: noqa: E501 - the data of a path has no good place to break

from __future__ import annotations

from demo.shop.pictures.pen import (
    CREAM,
    LEATHER,
    RUBBER,
    STEEL,
    Look,
    Shape,
    circle,
    line,
    moved,
    path,
    rect,
    shadow,
)


def pack(top: float, width: float, *, lid: bool, belt: bool) -> Shape:
    """A rucksack from the front; ``top`` is where it ends above, ``width`` half of its breadth."""

    def shape(look: Look) -> str:
        left, right = 400 - width, 400 + width
        inside = shadow(400, 690, width + 60)
        inside += line(
            f"M{left + 40} {top + 20}C{left - 50} {top + 160} {left - 40} 520 {left + 20} 600", look.deep, 26
        )
        inside += line(
            f"M{right - 40} {top + 20}C{right + 50} {top + 160} {right + 40} 520 {right - 20} 600",
            look.deep,
            26,
        )
        if belt:
            inside += path(
                f"M{left + 10} 560H{right - 10}L{right + 70} 600 {right + 50} 650H{left - 50}L{left - 70} 600Z",
                look.deep,
            )
        inside += path(
            f"M{left} {top + 90}C{left} {top + 10} {left + 50} {top} 400 {top}S{right} {top + 10} {right} {top + 90}V620C{right} 670 {right - 30} 676 400 676S{left} 670 {left} 620Z",
            look.colour,
        )
        inside += path(
            f"M{left} {top + 90}V620C{left} 650 {left + 10} 664 {left + 50} 670V{top + 16}C{left + 10} {top + 30} {left} {top + 50} {left} {top + 90}Z",
            look.light,
            opacity=0.4,
        )
        if lid:
            inside += path(
                f"M{left - 8} {top + 130}C{left - 14} {top + 10} {left + 40} {top - 16} 400 {top - 16}S{right + 14} {top + 10} {right + 8} {top + 130}C{right - 60} {top + 150} {left + 60} {top + 150} {left - 8} {top + 130}Z",
                look.dark,
            )
            inside += line(
                f"M{left + 50} {top + 140}V{top + 250}M{right - 50} {top + 140}V{top + 250}", look.deep, 13
            )
            inside += "".join(rect(x - 14, top + 226, 28, 34, 5, RUBBER) for x in (left + 50, right - 50))
        else:
            inside += line(
                f"M{left + 16} {top + 110}Q400 {top + 40} {right - 16} {top + 110}", look.deep, 6
            ) + rect(right - 60, top + 70, 12, 34, 5, look.accent)
        inside += path(
            f"M{left + 36} 470H{right - 36}V610C{right - 36} 640 {left + 36} 640 {left + 36} 610Z", look.dark
        )
        inside += line(f"M{left + 48} 492H{right - 48}", look.deep, 6) + rect(
            right - 84, 486, 11, 30, 5, look.accent
        )
        return inside + line(f"M370 {top - 4}C372 {top - 44} 428 {top - 44} 430 {top - 4}", look.deep, 15)

    return shape


def roll_top(look: Look) -> str:
    straps = LEATHER if look.has("leather") else look.deep
    return (
        shadow(400, 690, 210)
        + line("M270 280C180 400 200 540 262 620M530 280C620 400 600 540 538 620", straps, 26)
        + path("M250 250H550L562 620C560 676 520 680 400 680S240 676 238 620Z", look.colour)
        + path("M250 250h60l-12 424C258 668 240 660 238 620Z", look.light, opacity=0.4)
        + path("M240 176C250 150 550 150 560 176L556 262H244Z", look.dark)
        + line("M246 204H554M246 232H554", look.deep, 5, opacity=0.6)
        + line("M320 250V400M480 250V400", straps, 20)
        + "".join(rect(x, 380, 40, 34, 6, "#c29a45" if look.has("leather") else RUBBER) for x in (300, 460))
        + rect(290, 480, 220, 140, 14, look.dark, opacity=0.8)
    )


def running_vest(look: Look) -> str:
    flask = rect(-22, 0, 44, 130, 16, "#dfe9ea") + rect(-10, -26, 20, 30, 6, RUBBER)
    return (
        shadow(400, 670, 190)
        + path(
            "M290 170C320 150 350 160 360 200C372 280 350 330 366 400V590H270C230 480 240 260 290 170Z",
            look.colour,
        )
        + path(
            "M510 170C480 150 450 160 440 200C428 280 450 330 434 400V590H530C570 480 560 260 510 170Z",
            look.colour,
        )
        + line("M366 320H434M366 420H434", look.deep, 10)
        + rect(284, 440, 70, 120, 12, look.dark)
        + rect(446, 440, 70, 120, 12, look.dark)
        + f'<g transform="translate(316 300)">{flask}</g><g transform="translate(484 300)">{flask}</g>'
        + line("M300 180C330 260 330 340 320 420", look.accent, 6, opacity=0.8)
    )


def hip_pack(look: Look) -> str:
    return (
        shadow(400, 610, 240)
        + line("M190 400C100 380 100 300 200 270H600C700 300 700 380 610 400", look.deep, 24)
        + path(
            "M190 330C190 290 230 286 400 286S610 290 610 330C616 470 540 570 400 570S184 470 190 330Z",
            look.colour,
        )
        + path("M190 330C190 290 230 286 400 286S610 290 610 330L604 372Q400 330 196 372Z", look.dark)
        + line("M214 384Q400 346 586 384", look.deep, 7)
        + rect(560, 366, 12, 34, 5, look.accent)
        + rect(350, 440, 100, 54, 8, look.dark, opacity=0.7)
    )


def duffel(look: Look) -> str:
    grip = LEATHER if look.has("leather") else look.deep
    return (
        shadow(400, 620, 290)
        + path(
            "M140 330C140 290 170 280 210 280H590C630 280 660 290 660 330V560C660 590 640 600 600 600H200C160 600 140 590 140 560Z",
            look.colour,
        )
        + path("M140 330C140 290 170 280 210 280C176 340 176 540 200 600C160 600 140 590 140 560Z", look.dark)
        + path("M660 330C660 290 630 280 590 280C624 340 624 540 600 600C640 600 660 590 660 560Z", look.dark)
        + line("M220 312H580", look.deep, 7)
        + line("M286 600V300C290 180 510 180 514 300V600", grip, 24)
        + rect(250, 430, 300, 110, 10, look.light, opacity=0.35)
        + rect(352, 214, 96, 36, 14, grip)
    )


def tote(look: Look) -> str:
    grip = LEATHER if look.has("home") else look.dark
    return (
        shadow(400, 690, 210)
        + line("M316 320C310 130 490 130 484 320", look.deep, 20)
        + path("M220 300H580L604 650C604 676 590 680 570 680H230C210 680 196 676 196 650Z", look.colour)
        + path("M220 300H290L270 680H230C210 680 196 676 196 650Z", look.light, opacity=0.45)
        + line("M312 300V420M488 300V420", grip, 22)
        + path("M400 440c40 28 58 54 58 84a58 58 0 0 1-116 0c0-30 18-56 58-84Z", look.deep, opacity=0.55)
    )


def dry_bag(look: Look) -> str:
    def one(shade: str, edge: str) -> str:
        return (
            path("M300 260H500V620C500 660 300 660 300 620Z", shade)
            + rect(292, 210, 216, 64, 18, edge)
            + line("M300 240C240 200 250 150 320 160M500 240C560 200 550 150 480 160", edge, 12)
            + rect(372, 146, 56, 30, 8, RUBBER)
            + rect(326, 330, 30, 240, 10, CREAM, opacity=0.5)
        )

    return (
        shadow(400, 680, 260)
        + moved(one(look.light, look.dark), -130, 70, scale=0.82)
        + moved(one(look.colour, look.deep), 90, 10)
    )


def packing_cube(look: Look) -> str:
    one = (
        rect(220, 260, 360, 130, 22, look.colour)
        + rect(250, 286, 240, 78, 14, look.deep, opacity=0.45)
        + line("M232 262H560", look.deep, 6)
        + rect(520, 256, 34, 14, 5, look.accent)
    )
    return shadow(400, 660, 230) + moved(one, 20, 250) + moved(one, -14, 120) + moved(one, 8, -10)


def pack_cover(look: Look) -> str:
    return (
        shadow(400, 680, 220)
        + path(
            "M230 300C230 180 320 150 400 150S570 180 570 300V580C570 650 520 670 400 670S230 650 230 580Z",
            look.colour,
        )
        + path(
            "M260 300C260 210 330 180 400 180C340 220 320 400 340 650C280 640 260 620 260 580Z",
            look.pale,
            opacity=0.5,
        )
        + line("M240 590C300 640 500 640 560 590", look.deep, 7, opacity=0.6)
        + rect(352, 380, 96, 40, 8, CREAM, opacity=0.85)
    )


def water_flask(look: Look) -> str:
    return (
        shadow(400, 690, 130)
        + rect(366, 150, 68, 70, 14, RUBBER)
        + rect(350, 206, 100, 40, 10, look.dark)
        + path(
            "M330 246H470C500 300 500 420 480 640C478 670 322 670 320 640C300 420 300 300 330 246Z", look.pale
        )
        + path("M314 400H487C488 470 484 560 480 640C478 670 322 670 320 640Z", look.colour, opacity=0.75)
        + line("M350 290C344 380 346 500 352 600", "#ffffff", 9, opacity=0.6)
    )


def child_carrier(look: Look) -> str:
    return (
        line("M250 660 330 180H470L550 660M300 470H500", STEEL, 16)
        + shadow(400, 680, 220)
        + path("M310 340H490L510 580H290Z", look.colour)
        + path("M290 190C330 120 470 120 510 190L494 240H306Z", look.dark)
        + line("M340 350V560M460 350V560", look.deep, 18)
        + rect(330, 430, 140, 40, 12, look.accent)
        + path("M306 580H494V640H306Z", look.deep)
    )


def pannier(look: Look) -> str:
    one = (
        path("M300 280H500L520 630C518 660 282 660 280 630Z", look.colour)
        + rect(288, 220, 224, 70, 16, look.dark)
        + line("M340 250V360M460 250V360", look.deep, 14)
        + circle(400, 520, 34, CREAM, opacity=0.9)
    )
    return shadow(400, 680, 280) + moved(one, -130) + moved(one, 130)


SHAPES: dict[str, Shape] = {
    "trek-pack": pack(170, 150, lid=True, belt=True),
    "day-pack": pack(240, 160, lid=False, belt=False),
    "roll-top": roll_top,
    "running-vest": running_vest,
    "hip-pack": hip_pack,
    "duffel": duffel,
    "tote": tote,
    "dry-bag": dry_bag,
    "packing-cube": packing_cube,
    "pack-cover": pack_cover,
    "water-flask": water_flask,
    "child-carrier": child_carrier,
    "pannier": pannier,
}
