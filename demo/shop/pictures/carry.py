"""Packs and bags, tents and tarps, beds for outdoors."""

from __future__ import annotations

from demo.shop.pictures.pen import (
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


def pack(top: float, width: float, *, lid: bool, belt: bool) -> Shape:
    """A rucksack from the front; ``top`` is where it ends above, ``width`` half of its breadth."""

    def shape(look: Look) -> str:
        left, right = 400 - width, 400 + width
        inside = shadow(400, 690, width + 60)
        inside += line(f"M{left + 40} {top + 20}C{left - 50} {top + 160} {left - 40} 520 {left + 20} 600", look.deep, 26)
        inside += line(f"M{right - 40} {top + 20}C{right + 50} {top + 160} {right + 40} 520 {right - 20} 600", look.deep, 26)
        if belt:
            inside += path(f"M{left + 10} 560H{right - 10}L{right + 70} 600 {right + 50} 650H{left - 50}L{left - 70} 600Z", look.deep)
        inside += path(f"M{left} {top + 90}C{left} {top + 10} {left + 50} {top} 400 {top}S{right} {top + 10} {right} {top + 90}V620C{right} 670 {right - 30} 676 400 676S{left} 670 {left} 620Z", look.colour)
        inside += path(f"M{left} {top + 90}V620C{left} 650 {left + 10} 664 {left + 50} 670V{top + 16}C{left + 10} {top + 30} {left} {top + 50} {left} {top + 90}Z", look.light, opacity=0.4)
        if lid:
            inside += path(f"M{left - 8} {top + 130}C{left - 14} {top + 10} {left + 40} {top - 16} 400 {top - 16}S{right + 14} {top + 10} {right + 8} {top + 130}C{right - 60} {top + 150} {left + 60} {top + 150} {left - 8} {top + 130}Z", look.dark)
            inside += line(f"M{left + 50} {top + 140}V{top + 250}M{right - 50} {top + 140}V{top + 250}", look.deep, 13)
            inside += "".join(rect(x - 14, top + 226, 28, 34, 5, RUBBER) for x in (left + 50, right - 50))
        else:
            inside += line(f"M{left + 16} {top + 110}Q400 {top + 40} {right - 16} {top + 110}", look.deep, 6) + rect(right - 60, top + 70, 12, 34, 5, look.accent)
        inside += path(f"M{left + 36} 470H{right - 36}V610C{right - 36} 640 {left + 36} 640 {left + 36} 610Z", look.dark)
        inside += line(f"M{left + 48} 492H{right - 48}", look.deep, 6) + rect(right - 84, 486, 11, 30, 5, look.accent)
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
        + path("M290 170C320 150 350 160 360 200C372 280 350 330 366 400V590H270C230 480 240 260 290 170Z", look.colour)
        + path("M510 170C480 150 450 160 440 200C428 280 450 330 434 400V590H530C570 480 560 260 510 170Z", look.colour)
        + line("M366 320H434M366 420H434", look.deep, 10)
        + rect(284, 440, 70, 120, 12, look.dark) + rect(446, 440, 70, 120, 12, look.dark)
        + f'<g transform="translate(316 300)">{flask}</g><g transform="translate(484 300)">{flask}</g>'
        + line("M300 180C330 260 330 340 320 420", look.accent, 6, opacity=0.8)
    )


def hip_pack(look: Look) -> str:
    return (
        shadow(400, 610, 240)
        + line("M190 400C100 380 100 300 200 270H600C700 300 700 380 610 400", look.deep, 24)
        + path("M190 330C190 290 230 286 400 286S610 290 610 330C616 470 540 570 400 570S184 470 190 330Z", look.colour)
        + path("M190 330C190 290 230 286 400 286S610 290 610 330L604 372Q400 330 196 372Z", look.dark)
        + line("M214 384Q400 346 586 384", look.deep, 7)
        + rect(560, 366, 12, 34, 5, look.accent)
        + rect(350, 440, 100, 54, 8, look.dark, opacity=0.7)
    )


def duffel(look: Look) -> str:
    grip = LEATHER if look.has("leather") else look.deep
    return (
        shadow(400, 620, 290)
        + path("M140 330C140 290 170 280 210 280H590C630 280 660 290 660 330V560C660 590 640 600 600 600H200C160 600 140 590 140 560Z", look.colour)
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
        return path("M300 260H500V620C500 660 300 660 300 620Z", shade) + rect(292, 210, 216, 64, 18, edge) + line("M300 240C240 200 250 150 320 160M500 240C560 200 550 150 480 160", edge, 12) + rect(372, 146, 56, 30, 8, RUBBER) + rect(326, 330, 30, 240, 10, CREAM, opacity=0.5)

    return shadow(400, 680, 260) + moved(one(look.light, look.dark), -130, 70, scale=0.82) + moved(one(look.colour, look.deep), 90, 10)


def packing_cube(look: Look) -> str:
    one = rect(220, 260, 360, 130, 22, look.colour) + rect(250, 286, 240, 78, 14, look.deep, opacity=0.45) + line("M232 262H560", look.deep, 6) + rect(520, 256, 34, 14, 5, look.accent)
    return shadow(400, 660, 230) + moved(one, 20, 250) + moved(one, -14, 120) + moved(one, 8, -10)


def pack_cover(look: Look) -> str:
    return shadow(400, 680, 220) + path("M230 300C230 180 320 150 400 150S570 180 570 300V580C570 650 520 670 400 670S230 650 230 580Z", look.colour) + path("M260 300C260 210 330 180 400 180C340 220 320 400 340 650C280 640 260 620 260 580Z", look.pale, opacity=0.5) + line("M240 590C300 640 500 640 560 590", look.deep, 7, opacity=0.6) + rect(352, 380, 96, 40, 8, CREAM, opacity=0.85)


def water_flask(look: Look) -> str:
    return shadow(400, 690, 130) + rect(366, 150, 68, 70, 14, RUBBER) + rect(350, 206, 100, 40, 10, look.dark) + path("M330 246H470C500 300 500 420 480 640C478 670 322 670 320 640C300 420 300 300 330 246Z", look.pale) + path("M314 400H487C488 470 484 560 480 640C478 670 322 670 320 640Z", look.colour, opacity=0.75) + line("M350 290C344 380 346 500 352 600", "#ffffff", 9, opacity=0.6)


def child_carrier(look: Look) -> str:
    return line("M250 660 330 180H470L550 660M300 470H500", STEEL, 16) + shadow(400, 680, 220) + path("M310 340H490L510 580H290Z", look.colour) + path("M290 190C330 120 470 120 510 190L494 240H306Z", look.dark) + line("M340 350V560M460 350V560", look.deep, 18) + rect(330, 430, 140, 40, 12, look.accent) + path("M306 580H494V640H306Z", look.deep)


def pannier(look: Look) -> str:
    one = path("M300 280H500L520 630C518 660 282 660 280 630Z", look.colour) + rect(288, 220, 224, 70, 16, look.dark) + line("M340 250V360M460 250V360", look.deep, 14) + circle(400, 520, 34, CREAM, opacity=0.9)
    return shadow(400, 680, 280) + moved(one, -130) + moved(one, 130)


# -- tents


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
        + line("M168 600C170 400 220 310 262 300M390 600C388 420 420 320 450 300M610 600C604 440 612 340 570 302", look.deep, 7)
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
        + (line("M520 290V170", RUBBER, 16) if look.has("hot-tent") else line("M200 420q30 30 60 6 30 30 60 0", look.accent, 6))
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
        + "".join(circle(x, y, 8, CREAM) for x, y in ((126, 322), (420, 226), (682, 274), (588, 474), (234, 514)))
    )


def shelter(look: Look) -> str:
    return ellipse(400, 610, 320, 30, "#6d7a4d", opacity=0.3) + path("M110 600C120 360 280 240 420 240C560 240 660 380 690 600H560C560 480 520 400 440 380C340 370 250 460 240 600Z", look.colour) + path("M240 600C250 460 340 370 440 380C520 400 560 480 560 600Z", look.deep) + path("M110 600C120 360 280 240 420 240C300 300 230 420 222 600Z", look.light, opacity=0.5) + line("M420 240C500 300 540 420 548 600", look.accent, 6)


def bivvy(look: Look) -> str:
    return shadow(400, 590, 320) + path("M90 560C90 470 160 440 240 430L560 450C640 456 710 490 716 560C716 586 700 590 680 590H130C100 590 90 586 90 560Z", look.colour) + path("M90 560C90 470 160 420 230 400C310 400 330 470 330 560C330 580 110 590 90 560Z", look.dark) + path("M124 552C130 480 180 440 230 432C280 440 296 490 296 552Z", look.deep) + line("M330 520H700", look.accent, 6, opacity=0.8)


def hammock(look: Look) -> str:
    roof = path("M110 300 400 200 690 300 400 330Z", look.dark) if look.has("bushcraft", "solo") else ""
    fringe = line("".join(f"M{x} {520 - abs(x - 400) * 0.24:.0f}v26" for x in range(230, 580, 22)), CREAM, 4) if look.has("home") else ""
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
    return shadow(400, 600, 270) + path("M150 560 260 330H640L700 560Z", look.colour) + path("M260 330H640L652 376H238Z", look.light, opacity=0.5) + path("M150 560H700L690 590H140Z", look.dark) + line("M190 480H680M220 410H662", look.pale, 6, opacity=0.6) + path("M560 330h80l22 86-70-20Z", look.dark) + "".join(circle(x, y, 9, STEEL) for x, y in ((166, 552), (684, 552), (270, 340)))


def pegs(look: Look) -> str:
    metal = "#9a958f" if look.has("titanium") else STEEL
    one = line("M400 210V560L400 600", metal, 20) + line("M400 214C440 196 452 240 420 250", metal, 14) + line("M404 244C440 280 400 320 430 350", "#d2693a", 8)
    return shadow(400, 650, 240) + "".join(moved(one, -180 + i * 90, 20 * (i % 2), turn=-8 + i * 4) for i in range(5))


def cord(look: Look) -> str:
    rings = "".join(line(f"M{230 + i * 10} 400a{170 - i * 10} {170 - i * 10} 0 1 0 {340 - i * 20} 0a{170 - i * 10} {170 - i * 10} 0 1 0 -{340 - i * 20} 0", look.colour if i % 2 else look.dark, 11) for i in range(7))
    return shadow(400, 630, 190) + rings + rect(360, 210, 80, 120, 14, CREAM) + line("M376 250h48M376 280h48", look.dark, 7) + line("M540 480C640 520 600 600 680 640", look.colour, 11)


def tin(look: Look) -> str:
    return shadow(400, 640, 230) + path("M190 360V580C190 640 610 640 610 580V360Z", look.dark) + path("M190 360V580C190 610 250 622 320 626V380Z", look.colour) + ellipse(400, 360, 210, 84, look.light) + ellipse(400, 354, 176, 64, look.colour) + line("M330 354h140M352 380h96", CREAM, 10) + circle(400, 322, 18, look.accent)


def jerry(look: Look) -> str:
    return shadow(400, 690, 150) + rect(356, 150, 88, 70, 12, RUBBER) + path("M330 220H470L500 280V640C500 680 300 680 300 640V280Z", look.colour) + rect(322, 340, 156, 210, 10, CREAM) + line("M346 390h108M346 430h108M346 470h70", look.dark, 9) + path("M400 500c14 18 20 26 20 36a20 20 0 0 1-40 0c0-10 6-18 20-36Z", "#7fa9c0")


def poles(look: Look) -> str:
    return shadow(400, 660, 220) + "".join(moved(line("M400 150V640", RUBBER, 20) + line("M400 300v6M400 470v6", STEEL, 22) + line("M400 150v-14", look.accent, 14), -60 + i * 120, 0, turn=-10 + i * 20) for i in range(2)) + rect(330, 400, 140, 40, 18, look.accent)


# -- beds


def sleeping_bag(look: Look) -> str:
    if look.has("double", "children"):
        flap = path("M200 220H600V300H200Z", look.pale) + path("M420 300H600L560 470Z", look.pale)
        return shadow(400, 690, 230) + rect(200, 200, 400, 480, 40, look.colour) + flap + line("M216 380H584M216 460H584M216 540H584M216 620H584", look.deep, 5, opacity=0.4) + rect(240, 214, 320, 70, 30, CREAM)
    rows = "".join(f"M{290 - (y - 300) * -0.02:.0f} {y}Q400 {y + 20} 510 {y}" for y in range(330, 650, 52))
    return (
        moved(
            path("M400 90C500 90 548 170 548 270C548 420 500 640 470 690C456 716 344 716 330 690C300 640 252 420 252 270C252 170 300 90 400 90Z", look.colour)
            + path("M400 120C470 120 508 180 500 250C480 320 320 320 300 250C292 180 330 120 400 120Z", look.deep)
            + path("M400 150C446 150 470 190 464 240C440 270 360 270 336 240C330 190 354 150 400 150Z", CREAM)
            + line(rows, look.deep, 6, opacity=0.42)
            + line("M520 300C512 440 492 560 470 640", look.accent, 7),
            turn=14,
        )
    )


def bedroll(look: Look) -> str:
    return shadow(400, 620, 270) + rect(150, 350, 500, 240, 110, look.colour) + ellipse(640, 470, 70, 120, look.dark) + line("M640 400a46 70 0 1 0 1 0M640 430a26 40 0 1 0 1 0", look.pale, 9) + line("M270 352V588M490 352V588", LEATHER, 30) + "".join(rect(x, 440, 44, 44, 6, "#c29a45") for x in (248, 468)) + line("M300 340C320 260 460 260 480 340", LEATHER, 18)


def folded(look: Look) -> str:
    stripes = "".join(rect(200, y, 400, 12, 0, look.accent, opacity=0.8) for y in (430, 460)) + rect(200, 560, 400, 12, 0, CREAM, opacity=0.7)
    quilted = line("".join(f"M{x} 400l60 200M{x + 60} 400l-60 200" for x in range(210, 580, 70)), look.deep, 4, opacity=0.4) if look.has("down", "cotton", "hammock") else stripes + line("".join(f"M{x} 620v34" for x in range(212, 600, 18)), look.pale, 4)
    return shadow(400, 660, 250) + rect(196, 300, 408, 110, 40, look.light) + rect(186, 370, 428, 130, 44, look.dark) + rect(196, 400, 408, 220, 36, look.colour) + quilted


def air_mat(look: Look) -> str:
    ribs = "".join(rect(262, y, 276, 50, 25, look.light if i % 2 else look.colour) for i, y in enumerate(range(120, 660, 52)))
    return moved(rect(250, 108, 300, 570, 60, look.dark) + ribs + rect(470, 640, 54, 50, 12, RUBBER), turn=-12) + moved(rect(560, 470, 130, 190, 50, look.deep), 0, 0)


def foam_mat(look: Look) -> str:
    folds = "".join(path(f"M{150 + i * 84} {360 + (i % 2) * 40}l84 {40 if i % 2 == 0 else -40}v190l-84 {-40 if i % 2 == 0 else 40}Z", look.colour if i % 2 else look.dark) for i in range(6))
    dots = "".join(circle(178 + i * 84 + x * 28, 420 + y * 44 + (20 if i % 2 else 4), 8, look.pale, opacity=0.5) for i in range(6) for x in range(2) for y in range(3))
    if look.has("wool"):
        return shadow(400, 640, 240) + path("M180 300C300 250 500 250 620 300C660 420 650 540 610 610C480 640 320 640 190 610C150 520 150 400 180 300Z", look.colour) + line("M220 330C320 290 480 290 580 330M210 580C320 606 480 606 590 580", look.dark, 6, dash="4 16")
    return shadow(400, 630, 270) + folds + dots


def liner(look: Look) -> str:
    return shadow(400, 670, 180) + path("M300 180H500L530 640H270Z", look.colour) + path("M300 180H500L504 250Q400 300 296 250Z", look.pale) + line("M330 300C350 420 330 540 350 630M460 300C440 420 470 540 450 630", look.dark, 6, opacity=0.6) + rect(560, 480, 100, 160, 30, look.dark) + line("M570 500H650", look.pale, 7)


def pillow(look: Look) -> str:
    return shadow(400, 600, 250) + path("M190 320C250 270 550 270 610 320C650 380 650 500 610 560C550 600 250 600 190 560C150 500 150 380 190 320Z", look.colour) + path("M190 320C250 270 550 270 610 320C560 360 240 360 190 320Z", look.light, opacity=0.6) + line("M210 540C300 500 320 380 240 340M590 540C500 500 480 380 560 340", look.dark, 6, opacity=0.5) + rect(560, 420, 50, 22, 3, look.accent)


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
    "sleeping-bag": sleeping_bag,
    "bedroll": bedroll,
    "quilt": folded,
    "blanket": folded,
    "air-mat": air_mat,
    "foam-mat": foam_mat,
    "liner": liner,
    "pillow": pillow,
}
