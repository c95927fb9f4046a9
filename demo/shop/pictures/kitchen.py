"""Pots and stoves, flasks and cutlery, and everything for coffee."""

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
    line,
    moved,
    path,
    rect,
    shadow,
)

FLAME = "#e08a35"


def _flame(x: float, y: float, size: float = 1) -> str:
    return f'<g transform="translate({x} {y}) scale({size})">' + path("M0-60c26 26 34 48 20 68-14 16-40 14-46-4-8-20 8-36 26-64Z", FLAME) + path("M2-28c12 16 14 28 6 36-8 6-20 4-22-6-2-12 8-16 16-30Z", "#ffe3a0") + "</g>"


def pot(look: Look) -> str:
    if look.has("cast-iron"):
        legs = line("M270 590 250 660M530 590 550 660M400 600V664", IRON, 20)
        return shadow(400, 680, 220) + line("M200 380C200 180 600 180 600 380", IRON, 13) + legs + path("M190 380H610C616 520 560 610 400 610S184 520 190 380Z", look.colour) + path("M190 380h70c0 120 30 190 80 222C230 580 186 500 190 380Z", look.light, opacity=0.35) + rect(172, 340, 456, 52, 20, look.dark) + path("M190 340C230 280 570 280 610 340Z", look.colour) + rect(370, 266, 60, 34, 12, IRON)
    enamel = look.has("enamel")
    handles = line("M196 430C130 430 130 500 196 500M604 430C670 430 670 500 604 500", look.dark if not enamel else IRON, 18)
    specks = "".join(circle(230 + (i * 97) % 340, 400 + (i * 61) % 190, 4, look.pale if not enamel else "#ffffff", opacity=0.7) for i in range(26)) if enamel else ""
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
    handle = path("M520 470 740 250 764 274 548 500Z", look.dark) if not long else path("M500 440 770 120 790 138 530 470Z", IRON)
    return shadow(370, 640, 250) + handle + circle(760 if not long else 774, 256 if not long else 134, 14, "#f6f1e7") + ellipse(350, 480, 250, 150, look.dark) + ellipse(350, 464, 250, 146, look.colour) + ellipse(350, 468, 206, 112, look.dark) + ellipse(350, 474, 190, 98, look.deep, opacity=0.7) + line("M190 440C240 380 340 360 430 370", look.pale, 8, opacity=0.5)


def griddle(look: Look) -> str:
    return shadow(400, 620, 290) + path("M130 560 220 340H580L670 560Z", look.colour) + path("M170 540 244 362H556L630 540Z", look.dark) + line("".join(f"M{250 + i * 34} 370l{-46 + i * 10} 162" for i in range(10)), look.light, 7, opacity=0.5) + path("M130 560H670V590C670 600 130 600 130 590Z", look.deep)


def gas_stove(look: Look) -> str:
    if look.has("family"):
        return (
            shadow(400, 650, 290)
            + path("M150 320 190 210H610L650 320Z", look.dark)
            + rect(130, 320, 540, 40, 10, look.light)
            + rect(120, 360, 560, 230, 20, look.colour)
            + "".join(ellipse(x, 350, 110, 22, IRON) + line(f"M{x - 100} 340H{x + 100}", STEEL, 9) + _flame(x, 336, 0.6) for x in (270, 530))
            + "".join(circle(x, 480, 34, CREAM) + line(f"M{x} 480v-26", RUBBER, 8) for x in (270, 530))
        )
    if look.has("winter"):
        return shadow(400, 690, 170) + path("M260 170H540V470H260Z", look.colour) + rect(244, 150, 312, 36, 12, RUBBER) + rect(280, 220, 240, 200, 14, look.dark) + line("M330 260V380M400 260V380M470 260V380", look.accent, 9) + path("M540 240C620 240 620 400 540 400", RUBBER) + path("M300 470H500L480 540H320Z", STEEL) + _flame(400, 530, 0.5) + rect(310, 560, 180, 120, 26, "#c0552c") + rect(330, 600, 140, 40, 4, CREAM)
    return shadow(400, 690, 160) + line("M400 400 290 320M400 400 510 320M400 400V330", STEEL, 13) + line("M270 322H330M470 322H530", STEEL, 13) + circle(400, 376, 46, BRASS) + _flame(372, 330, 0.5) + _flame(430, 330, 0.5) + rect(386, 400, 28, 90, 6, STEEL) + line("M414 450h80", STEEL, 9) + rect(490, 434, 60, 34, 10, look.accent) + rect(280, 490, 240, 180, 50, look.colour) + rect(300, 560, 200, 60, 6, CREAM) + line("M330 590h140", look.dark, 10)


def liquid_stove(look: Look) -> str:
    return shadow(400, 670, 280) + path("M520 290H640V600C640 650 520 650 520 600Z", "#b4432c") + rect(540, 240, 80, 56, 10, STEEL) + rect(564, 190, 32, 60, 8, RUBBER) + line("M540 270C420 300 420 560 330 570", STEEL, 13) + line("M180 600 280 500 380 600M280 500V610", STEEL, 15) + ellipse(280, 500, 78, 28, BRASS) + _flame(250, 480, 0.8) + _flame(310, 480, 0.8) + rect(536, 400, 88, 70, 6, CREAM)


def wood_stove(look: Look) -> str:
    holes = "".join(circle(300 + x * 50, 360 + y * 60, 13, look.deep) for x in range(5) for y in range(3))
    return shadow(400, 670, 200) + _flame(360, 270, 1.1) + _flame(430, 280, 0.9) + path("M260 280H540V650H260Z", look.colour) + path("M260 280h60V650H260Z", look.light, opacity=0.5) + holes + path("M320 540H480V650H320Z", look.deep) + line("M330 640 400 580 470 640", WOOD, 18) + line("M250 280H550", look.dark, 12)


def fire_bowl(look: Look) -> str:
    return shadow(400, 690, 280) + line("M270 560 230 680M530 560 570 680", IRON, 22) + "".join(_flame(x, y, s) for x, y, s in ((330, 370, 1.6), (410, 330, 2.2), (480, 380, 1.5))) + line("M290 420 500 440M310 450 520 410", "#6b4a2f", 26) + path("M130 430H670C650 560 560 600 400 600S150 560 130 430Z", "#8b5a3c") + path("M130 430H670C668 450 664 464 658 476Q400 520 142 476C136 464 132 450 130 430Z", "#a36a46")


def fire_tool(look: Look) -> str:
    return shadow(400, 690, 290) + line("M400 110 180 680M400 110 620 680M400 110 430 660", IRON, 17) + line("M400 120V400", IRON, 7, dash="14 8") + path("M310 430H490C494 520 460 550 400 550S306 520 310 430Z", IRON) + line("M316 430C316 360 484 360 484 430", IRON, 9) + _flame(370, 650, 0.9) + _flame(430, 656, 1.1)


def kettle(look: Look) -> str:
    if look.has("aluminium"):
        return shadow(400, 690, 190) + _flame(400, 170, 0.9) + path("M340 190H460L540 600H260Z", look.colour) + path("M340 190h40L330 600H260Z", look.light, opacity=0.5) + line("M290 300C180 330 190 500 270 520", IRON, 10) + path("M500 330 570 290 584 316 514 372Z", look.dark) + rect(560, 276, 40, 46, 10, "#b98d5b") + path("M250 600H550L560 670H240Z", IRON) + circle(400, 640, 24, "#1d1a18")
    return (
        shadow(400, 660, 240)
        + line("M260 400C240 190 560 190 540 400", IRON, 15)
        + rect(330, 220, 140, 34, 16, WOOD)
        + path("M560 450C640 440 640 360 690 340L706 366C680 400 670 500 580 540Z", look.dark)
        + path("M190 560C180 420 280 380 400 380S620 420 610 560C606 640 560 650 400 650S194 640 190 560Z", look.colour)
        + path("M190 560C184 450 250 400 330 386C250 460 240 560 270 640C210 630 192 610 190 560Z", look.light, opacity=0.5)
        + ellipse(400, 386, 96, 22, look.dark)
        + circle(400, 360, 22, IRON)
        + "".join(circle(240 + (i * 83) % 330, 450 + (i * 47) % 170, 4, "#ffffff", opacity=0.55) for i in range(18))
    )


def mug(look: Look) -> str:
    if look.has("wood"):
        return shadow(380, 600, 250) + path("M140 360C140 520 240 590 360 590S560 520 570 380C640 350 700 370 720 420C660 430 620 440 566 440Z", WOOD) + ellipse(354, 364, 214, 62, "#8a5f34") + ellipse(354, 372, 190, 48, "#5f3f22") + line("M190 480C280 560 420 570 520 480", "#a97f4a", 6, opacity=0.7) + circle(676, 396, 14, "#5f3f22")
    specks = "".join(circle(280 + (i * 71) % 240, 340 + (i * 53) % 260, 4, look.pale, opacity=0.8) for i in range(22)) if look.has("enamel") else line("M270 420H530M270 450H530", look.dark, 4, opacity=0.5)
    rim = IRON if look.has("enamel") else look.dark
    return shadow(400, 660, 190) + line("M530 380C640 370 640 560 524 560", look.dark, 26) + path("M256 290H544L530 620C528 650 272 650 270 620Z", look.colour) + path("M256 290h70l10 350C290 640 271 636 270 620Z", look.light, opacity=0.5) + specks + ellipse(400, 290, 144, 34, rim) + ellipse(400, 292, 126, 25, look.pale)


def cutlery(look: Look) -> str:
    if look.has("titanium"):
        return moved(path("M370 120C330 150 330 250 374 280L384 660C386 690 414 690 416 660L426 280C470 250 470 150 430 120V200H414V126H386V200H370Z", look.colour) + path("M384 300 394 660H400V300Z", look.pale, opacity=0.6), turn=24)
    knife = rect(-14, 190, 28, 210, 12, STEEL) + rect(-16, 400, 32, 220, 12, WOOD)
    fork = line("M-20 190V280M0 190V280M20 190V280", STEEL, 9) + path("M-24 270H24C24 330 12 340 12 400H-12C-12 340-24 330-24 270Z", STEEL) + rect(-16, 400, 32, 220, 12, WOOD)
    spoon = ellipse(0, 240, 36, 60, STEEL) + rect(-8, 290, 16, 120, 4, STEEL) + rect(-16, 400, 32, 220, 12, WOOD)
    return shadow(400, 690, 250) + rect(180, 330, 440, 350, 20, "#6a6a3c") + "".join(f'<g transform="translate({x} 0)">{piece}</g>' for x, piece in ((280, knife), (400, fork), (520, spoon))) + rect(180, 480, 440, 200, 20, "#5c5c33") + line("M340 480V670M460 480V670", "#47472a", 5)


def knife(look: Look) -> str:
    handle = look.colour if look.colour != "#54585b" else WOOD
    return shadow(400, 560, 280) + moved(path("M400 330C560 320 680 340 740 400C660 430 520 430 400 424Z", STEEL) + path("M400 396C520 420 650 420 740 400C660 430 520 430 400 424Z", "#8d9497") + path("M80 360C140 320 300 330 400 336V436C300 446 160 446 100 420C70 404 66 376 80 360Z", handle) + rect(376, 322, 42, 124, 6, BRASS) + circle(150, 388, 10, BRASS), turn=-16)


def flask(look: Look) -> str:
    return shadow(400, 700, 140) + rect(330, 110, 140, 130, 20, STEEL) + rect(344, 230, 112, 40, 8, RUBBER) + path("M310 270H490C506 290 510 310 510 340V650C510 690 290 690 290 650V340C290 310 294 290 310 270Z", look.colour) + rect(316, 320, 40, 330, 18, look.pale, opacity=0.5) + rect(290, 600, 220, 24, 0, look.dark) + path("M430 420c16 12 24 22 24 36a24 24 0 0 1-48 0c0-14 8-24 24-36Z", CREAM, opacity=0.85)


def bottle(look: Look) -> str:
    return shadow(400, 700, 130) + rect(356, 120, 88, 80, 16, RUBBER) + line("M444 150C490 150 490 220 440 220", RUBBER, 12) + path("M330 210H470C500 240 504 270 504 300V650C504 690 296 690 296 650V300C296 270 300 240 330 210Z", look.pale) + path("M296 430H504V650C504 690 296 690 296 650Z", look.colour, opacity=0.8) + rect(370, 250, 60, 300, 14, CREAM, opacity=0.9) + line("M384 300h32M384 340h32M384 380h32", look.dark, 6)


def lunchbox(look: Look) -> str:
    return shadow(400, 630, 270) + rect(150, 440, 500, 170, 40, look.dark) + rect(150, 330, 500, 150, 40, look.colour) + rect(136, 312, 528, 60, 26, look.light) + "".join(rect(x, 330, 40, 110, 10, "#8d9497") for x in (240, 520)) + line("M180 420H620", look.pale, 6, opacity=0.7)


# -- coffee and tea


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
    return shadow(400, 680, 230) + path("M210 320H510V660H210Z", look.colour) + path("M510 320 600 270V610L510 660Z", look.dark) + path("M210 320 300 270H600L510 320Z", look.light) + rect(250, 390, 220, 180, 8, CREAM) + line("M290 440h140M290 480h140M290 520h90", look.dark, 10) + circle(430, 520, 16, look.accent)


def tea(look: Look) -> str:
    leaf = path("M0 0C40-50 110-50 140 0C110 50 40 50 0 0Z", "#6d7d45") + line("M8 0H130", "#4c5a30", 5)
    return shadow(400, 680, 170) + path("M280 250H520V650C520 680 280 680 280 650Z", look.colour) + path("M280 250h54V672C292 668 280 660 280 650Z", look.light, opacity=0.45) + rect(266, 190, 268, 74, 18, look.dark) + rect(310, 350, 180, 210, 90, CREAM) + f'<g transform="translate(330 470) rotate(-28)">{leaf}</g>' + line("M350 530h100", look.dark, 8)


def dripper(look: Look) -> str:
    if look.has("glass"):
        return shadow(400, 690, 180) + path("M280 140H520L420 380 530 600C540 660 500 680 400 680S260 660 270 600L380 380Z", "#dfe9ea", opacity=0.9) + path("M300 560 286 600C270 650 310 670 400 670S530 650 514 600L500 560Z", "#5a3a26", opacity=0.9) + path("M300 150H500L414 350H386Z", CREAM) + rect(356, 330, 88, 90, 14, WOOD) + line("M360 380H440", "#6b4a2f", 9) + line("M310 160 384 340", "#ffffff", 8, opacity=0.7)
    if look.has("titanium"):
        return shadow(400, 660, 170) + line("M240 250 400 500 560 250M320 250 400 500 480 250M400 250V500", look.colour, 13) + line("M230 250C300 220 500 220 570 250C500 286 300 286 230 250Z", look.dark, 13) + path("M262 262 400 486 538 262C460 286 340 286 262 262Z", CREAM, opacity=0.9) + ellipse(400, 520, 110, 26, look.dark) + path("M320 560H480L470 640H330Z", "#8a5f34")
    return shadow(400, 680, 200) + path("M210 260H590L470 500H330Z", look.colour) + path("M210 260h80l80 240H330Z", look.light, opacity=0.6) + line("M330 280 380 480M400 280V484M470 280 424 480", look.dark, 5, opacity=0.5) + ellipse(400, 260, 190, 40, look.dark) + ellipse(400, 262, 160, 28, CREAM) + rect(270, 496, 260, 30, 14, look.colour) + line("M570 320C640 330 620 430 520 430", look.dark, 20) + path("M310 526H490L478 650C476 672 324 672 322 650Z", CREAM) + line("M488 550C540 550 540 620 482 620", CREAM, 15)


def french_press(look: Look) -> str:
    if look.has("travel"):
        return shadow(400, 700, 140) + line("M400 90V200", STEEL, 11) + circle(400, 90, 24, RUBBER) + rect(306, 180, 188, 60, 16, RUBBER) + path("M300 240H500L484 660C482 692 318 692 316 660Z", look.colour) + rect(330, 280, 40, 340, 18, look.pale, opacity=0.5) + rect(310, 400, 180, 90, 6, look.dark)
    return shadow(400, 690, 190) + line("M400 110V230", STEEL, 11) + circle(400, 110, 26, look.dark) + path("M270 230C310 200 490 200 530 230L540 260H260Z", look.dark) + line("M530 320C650 310 650 570 530 570", look.dark, 28) + path("M264 260H536L546 640C546 680 500 684 400 684S254 680 254 640Z", look.colour) + path("M264 260h74L330 682C270 680 254 668 254 640Z", look.light, opacity=0.5) + path("M264 260 210 230 262 310Z", look.colour) + line("M266 360Q400 384 536 360", look.dark, 4, opacity=0.4)


def moka(look: Look) -> str:
    return shadow(400, 690, 180) + circle(400, 130, 20, RUBBER) + path("M310 190 400 150 490 190Z", look.dark) + path("M300 190H500L520 270 470 410H330L280 270Z", look.colour) + path("M300 190H370L350 410H330L280 270Z", look.pale, opacity=0.7) + path("M280 270 230 230 300 200Z", look.colour) + line("M510 250C620 230 610 400 580 430", RUBBER, 28) + rect(320, 410, 160, 44, 8, look.dark) + path("M330 454H470L530 640C530 676 270 676 270 640Z", look.colour) + path("M330 454h40L330 672C284 668 270 660 270 640Z", look.pale, opacity=0.7) + circle(470, 540, 12, BRASS)


def grinder(look: Look) -> str:
    if look.has("wood"):
        return shadow(400, 690, 200) + line("M400 150V260M400 150H560", STEEL, 15) + circle(572, 150, 30, WOOD) + path("M310 250C330 210 470 210 490 250L500 360H300Z", BRASS) + rect(240, 360, 320, 300, 20, "#6f4a30") + rect(280, 480, 240, 130, 10, "#855a3b") + circle(400, 546, 18, BRASS) + rect(240, 360, 320, 26, 8, "#855a3b")
    return shadow(400, 700, 150) + line("M400 140V190M400 140H600", STEEL, 15) + rect(580, 116, 44, 90, 18, RUBBER) + rect(310, 180, 180, 60, 16, look.dark) + rect(316, 240, 168, 260, 10, look.colour) + rect(336, 260, 30, 220, 12, look.pale, opacity=0.5) + rect(306, 500, 188, 44, 10, RUBBER) + rect(320, 544, 160, 140, 20, look.dark)


def gooseneck(look: Look) -> str:
    base = rect(230, 660, 340, 34, 12, RUBBER) + circle(540, 676, 9, look.accent) if look.has("electric") else ""
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
    return shadow(400, 610, 260) + path("M170 540 230 370H570L630 540Z", look.colour) + path("M250 470 280 386H520L550 470Z", look.dark) + path("M170 540H630V580C630 600 170 600 170 580Z", look.deep) + rect(300, 488, 200, 40, 6, "#1d211f") + "".join(rect(316 + i * 36, 496, 22, 24, 3, "#a7d8c2") for i in range(5)) + path("M340 290H460L450 400H350Z", CREAM) + ellipse(400, 292, 60, 14, "#5a3a26")


def filter_papers(look: Look) -> str:
    sheets = "".join(path(f"M{230 + i * 10} {330 - i * 12}H{570 + i * 10}L{470 + i * 10} {620 - i * 12}H{330 + i * 10}Z", CREAM if i % 2 else "#e6dabd") for i in range(6))
    return shadow(400, 650, 220) + sheets + line("M296 300H610M350 540 470 540", "#c9b98f", 4) + rect(440, 520, 190, 130, 10, look.colour) + line("M470 560h130M470 590h90", CREAM, 9)


SHAPES: dict[str, Shape] = {
    "pot": pot,
    "pan": pan,
    "griddle": griddle,
    "gas-stove": gas_stove,
    "liquid-stove": liquid_stove,
    "wood-stove": wood_stove,
    "fire-bowl": fire_bowl,
    "fire-tool": fire_tool,
    "kettle": kettle,
    "mug": mug,
    "cutlery": cutlery,
    "knife": knife,
    "flask": flask,
    "bottle": bottle,
    "lunchbox": lunchbox,
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
