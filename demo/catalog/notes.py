"""The paragraphs that a shop pastes under every description: delivery, returns, care.

They are real text for a buyer and noise for anything that compares products by their words, which is why a
catalogue without them would be too kind to our own boilerplate filter.
"""

from __future__ import annotations

DELIVERY = (
    "Orders placed before 2 pm leave our barn the same day. Delivery is free over £75 and takes two to three "
    "working days. If something isn't right, send it back within 60 days for a full refund."
)

BY_KIND: dict[str, str] = {
    "shell": (
        "Wash at 30 °C with a soap for technical fabrics, rinse twice, and re-proof when rain stops beading. "
        "Every zip, buckle and seam is repaired free of charge for the life of the garment."
    ),
    "wool": (
        "Wool wash at 30 °C, inside out, no softener; dry flat. Between wears a night by an open window does more "
        "than the machine. Holes are mended free in our workshop."
    ),
    "shoe": (
        "Between sizes? Take the larger and a thicker sock. Try them on carpet: unworn footwear may come back within "
        "60 days, worn footwear can be resoled or repaired in our workshop."
    ),
    "tent": (
        "Dry the tent fully before storing it. Poles, pegs and panels are all sold as spares, and our workshop mends "
        "tears by post within ten days."
    ),
    "sleep": (
        "Store it loose, never in its stuff sack, and wash it rarely. Temperature ratings follow EN ISO 23537 where a "
        "rating is given; how warm you sleep also depends on the mat, supper and mood."
    ),
    "fragile": (
        "Made by hand in small batches, so colour and size differ a little from the picture. Packed in paper and "
        "straw; if it arrives broken, send us a photograph and we replace it the same day."
    ),
    "food": (
        "Roasted and packed to order on Tuesdays and Fridays. Keep it closed, cool and dark, and finish it within six "
        "weeks. Food can't be returned once opened, but tell us if you didn't like it."
    ),
    "plain": "Guaranteed for ten years against everything but lending it to your brother.",
}
