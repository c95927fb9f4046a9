"""Tents, tarps, hammocks, and what holds them up."""

# ruff: noqa: E501 - the data of a path has no good place to break

from __future__ import annotations

from demo.shop.pictures.pen import (
    CREAM,
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


def _pegs(*points: tuple[int, int, int, int]) -> str:
    return "".join(line(f"M{x1} {y1}L{x2} {y2}", "#7a705c", 4) for x1, y1, x2, y2 in points)


def dome(look: Look) -> str:
    return (
        ellipse(400, 606, 330, 34, "#6d7a4d", opacity=0.35)
        + _pegs((140, 590, 84, 616), (660, 590, 716, 616))
        + path("M130 600C180 340 290 220 400 220S620 340 670 600Z", look.colour)
        + path("M400 220C330 330 300 460 296 600H130C180 340 290 220 400 220Z", look.light, opacity=0.55)
        + path("M400 220C460 330 496 470 500 600H336C340 460 366 330 400 220Z", look.deep)
        + path("M400 220C392 350 388 480 392 600H336C340 460 366 330 400 220Z", look.dark)
        + line("M130 600C220 400 330 240 400 220C470 240 580 400 670 600", look.accent, 7)
        + line("M336 600H500", CREAM, 6, opacity=0.6)
    )


def tunnel(look: Look) -> str:
    return (
        ellipse(410, 606, 340, 32, "#6d7a4d", opacity=0.35)
        + _pegs((90, 560, 50, 612), (720, 560, 760, 612))
        + path("M80 600C90 380 170 300 250 300H560C650 310 720 420 736 600Z", look.colour)
        + path("M80 600C90 380 170 300 250 300C190 380 170 480 168 600Z", look.light, opacity=0.6)
        + line(
            "M168 600C170 400 220 310 262 300M390 600C388 420 420 320 450 300M610 600C604 440 612 340 570 302",
            look.deep,
            7,
        )
        + path("M230 600C234 470 262 400 300 390C330 420 346 500 346 600Z", look.deep)
        + rect(470, 400, 90, 60, 18, CREAM, opacity=0.55)
    )


def bell(look: Look) -> str:
    canvas, dark = ("#e9dfc8", "#cdbf9f") if not look.has("hot-tent") else (look.pale, look.dark)
    return (
        ellipse(400, 640, 330, 32, "#6d7a4d", opacity=0.35)
        + _pegs((120, 470, 56, 640), (680, 470, 744, 640))
        + line("M400 150V120", WOOD, 12)
        + path("M400 150 690 470 676 632H124L110 470Z", canvas)
        + path("M400 150 250 480 254 632H124L110 470Z", "#ffffff", opacity=0.35)
        + path("M400 150 560 480 550 632H676L690 470Z", dark, opacity=0.7)
        + path("M400 210 470 632H330Z", look.deep if look.has("hot-tent") else "#8a6c45")
        + path("M400 210 400 632H330Z", "#6f5637", opacity=0.6)
        + line("M110 470Q255 496 330 480M690 470Q545 496 470 480", dark, 6)
        + (
            line("M520 290V170", RUBBER, 16)
            if look.has("hot-tent")
            else line("M200 420q30 30 60 6 30 30 60 0", look.accent, 6)
        )
    )


def pyramid(look: Look) -> str:
    return (
        ellipse(400, 616, 330, 30, "#6d7a4d", opacity=0.35)
        + _pegs((100, 600, 60, 630), (700, 600, 740, 630))
        + path("M400 170 700 610H100Z", look.colour)
        + path("M400 170 100 610H300Z", look.light, opacity=0.6)
        + path("M400 170 460 610H330Z", look.deep)
        + line("M400 170 300 610M400 170 560 610", look.dark, 4)
    )


def tarp(look: Look) -> str:
    return (
        ellipse(400, 640, 300, 28, "#6d7a4d", opacity=0.35)
        + line("M160 640V300M640 640V250", WOOD, 13)
        + line("M150 300 80 640M650 250 726 640", "#7a705c", 4)
        + path("M120 320 420 220 690 270 590 480 230 520Z", look.colour)
        + path("M120 320 420 220 360 500 230 520Z", look.light, opacity=0.55)
        + line("M420 220 360 504", look.dark, 5)
        + "".join(
            circle(x, y, 8, CREAM) for x, y in ((126, 322), (420, 226), (682, 274), (588, 474), (234, 514))
        )
    )


def shelter(look: Look) -> str:
    return (
        ellipse(400, 610, 320, 30, "#6d7a4d", opacity=0.3)
        + path(
            "M110 600C120 360 280 240 420 240C560 240 660 380 690 600H560C560 480 520 400 440 380C340 370 250 460 240 600Z",
            look.colour,
        )
        + path("M240 600C250 460 340 370 440 380C520 400 560 480 560 600Z", look.deep)
        + path("M110 600C120 360 280 240 420 240C300 300 230 420 222 600Z", look.light, opacity=0.5)
        + line("M420 240C500 300 540 420 548 600", look.accent, 6)
    )


def bivvy(look: Look) -> str:
    return (
        shadow(400, 590, 320)
        + path(
            "M90 560C90 470 160 440 240 430L560 450C640 456 710 490 716 560C716 586 700 590 680 590H130C100 590 90 586 90 560Z",
            look.colour,
        )
        + path("M90 560C90 470 160 420 230 400C310 400 330 470 330 560C330 580 110 590 90 560Z", look.dark)
        + path("M124 552C130 480 180 440 230 432C280 440 296 490 296 552Z", look.deep)
        + line("M330 520H700", look.accent, 6, opacity=0.8)
    )


def hammock(look: Look) -> str:
    roof = path("M110 300 400 200 690 300 400 330Z", look.dark) if look.has("bushcraft", "solo") else ""
    fringe = (
        line("".join(f"M{x} {520 - abs(x - 400) * 0.24:.0f}v26" for x in range(230, 580, 22)), CREAM, 4)
        if look.has("home")
        else ""
    )
    return (
        line("M70 690V130M730 690V130", "#6f5637", 42)
        + ellipse(400, 690, 350, 24, "#6d7a4d", opacity=0.35)
        + line("M80 300 190 380M720 300 610 380", "#7a705c", 7)
        + roof
        + path("M186 376C260 560 540 560 614 376C560 470 240 470 186 376Z", look.colour)
        + path("M186 376C240 470 560 470 614 376C540 430 260 430 186 376Z", look.light)
        + line("M230 440C330 520 470 520 570 440", look.accent, 9, opacity=0.7)
        + fringe
    )


def groundsheet(look: Look) -> str:
    return (
        shadow(400, 600, 270)
        + path("M150 560 260 330H640L700 560Z", look.colour)
        + path("M260 330H640L652 376H238Z", look.light, opacity=0.5)
        + path("M150 560H700L690 590H140Z", look.dark)
        + line("M190 480H680M220 410H662", look.pale, 6, opacity=0.6)
        + path("M560 330h80l22 86-70-20Z", look.dark)
        + "".join(circle(x, y, 9, STEEL) for x, y in ((166, 552), (684, 552), (270, 340)))
    )


def pegs(look: Look) -> str:
    metal = "#9a958f" if look.has("titanium") else STEEL
    one = (
        line("M400 210V560L400 600", metal, 20)
        + line("M400 214C440 196 452 240 420 250", metal, 14)
        + line("M404 244C440 280 400 320 430 350", "#d2693a", 8)
    )
    return shadow(400, 650, 240) + "".join(
        moved(one, -180 + i * 90, 20 * (i % 2), turn=-8 + i * 4) for i in range(5)
    )


def cord(look: Look) -> str:
    rings = "".join(
        line(
            f"M{230 + i * 10} 400a{170 - i * 10} {170 - i * 10} 0 1 0 {340 - i * 20} 0a{170 - i * 10} {170 - i * 10} 0 1 0 -{340 - i * 20} 0",
            look.colour if i % 2 else look.dark,
            11,
        )
        for i in range(7)
    )
    return (
        shadow(400, 630, 190)
        + rings
        + rect(360, 210, 80, 120, 14, CREAM)
        + line("M376 250h48M376 280h48", look.dark, 7)
        + line("M540 480C640 520 600 600 680 640", look.colour, 11)
    )


def tin(look: Look) -> str:
    return (
        shadow(400, 640, 230)
        + path("M190 360V580C190 640 610 640 610 580V360Z", look.dark)
        + path("M190 360V580C190 610 250 622 320 626V380Z", look.colour)
        + ellipse(400, 360, 210, 84, look.light)
        + ellipse(400, 354, 176, 64, look.colour)
        + line("M330 354h140M352 380h96", CREAM, 10)
        + circle(400, 322, 18, look.accent)
    )


def jerry(look: Look) -> str:
    return (
        shadow(400, 690, 150)
        + rect(356, 150, 88, 70, 12, RUBBER)
        + path("M330 220H470L500 280V640C500 680 300 680 300 640V280Z", look.colour)
        + rect(322, 340, 156, 210, 10, CREAM)
        + line("M346 390h108M346 430h108M346 470h70", look.dark, 9)
        + path("M400 500c14 18 20 26 20 36a20 20 0 0 1-40 0c0-10 6-18 20-36Z", "#7fa9c0")
    )


def poles(look: Look) -> str:
    return (
        shadow(400, 660, 220)
        + "".join(
            moved(
                line("M400 150V640", RUBBER, 20)
                + line("M400 300v6M400 470v6", STEEL, 22)
                + line("M400 150v-14", look.accent, 14),
                -60 + i * 120,
                0,
                turn=-10 + i * 20,
            )
            for i in range(2)
        )
        + rect(330, 400, 140, 40, 18, look.accent)
    )


SHAPES: dict[str, Shape] = {
    "dome-tent": dome,
    "tunnel-tent": tunnel,
    "bell-tent": bell,
    "pyramid-tent": pyramid,
    "tarp": tarp,
    "shelter": shelter,
    "bivvy": bivvy,
    "hammock-tent": hammock,
    "hammock": hammock,
    "groundsheet": groundsheet,
    "tent-pegs": pegs,
    "guy-line": cord,
    "repair-kit": tin,
    "care-kit": tin,
    "reproofer": jerry,
    "tent-poles": poles,
}
