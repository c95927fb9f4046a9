"""The shop's own pages: delivery, repairs, story. HTML, because an editor would paste HTML."""

# ruff: noqa: E501 - prose as an editor would paste it

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "delivery": (
        "Delivery & returns",
        """<p>Orders placed before two in the afternoon leave the barn the same day, by post or by the van that also brings
the milk. Standard delivery takes two to three working days and is free over £75.</p>
<h2>Sending it back</h2>
<p>You have sixty days. Take it up a hill, cook in it, sleep in it; if it isn't right, put the label that came in the box
on the box and hand it to anyone in a uniform. Money returns within a week of the parcel.</p>
<h2>Further away</h2>
<p>We post to Ireland and most of Europe. Tents are heavy and stoves are awkward; we ask before charging more than £15.</p>""",
    ),
    "repairs": (
        "Repairs",
        """<p>Mending is cheaper than making, and more interesting. Everything with our name on it is mended free for as long
as there is enough of it left to hold a needle.</p>
<h2>How it works</h2>
<ol><li><a class="link" href="/pages/contact">Write to us</a> with a photograph of the damage.</li>
<li>Wash it. Please. Lindsay opens the parcels.</li>
<li>Post it. We mend within ten working days and send it back at our cost.</li></ol>
<p>Boots by Brack &amp; Sons can be resoled twice; wax jackets are re-waxed from September to March.</p>""",
    ),
    "about": (
        "Our story",
        """<p>Alder &amp; Tarn began in 2009 with forty blankets, a borrowed van and a barn whose roof let in stars. The roof is
mended. The van is still borrowed.</p>
<p>We sell what we use: jackets for the tops, <a class="link" href="/collections/ceramics">stoneware</a> for the table,
<a class="link" href="/collections/coffee-and-tea">coffee</a> for the hour between. Ten shelves, and nothing on them that
nobody here would carry home.</p>
<p>Every maker is named. Skarn cut shells above a chip shop; Ullmoor's wool comes from four farms; Potter's Row is two
sisters and a kiln.</p>""",
    ),
    "demo": (
        "About this demo",
        """<p>This shop does not exist. It is the shop window of <strong>Footfall</strong>, a self-hosted clickstream: what you
click here travels through the collector, the lake and the warehouse, and comes back within a minute as what the shop
recommends to you.</p>
<p>Try it: look at three things of one kind, pick a size, search, put something in the basket, sign in with any e-mail
address. Then reload the <a class="link" href="/">home page</a> and see what it picked for you.</p>
<p>Nothing you type is stored, and nothing leaves the machine on which the demo runs.</p>""",
    ),
}
