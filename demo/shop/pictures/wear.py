"""Jackets, base layers, things for hands, heads and feet."""

from __future__ import annotations

from demo.shop.pictures.pen import (
    BRASS,
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


def _sleeves(look: Look, long: bool = True) -> str:
    left = "M300 222C240 240 214 300 196 400L166 560 232 580 300 380Z" if long else "M300 222C250 236 222 280 200 350L264 386 306 300Z"
    right = "M500 222C560 240 586 300 604 400L634 560 568 580 500 380Z" if long else "M500 222C550 236 578 280 600 350L536 386 494 300Z"
    cuffs = line("M168 556 232 576M632 556 568 576", look.deep, 7, opacity=0.5) if long else ""
    return path(left, look.dark) + path(right, look.dark) + cuffs


def _torso(bottom: float, look: Look, wide: float = 0) -> str:
    return path(
        f"M318 206C350 226 450 226 482 206L530 232 {522 + wide} {bottom - 20}C{520 + wide} {bottom} 500 {bottom} 490 {bottom}"
        f"H310C300 {bottom} {280 - wide} {bottom} {278 - wide} {bottom - 20}L270 232Z",
        look.colour,
    )


def _hood(look: Look) -> str:
    return (
        path("M312 224C296 120 352 96 400 96S504 120 488 224C452 252 348 252 312 224Z", look.dark)
        + path("M336 222C326 146 362 128 400 128S474 146 464 222C440 240 360 240 336 222Z", look.deep)
    )


def _collar(look: Look, colour: str = "") -> str:
    return path("M322 214C326 178 352 168 400 168S474 178 478 214C446 236 354 236 322 214Z", colour or look.dark) + path(
        "M350 214C356 194 372 188 400 188S444 194 450 214C434 226 366 226 350 214Z", look.deep
    )


def _zip(look: Look, top: float, bottom: float) -> str:
    return line(f"M400 {top}V{bottom}", look.deep, 5) + rect(394, top + 14, 12, 26, 5, look.accent)


def jacket(hood: bool, bottom: float = 600, *, quilt: bool = False, slim: bool = False) -> Shape:
    def shape(look: Look) -> str:
        wide = 0 if slim else 8
        inside = shadow(400, 700, 220) + (_hood(look) if hood else "") + _sleeves(look) + _torso(bottom, look, wide)
        if not hood:
            inside += _collar(look)
        if quilt:
            rows = range(270, int(bottom) - 20, 46)
            inside += line("".join(f"M274 {y}Q400 {y + 16} 526 {y}" for y in rows), look.deep, 4, opacity=0.42)
            inside += line("".join(f"M{212 - (y - 270) * 0.16:.0f} {y + 60}l70 16M{588 + (y - 270) * 0.16:.0f} {y + 60}l-70 16" for y in rows[:5]), look.deep, 4, opacity=0.32)
        else:
            inside += path("M270 232 318 206 334 300 288 330Z", look.light, opacity=0.55)
            inside += path("M530 232 482 206 466 300 512 330Z", look.light, opacity=0.55)
            inside += line(f"M300 {bottom - 150} 346 {bottom - 200}M500 {bottom - 150} 454 {bottom - 200}", look.deep, 6)
        inside += _zip(look, 232, bottom - 4)
        return inside + rect(440, 290, 34, 20, 3, look.accent, opacity=0.9)

    return shape


def gilet(look: Look) -> str:
    body = shadow(400, 690, 180) + path(
        "M318 206C350 226 450 226 482 206L524 226C500 290 506 340 528 380L522 590C520 610 500 610 490 610H310C300 610 280 610 278 590L272 380C294 340 300 290 276 226Z",
        look.colour,
    )
    rows = range(280, 590, 50)
    body += line("".join(f"M284 {y}Q400 {y + 16} 516 {y}" for y in rows), look.deep, 4, opacity=0.4)
    return body + _collar(look) + _zip(look, 230, 606)


def wax(look: Look) -> str:
    inside = shadow(400, 720, 220) + _sleeves(look) + _torso(650, look, 14) + _collar(look, LEATHER)
    inside += rect(292, 500, 86, 92, 8, look.dark) + rect(422, 500, 86, 92, 8, look.dark)
    inside += path("M288 496h94v26l-47 10-47-10ZM418 496h94v26l-47 10-47-10Z", look.deep)
    inside += line("M400 230V646", look.deep, 14) + "".join(circle(400, y, 8, BRASS) for y in (270, 350, 430, 510, 590))
    return inside + line("M300 380h60M500 380h-60", look.deep, 5, opacity=0.7)


def fleece(look: Look) -> str:
    inside = shadow(400, 700, 220) + _sleeves(look) + _torso(606, look, 6)
    inside += path("M270 232 318 206C350 226 450 226 482 206L530 232 524 320Q400 356 276 320Z", look.dark) + _collar(look)
    dots = "".join(circle(296 + (x * 26) + (y % 2) * 13, 356 + y * 26, 5, look.pale, opacity=0.5) for y in range(9) for x in range(9))
    return inside + dots + _zip(look, 230, 430) + rect(300, 380, 60, 62, 6, look.dark)


def poncho(look: Look) -> str:
    return (
        shadow(400, 690, 250)
        + _hood(look)
        + path("M330 216C360 236 440 236 470 216C560 300 630 460 660 610C560 660 240 660 140 610C170 460 240 300 330 216Z", look.colour)
        + path("M330 216C300 300 270 460 262 640C220 636 170 626 140 610C170 460 240 300 330 216Z", look.light, opacity=0.5)
        + line("M400 236V330", look.deep, 5)
        + line("M152 596C250 640 550 640 648 596", look.pale, 5, opacity=0.7)
    )


def anorak(look: Look) -> str:
    inside = shadow(400, 710, 220) + _hood(look) + _sleeves(look) + _torso(630, look, 12)
    inside += line("M400 236V350", look.deep, 6) + rect(320, 380, 160, 110, 12, look.dark) + path("M314 376h172v34l-86 16-86-16Z", look.deep)
    return inside + line("M276 540Q400 556 524 540", look.deep, 5, opacity=0.6)


def top(*, long: bool = True, neck: str = "crew") -> Shape:
    def shape(look: Look) -> str:
        inside = shadow(400, 690, 190) + _sleeves(look, long) + _torso(600, look)
        if neck == "zip":
            inside += _collar(look) + _zip(look, 226, 380)
        else:
            inside += path("M318 206C350 226 450 226 482 206C470 262 330 262 318 206Z", look.deep)
            inside += line("M316 208C330 270 470 270 484 208", look.light, 8)
        if look.has("merino"):
            inside += line("".join(f"M290 {y}H510" for y in range(320, 590, 30)), look.deep, 2, opacity=0.22)
        if look.has("mesh"):
            inside += "".join(circle(300 + x * 25 + y % 2 * 12, 330 + y * 25, 6, look.deep, opacity=0.4) for x in range(9) for y in range(10))
        return inside + rect(466, 566, 26, 18, 2, look.accent)

    return shape


def vest_top(look: Look) -> str:
    return (
        shadow(400, 680, 170)
        + path("M330 190h34c6 60 66 60 72 0h34c4 90 30 120 60 140L520 610H280L270 330C300 310 326 280 330 190Z", look.colour)
        + line("M330 190c4 90-20 120-58 142M470 190c-4 90 20 120 58 142", look.accent, 10)
    )


def leggings(look: Look) -> str:
    return (
        shadow(400, 720, 140)
        + path("M296 130H504L520 420 492 690H422L404 330H396L378 690H308L280 420Z", look.colour)
        + path("M296 130h208l2 44H294Z", look.deep)
        + path("M400 330 404 330 422 690H470L452 320Z", look.light, opacity=0.35)
        + line("M308 660h70M422 660h70", look.deep, 5, opacity=0.6)
    )


def underwear(long: bool) -> Shape:
    legs = "L566 520 430 530 404 420H396L370 530 234 520Z" if long else "C520 400 470 440 420 520H380C330 440 280 400 238 380Z"

    def shape(look: Look) -> str:
        body = path(f"M240 270H560{'' if long else 'L562 380'}{legs}", look.colour)
        return shadow(400, 620, 170) + body + rect(238, 258, 324, 44, 8, look.deep) + line("M400 302V420", look.deep, 4, opacity=0.5)

    return shape


def bralette(look: Look) -> str:
    return (
        shadow(400, 610, 170)
        + line("M316 220C320 300 300 330 286 380M484 220C480 300 500 330 514 380", look.dark, 26)
        + path("M300 330C330 400 380 410 400 410S470 400 500 330L540 400 530 520H270L260 400Z", look.colour)
        + rect(262, 506, 276, 44, 10, look.deep)
        + line("M400 412V500", look.dark, 5, opacity=0.6)
    )


def _sock(look: Look, x: float) -> str:
    return moved(
        path("M330 150H450V430C450 470 480 490 540 520C590 545 590 610 530 612H400C350 612 330 580 330 530Z", look.colour)
        + rect(326, 146, 128, 56, 10, look.dark)
        + path("M330 500C360 540 350 600 380 610C345 604 330 575 330 530Z", look.accent, opacity=0.9)
        + path("M540 520C590 545 590 610 530 612H500C530 590 545 560 520 510Z", look.accent, opacity=0.9)
        + line("M336 250H446M336 284H446", look.pale, 9, opacity=0.8),
        x,
    )


def socks(look: Look) -> str:
    return shadow(410, 650, 220) + moved(_sock(look, -120), 0, -16) + _sock(look, 20)


def beanie(look: Look) -> str:
    bobble = circle(400, 190, 62, look.accent) + "".join(line(f"M400 190l{dx} {dy}", CREAM, 5, opacity=0.6) for dx, dy in ((-40, -30), (30, -44), (44, 20), (-20, 44), (-50, 14))) if look.has("gift") else ""
    ribs = "".join(f"M{x} 470V566" for x in range(250, 560, 26))
    stripes = line("M232 400Q400 370 568 400M244 350Q400 320 556 350", CREAM, 14, opacity=0.7, dash="10 18") if look.has("gift") else ""
    return shadow(400, 620, 200) + bobble + path("M222 480C210 300 290 210 400 210S590 300 578 480Z", look.colour) + stripes + rect(212, 456, 376, 120, 26, look.dark) + line(ribs, look.deep, 5, opacity=0.5)


def neck_tube(look: Look) -> str:
    return (
        shadow(400, 640, 190)
        + path("M260 230C300 200 500 200 540 230L560 590C500 630 300 630 240 590Z", look.colour)
        + ellipse(400, 232, 140, 34, look.deep)
        + line("M270 330C350 380 460 340 536 380M258 450C340 490 470 450 548 500", look.dark, 9, opacity=0.7)
    )


def _hand(look: Look, mitten: bool) -> str:
    fingers = (
        "M300 400C290 260 330 200 390 200S480 260 470 400V420Z"
        if mitten
        else "M300 420V270c0-34 40-34 40 0v-44c0-34 40-34 40 0v-14c0-34 40-34 40 0v24c0-34 40-34 42 4L470 420Z"
    )
    return path(fingers, look.colour) + path("M300 380H470V520C470 540 300 540 300 520Z", look.colour) + path("M300 360C240 330 214 370 236 410L304 480Z", look.dark) + rect(294, 510, 182, 84, 16, look.deep)


def gloves(look: Look) -> str:
    mitten = look.has("wool")
    return shadow(410, 640, 230) + moved(_hand(look, mitten), -90, -10, turn=-6) + moved(_hand(look, mitten), 110, 10, turn=8)


# -- feet: everything seen from the side, toe to the right


def _sole(look: Look, lugs: bool, y: float = 590) -> str:
    teeth = "".join(rect(x, y + 26, 26, 18, 3, RUBBER) for x in range(206, 610, 40)) if lugs else ""
    return path(f"M196 {y - 8}H620C640 {y - 8} 640 {y + 30} 616 {y + 30}H214C196 {y + 30} 192 {y + 6} 196 {y - 8}Z", RUBBER) + teeth


def boot(height: float, *, lugs: bool = True, fur: bool = False) -> Shape:
    """``height``: where the shaft ends, from 430 (a shoe) up to 190 (a high boot)."""

    def shape(look: Look) -> str:
        collar = max(height, 200)
        upper = path(f"M206 586V{collar + 30}C206 {collar} 226 {collar} 250 {collar}H376C392 {collar} 396 {collar + 14} 398 {collar + 30}L420 430C500 450 600 490 618 560C622 580 620 590 616 590H206Z", look.colour)
        toe = path("M520 478C580 500 612 530 618 566C620 584 620 590 616 590H540C556 550 550 510 520 478Z", look.dark)
        heel = path("M206 586V480C240 500 250 550 240 588Z", look.dark)
        laces = "".join(line(f"M{378 + i * 22} {collar + 56 + i * ((452 - collar - 56) / 3):.0f}l44 -18", look.accent, 8) for i in range(4))
        cuff = rect(200, collar - 26, 200, 52, 24, CREAM if fur else look.deep)
        return shadow(410, 640, 260) + upper + toe + heel + line(f"M262 588C290 520 340 500 420 520", look.deep, 5, opacity=0.5) + laces + cuff + _sole(look, lugs)

    return shape


def chelsea(look: Look) -> str:
    return (
        shadow(410, 640, 250)
        + path("M230 588V250C230 236 240 230 260 230H380C394 230 398 238 400 252L420 430C500 450 596 500 612 566L614 588Z", look.colour)
        + path("M296 262H350L368 430 300 440Z", look.deep)
        + line("".join(f"M{306 + i * 12} 270l{4 + i} 156" for i in range(5)), look.dark, 4)
        + line("M300 230v-26h22v26", look.dark, 9)
        + path("M440 440C520 462 580 500 606 548C560 500 490 470 440 440Z", look.pale, opacity=0.5)
        + _sole(look, False)
        + rect(214, 606, 110, 26, 4, RUBBER)
    )


def wellington(look: Look) -> str:
    return (
        shadow(410, 660, 240)
        + path("M240 610V170H420V450C500 470 600 500 612 580L614 610Z", look.colour)
        + path("M250 610V170h44V610Z", look.light, opacity=0.4)
        + rect(230, 150, 200, 40, 14, look.dark)
        + line("M244 250H418", look.pale, 8, opacity=0.6)
        + path("M470 470C550 490 604 520 612 590H560C560 540 520 500 470 470Z", look.dark)
        + rect(300, 300, 60, 36, 6, CREAM, opacity=0.85)
        + _sole(look, True, 612)
    )


def slipper(look: Look) -> str:
    wooden = look.has("sheepskin")
    return (
        shadow(410, 600, 250)
        + path("M210 540C200 470 250 440 320 446C390 360 560 390 614 500C624 530 620 550 606 552H230Z", look.colour)
        + path("M214 520C206 470 252 442 318 446C360 470 350 520 330 540H230Z", look.deep)
        + line("M322 446C352 470 352 510 336 536", CREAM if wooden else look.pale, 16)
        + (path("M200 540H616C630 540 632 590 600 590H500C480 566 420 566 400 590H230C200 590 190 560 200 540Z", WOOD) if wooden else path("M200 540H616C632 540 632 574 610 574H222C200 574 196 556 200 540Z", RUBBER))
    )


def bootie(look: Look) -> str:
    inside = shadow(410, 640, 240) + path("M230 600V260C230 230 400 230 402 260L420 440C520 440 620 500 616 590Z", look.colour)
    inside += line("M232 330Q320 350 408 330M232 400Q320 420 416 400M232 470Q330 490 470 450M234 540Q400 560 600 530", look.deep, 5, opacity=0.5)
    return inside + rect(222, 232, 190, 46, 20, look.dark) + _sole(look, False, 592)


def sandal(look: Look) -> str:
    strap = LEATHER if look.has("leather") else look.colour
    return (
        shadow(410, 620, 260)
        + path("M186 560C260 530 420 560 620 540C650 540 650 600 616 606H214C180 606 170 570 186 560Z", "#b98d5b" if look.has("leather") else RUBBER)
        + line("M470 552C480 440 580 440 586 546", strap, 34)
        + line("M360 556C370 420 480 400 500 470", strap, 34)
        + line("M214 556C216 440 290 420 380 470", look.dark, 26)
        + rect(408, 430, 34, 30, 6, BRASS)
    )


def gaiter(look: Look) -> str:
    top_edge = 430 if look.has("lightweight") else 180
    return (
        shadow(400, 690, 200)
        + path(f"M300 {top_edge}H500L520 600C560 620 590 640 586 660H230C226 640 260 620 284 600Z", look.colour)
        + path(f"M390 {top_edge}h40L440 656h-50Z", look.deep)
        + rect(294, top_edge - 14, 212, 34, 12, look.dark)
        + line("M240 656H580", look.accent, 10)
        + line(f"M300 {min(560, top_edge + 120)}H508", look.pale, 6, opacity=0.5)
    )


def insole(look: Look) -> str:
    one = path("M360 640C310 640 296 590 310 520C320 470 300 420 296 340C292 230 330 150 390 150S486 230 470 330C456 410 440 460 446 520C454 600 420 640 360 640Z", look.colour) + path("M368 600C340 600 330 570 338 520C346 470 330 400 330 340C330 250 352 190 390 190S448 250 438 330C428 400 412 460 416 520C420 570 404 600 368 600Z", look.light, opacity=0.6)
    return shadow(400, 680, 230) + moved(one, -110, 10, turn=-8) + moved(one, 120, -10, turn=9)


def laces(look: Look) -> str:
    return (
        shadow(400, 620, 200)
        + "".join(ellipse(400, 420, 190 - i * 14, 120 - i * 9, "none") + line(f"M{210 + i * 14} 420a{190 - i * 14} {120 - i * 9} 0 1 0 {380 - i * 28} 0a{190 - i * 14} {120 - i * 9} 0 1 0 -{380 - i * 28} 0", look.colour if i % 2 else look.dark, 10) for i in range(5))
        + rect(360, 300, 80, 240, 12, CREAM)
        + line("M372 350h56M372 384h56M372 418h40", look.dark, 8)
        + line("M560 470C640 520 640 580 600 620", look.colour, 11)
        + line("M606 612l-10 26", STEEL, 12)
    )


SHAPES: dict[str, Shape] = {
    "shell-jacket": jacket(True),
    "windshirt": jacket(False, 590, slim=True),
    "softshell": jacket(True, 596, slim=True),
    "down-jacket": jacket(True, 600, quilt=True),
    "insulated-jacket": jacket(True, 620, quilt=True),
    "parka": jacket(True, 690),
    "wax-jacket": wax,
    "overshirt": wax,
    "fleece": fleece,
    "gilet": gilet,
    "poncho": poncho,
    "anorak": anorak,
    "t-shirt": top(long=False),
    "crew-top": top(),
    "zip-top": top(neck="zip"),
    "vest-top": vest_top,
    "leggings": leggings,
    "boxers": underwear(True),
    "briefs": underwear(False),
    "bralette": bralette,
    "socks": socks,
    "beanie": beanie,
    "neckwear": neck_tube,
    "gloves": gloves,
    "hiking-boot": boot(270),
    "mountain-boot": boot(220),
    "winter-boot": boot(230, fur=True),
    "hiking-shoe": boot(400),
    "trail-shoe": boot(410),
    "approach-shoe": boot(404, lugs=False),
    "leather-shoe": boot(420, lugs=False),
    "chelsea-boot": chelsea,
    "wellington": wellington,
    "camp-bootie": bootie,
    "slipper": slipper,
    "sandal": sandal,
    "gaiter": gaiter,
    "insole": insole,
    "laces": laces,
}
