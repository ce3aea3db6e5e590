"""Where the sandbox's generated people live: zones, and telephone numbers that nobody has.

Generated numbers lie only in ranges that a country's regulator keeps for films and books, so that a real dialer that is
pointed at the sandbox by mistake rings at nobody's: NANPA's 555-0100 to 555-0199 in each area code, Ofcom's numbers for
drama, the Bundesnetzagentur's, ARCEP's, PTS's and ACMA's. `phonenumbers` finds each of them valid and in the region's
zone alone; a test proves it. Countries without such a range are left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Region:
    """A zone, its country and its ranges: each prefix (E.164) is followed by any `digits` digits."""

    zone: str
    country: str
    prefixes: tuple[str, ...]
    digits: int

    def numbers(self) -> Iterator[str]:
        """Yield every number of the region, turn by turn from each prefix."""
        for suffix in range(10**self.digits):
            for prefix in self.prefixes:
                yield f"{prefix}{suffix:0{self.digits}d}"


def _nanp(zone: str, country: str, *area_codes: int) -> Region:
    return Region(zone, country, tuple(f"+1{code}55501" for code in area_codes), 2)


REGIONS = (
    # These three come first because one of them at least is in its day at any instant.
    Region("Australia/Sydney", "AU", ("+6125550", "+6127010"), 4),
    Region(
        "Europe/London",
        "GB",
        # London, then other cities, whose ranges are all alike but for Tyneside's.
        (
            "+442079460",
            *(f"+44{city}4960" for city in (113, 114, 116, 117, 118, 121, 131, 141, 151, 161)),
            "+441914980",
        ),
        3,
    ),
    _nanp("America/Los_Angeles", "US", 206, 213, 253, 310, 323, 360, 408, 415, 503, 510, 619, 650, 702, 805, 916),
    _nanp("America/New_York", "US", 202, 203, 212, 215, 301, 305, 404, 412, 516, 607, 617, 704, 716, 804, 919),
    Region("Europe/Berlin", "DE", ("+493023125", "+496990009", "+494066969", "+492214710", "+498999998"), 3),
    _nanp("America/Chicago", "US", 205, 210, 214, 312, 314, 402, 405, 504, 512, 608, 612, 713, 816, 901, 972),
    Region("Europe/Paris", "FR", ("+3319900",), 4),
    _nanp("America/Denver", "US", 303, 307, 385, 406, 435, 505, 719, 720, 801, 970),
    _nanp("America/Toronto", "CA", 416, 418, 514, 613, 647, 905),
    Region("Europe/Stockholm", "SE", ("+463139006", "+464062804", "+468465004", "+469803192"), 2),
    _nanp("America/Phoenix", "US", 480, 520, 602, 623, 928),
    _nanp("America/Vancouver", "CA", 236, 250, 604, 778),
    _nanp("America/Halifax", "CA", 506, 782, 902),
    _nanp("America/Puerto_Rico", "PR", 787, 939),
    _nanp("Pacific/Honolulu", "US", 808),
    _nanp("Pacific/Guam", "GU", 671),
)
