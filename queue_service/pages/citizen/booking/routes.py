"""All of booking's pages."""

from queue_service.pages.citizen.booking import appointment, choose, fill, find, my_data, waitlist

HANDLERS = [*choose.HANDLERS, *fill.HANDLERS, *find.HANDLERS, *waitlist.HANDLERS, *appointment.HANDLERS, *my_data.HANDLERS]
