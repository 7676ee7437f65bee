"""A day of a living hall, played through the real API by visitors and clerks that exist only here.

It exists so that a person can watch every screen live, and so that a whole day can look for broken promises in nine minutes.

    plan, arrivals, demand, roster   who comes when with what, who works when: pure, seeded, the same for the same seed
    day, hall                        simulated time; where people physically are and which calls they have seen
    remote, screen, wire             HTTP with retries, websockets that reconnect, the few fields read of each answer
    visitor, clerk, desk             what people do
    promises, tally, progress        what the service must never do; what has happened; how both are told
    access, run                      who we are allowed to be; everything put together

Refuses to touch the database or to import the service's domains: it knows what any client knows.
"""
