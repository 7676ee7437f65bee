"""Messages to people: written into the outbox by a command's own transaction, carried out by a sender that may die at any moment.

`contacts` reads an address, `outbox` takes and withdraws messages, `rules` say when one may go, `templates` say it, `calendar` draws
the event, `channels` and its neighbours carry it, `sender` sees to it that each key goes once. Refuses to know what a booking is:
whoever has something to say puts it here as plain facts.
"""
