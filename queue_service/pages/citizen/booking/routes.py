"""All of booking's pages."""

from queue_service.pages.citizen.booking import appointment, choose, fill, find, waitlist

HANDLERS = [*choose.HANDLERS, *fill.HANDLERS, *find.HANDLERS, *waitlist.HANDLERS, *appointment.HANDLERS]
