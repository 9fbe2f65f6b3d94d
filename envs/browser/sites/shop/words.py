"""The word lists that the shop's goods, customers and reviews are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

BRANDS = (
    "Norrvik", "Tarnfell", "Skarv", "Pinecrest", "Brackwater", "Hollin", "Cairnmoor", "Westerly", "Osier", "Fernhill",
)  # fmt: skip
SERIES = (
    "Ridge", "Delta", "Lumen", "Harrier", "Scree", "Fjord", "Kestrel", "Basin", "Summit", "Heath", "Drift", "Granite",
    "Otter", "Solstice", "Meadow", "Vesper", "Corrie", "Lichen", "Juniper", "Plover", "Tundra", "Cobalt", "Marram",
    "Aurora", "Bracken", "Cascade", "Ember", "Glacier", "Isle", "Larch",
)  # fmt: skip
SUFFIXES = ("", "", "", " Light", " Plus", " Pro", " II", " Trek")
TWINS: Mapping[str, str] = {
    "": " II",
    " Light": " Lite",
    " Plus": " Plus II",
    " Pro": " Pro X",
    " II": " III",
    " Trek": " Trekker",
}
COLOURS = ("Moss", "Slate", "Rust", "Sand", "Night blue", "Graphite", "Ochre", "Spruce")
SIZES = ("S", "M", "L", "XL")


@dataclass(frozen=True)
class Kind:
    """What goods of a category are like.

    Attributes:
        name, slug, code: of the category; `code` begins its SKUs.
        nouns: what a product is called.
        dollars: the least and the usual price.
        sized: whether variants differ in size besides colour.
        numbers: name of a specification → least, most, step, unit.
        choices: name of a specification → what it may be.
        purpose: what descriptions say.
    """

    name: str
    slug: str
    code: str
    nouns: Sequence[str]
    dollars: tuple[int, int]
    sized: bool
    numbers: Mapping[str, tuple[int, int, int, str]]
    choices: Mapping[str, Sequence[str]]
    purpose: str


KINDS = (
    Kind(
        "Tents", "tents", "TE", ("1-Person Tent", "2-Person Tent", "3-Person Tent", "4-Person Tent"), (119, 260), False,
        {"Weight": (1100, 4900, 10, "g"), "Water column": (1500, 6000, 250, "mm"), "Packed length": (36, 62, 1, "cm")},
        {"Poles": ("aluminium", "fibreglass", "steel"), "Seasons": ("2", "3", "4"), "Porches": ("none", "one", "two")},
        "pitches in minutes and stands through a windy night",
    ),
    Kind(
        "Sleeping bags", "sleeping-bags", "SB", ("Sleeping Bag", "Quilt", "Mummy Bag"), (59, 160), False,
        {"Weight": (480, 2200, 10, "g"), "Comfort temperature": (-18, 14, 1, "°C"), "Length": (185, 225, 5, "cm")},
        {"Filling": ("down", "synthetic", "wool"), "Zip": ("left", "right", "centre"),
         "Shape": ("mummy", "rectangular", "egg")},
        "keeps its warmth after years of being stuffed into a sack",
    ),
    Kind(
        "Backpacks", "backpacks", "BP", ("Backpack", "Daypack", "Trekking Pack"), (49, 130), False,
        {"Weight": (520, 2600, 10, "g"), "Volume": (18, 80, 1, "l"), "Pockets": (2, 11, 1, "")},
        {"Rain cover": ("included", "not included"), "Opening": ("top", "front", "top and front"),
         "Back": ("mesh", "foam", "adjustable")},
        "carries close to the body and swallows more than one expects",
    ),
    Kind(
        "Stoves", "stoves", "ST", ("Gas Stove", "Spirit Stove", "Multi-fuel Stove", "Wood Stove"), (29, 75), False,
        {"Weight": (75, 1400, 5, "g"), "Output": (1200, 3900, 50, "W"), "Boiling time": (135, 420, 5, "s")},
        {"Ignition": ("piezo", "none"), "Material": ("titanium", "steel", "aluminium"), "Burners": ("one", "two")},
        "boils water for two before the map is folded",
    ),
    Kind(
        "Lamps", "lamps", "LA", ("Headlamp", "Lantern", "Torch"), (19, 48), False,
        {"Weight": (35, 640, 5, "g"), "Brightness": (60, 1200, 20, "lm"), "Burn time": (4, 120, 1, "h")},
        {"Power": ("3 AAA cells", "2 AA cells", "USB-C battery"), "Protection": ("IPX4", "IPX6", "IPX8"),
         "Red light": ("yes", "no")},
        "finds the path, the tent and the lost peg",
    ),
    Kind(
        "Jackets", "jackets", "JA", ("Rain Jacket", "Insulated Jacket", "Wind Jacket", "Fleece Jacket"),
        (69, 150), True,
        {"Weight": (180, 980, 10, "g"), "Water column": (2000, 20000, 1000, "mm"), "Pockets": (1, 7, 1, "")},
        {"Hood": ("fixed", "detachable", "none"), "Lining": ("mesh", "taffeta", "none"),
         "Cut": ("slim", "regular", "wide")},
        "keeps rain and wind where they belong",
    ),
)  # fmt: skip

FIRST_NAMES = (
    "Ada", "Alma", "Anton", "Bela", "Carla", "Dario", "Edith", "Emil", "Farid", "Greta", "Hanna", "Ivo", "Jana",
    "Jonas", "Kira", "Leon", "Lotte", "Marek", "Mina", "Nadia", "Noor", "Oskar", "Petra", "Quentin", "Rosa", "Samir",
    "Selma", "Tilda", "Umar", "Vera", "Wanda", "Yusuf",
)  # fmt: skip
LAST_NAMES = (
    "Abbott", "Bergman", "Castell", "Dahl", "Eriksen", "Falk", "Grant", "Hartley", "Iversen", "Janssen", "Keller",
    "Lindqvist", "Moreau", "Nakata", "Okafor", "Petrov", "Quist", "Rossi", "Sandoval", "Tanaka",
)  # fmt: skip
STREETS = (
    "Alder Lane", "Birch Road", "Canal Street", "Dyke Way", "Elm Court", "Foundry Street", "Garden Row", "Harbour Road",
    "Iron Gate", "Juniper Close", "Kiln Lane", "Larch Avenue", "Mill Road", "North Quay", "Orchard Street", "Park Row",
)  # fmt: skip
CITIES = (
    ("Ashford", "21"), ("Bridgeton", "34"), ("Coldwater", "47"), ("Dunmore", "52"), ("Eastvale", "60"),
    ("Fairhaven", "68"), ("Greystone", "73"), ("Hartwell", "85"), ("Ironbridge", "91"),
)  # fmt: skip

TITLES: Mapping[int, Sequence[str]] = {
    1: ("Sent it back", "Not again", "Very disappointed", "Broke at once"),
    2: ("Expected more", "Hardly worth it", "So-so at best", "Not for me"),
    3: ("Does the job", "Fair for the price", "Good and bad", "It is all right"),
    4: ("Would buy again", "Nearly perfect", "Solid piece of kit", "Happy with it"),
    5: ("Could not be better", "My favourite", "Outstanding", "Worth every cent"),
}
OPENINGS = (
    "Took it on a week in the hills.", "Used it for two weekends now.", "Bought it for my daughter.",
    "Had it out in rain and frost.", "Replaced an old one with it.", "Carried it along the coast path.",
    "Needed something for the summer.", "Have it since autumn.",
)  # fmt: skip
MIDDLES: Mapping[int, Sequence[str]] = {
    1: ("It did not last three days.", "Nothing about it is as described.", "The finish is poor all over."),
    2: ("It feels cheaper than it looks.", "The instructions make no sense.", "Heavier than I thought."),
    3: ("Nothing special, nothing wrong.", "It does what it says and no more.", "The bag it comes in is too tight."),
    4: ("Well made and easy to pack.", "Small things could be better, but it works.", "Light for what it does."),
    5: ("I would not go without it.", "Every detail is thought through.", "Friends asked where I got it."),
}
CLOSINGS = (
    "Delivery was quick.", "The colour is a little darker than in the picture.", "My partner has the same one.",
    "Good for beginners.", "I compared several before.", "The shop answered my question within a day.",
    "Will see how it ages.", "Packs into its own sack.",
)  # fmt: skip
NOTES = (
    "Customer called, asked when it arrives.", "Carton was taped again.", "Customer thanked us for the quick delivery.",
    "Address confirmed by phone.", "Left with the neighbour.", "Customer asks for a copy of the invoice.",
)  # fmt: skip
SUBJECTS = (
    ("product", "Spare parts", "Do you sell spare parts for it? A small piece of mine got lost on a trip."),
    ("product", "Which size?", "I am between two sizes. Which of them would you recommend for layering?"),
    ("delivery", "Parcel with a neighbour", "Could you ask the courier to leave my parcels at number 12 in future?"),
    ("other", "Catalogue on paper", "Do you still print a catalogue? My father would love to have one."),
    ("return", "How long do refunds take?", "How many days does it take until the money is back in my account?"),
    ("other", "Opening hours of the store", "Is your store open on the Saturday before Easter?"),
)
