"""What the settings of a device do, drawn before they are saved: how large the figures become, how dark it gets, what stands over all.

The sizes are those of `display/js/sizes.js`, so that the drawing is no promise that the screen breaks. Refuses to be a second display:
one number and a few rows say enough.
"""

from collections.abc import Mapping
from math import hypot
from typing import Any, Final

from queue_service.devices.models import DeviceKind
from queue_service.devices.rules import figures_mm
from queue_service.pages.i18n import Translator

WIDTH, HEIGHT = 1920, 1080
CAPITAL: Final = 0.7
"""Height of a capital in font sizes, as in sizes.js."""
LEAST, MOST = 5.5, 13.0
"""Bounds of the font size in hundredths of the screen's shorter side, as in sizes.js."""
ROW_AIR, ROW_LOOSEST = 1.32, 2.1
"""A row's height in font sizes, as in sizes.js."""
SIDE_HEIGHT, WIDEST = HEIGHT * 0.72, 115.0
"""The room beside the large call, and the largest figures with which a number and a desk stand side by side there."""
ROUNDING: Final = 1.5
"""Pixels: nobody reads the difference."""
NUMBERS: Final = ("А012", "В007", "К104", "А013", "П021", "Т003", "В008", "Д015", "А014", "С002", "К105", "Е009")


def preview(t: Translator, kind: DeviceKind, settings: Mapping[str, Any]) -> dict[str, Any]:
    """For the template: sentences, and what to draw."""
    night, closed = settings.get("night"), settings.get("closed")
    sentences = []
    drawn: dict[str, Any] = {"dim": night["dim"] if night else 0, "closed": closed, "rows": []}
    if kind is DeviceKind.DISPLAY:
        drawn |= _display(settings)
        sentences.append(
            t.gettext(
                "Figures %(mm)s mm high: they are read from %(metres)s m.",
                mm=figures_mm(settings["distance_m"]) if not drawn["clipped"] else round(drawn["reach"] * 5),
                metres=t.decimal(drawn["reach"]) if drawn["clipped"] else settings["distance_m"],
            )
        )
        if drawn["clipped"]:
            sentences.append(t.gettext("This screen has no room for larger ones: hang a second display, or a larger one."))
        count = len(drawn["rows"])
        sentences.append(t.ngettext("Beside the call there is room for %(n)s row.", "Beside the call there is room for %(n)s rows.", count))
        sentences.append(
            t.gettext("The voice speaks at %(volume)s %%.", volume=settings["volume"])
            if settings["volume"]
            else t.gettext("The display is silent.")
        )
        if "en" in settings["languages"]:
            sentences.append(t.gettext("What it shows stands there in English too, smaller."))
    else:
        both = "en" in settings["languages"]
        sentences.append(t.gettext("Visitors choose Russian or English.") if both else t.gettext("Visitors see Russian only."))
        sentences.append(t.gettext("A ticket is printed.") if settings["print"] else t.gettext("A ticket is only shown on the screen."))
    if night:
        sentences.append(
            t.gettext(
                "From %(begin)s to %(end)s the screen is darker by %(dim)s %%.", begin=night["from"], end=night["to"], dim=night["dim"]
            )
        )
        sentences.append(
            t.gettext("While somebody is called it is as bright as by day.")
            if kind is DeviceKind.DISPLAY
            else t.gettext("Whoever touches the screen has all of the light.")
        )
    if closed:
        sentences.append(
            t.gettext("Your words stand over the whole screen; calls are neither shown nor spoken here.")
            if kind is DeviceKind.DISPLAY
            else t.gettext("Your words stand over the whole screen; nobody can take a ticket here.")
        )
    return {"sentences": sentences, **drawn, "theme": settings.get("theme", "light"), "kind": kind.value}


def _display(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Font size of a row's number in a drawing of 1920 × 1080, the rows there is room for, and from how far they are really read."""
    per_mm = hypot(WIDTH, HEIGHT) / (settings["screen_inches"] * 25.4)
    wanted = settings["distance_m"] * 1000 / 200 * per_mm / CAPITAL
    must = max(LEAST * HEIGHT / 100, min(wanted, MOST * HEIGHT / 100))
    count = max(1, min(settings["rows"], int(SIDE_HEIGHT / (must * ROW_AIR))))
    height = min(SIDE_HEIGHT / count, WIDEST * ROW_LOOSEST)
    font = min(height / ROW_AIR, WIDEST)
    rows = [
        {"number": number, "desk": index % 9 + 1, "y": round(150 + height * (index + 0.72))} for index, number in enumerate(NUMBERS[:count])
    ]
    clipped = font < wanted - ROUNDING
    return {"font": round(font), "rows": rows, "clipped": clipped, "reach": font * CAPITAL / per_mm * 200 / 1000}
