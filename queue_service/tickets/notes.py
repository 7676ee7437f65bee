"""What an office adds to its tickets in its own words: the same on paper, at the kiosk and on the phone."""

from datetime import datetime

from babel.dates import format_date

from queue_service.offices.catalogue import Catalogue
from queue_service.text import LANGUAGES, Text


def ticket_note(catalogue: Catalogue, number: str, issued_at: datetime) -> Text | None:
    """The office's own line, filled with the ticket's number, date and time; None where it has none."""
    if "ticket-note" not in catalogue.wordings:
        return None
    local = issued_at.astimezone(catalogue.schedule.time_zone)
    return catalogue.said(
        "ticket-note",
        {
            "number": dict.fromkeys(LANGUAGES, number),
            "date": {language: format_date(local.date(), "d MMMM", locale=language) for language in LANGUAGES},
            "time": dict.fromkeys(LANGUAGES, f"{local:%H:%M}"),
        },
    )
