"""What the load process is asked to do, and what it answers: JSON over its standard input and output."""

import msgspec


class Kiosk(msgspec.Struct, frozen=True):
    token: str
    service: str


class Desk(msgspec.Struct, frozen=True):
    token: str
    account_id: int
    desk_id: int
    office_id: int
    number: str


class TakeJob(msgspec.Struct, frozen=True, tag="take"):
    """Each client takes ticket after ticket, at a kiosk chosen anew every time."""

    port: int
    clients: int
    kiosks: tuple[Kiosk, ...]
    screens: tuple[str, ...]
    """Paths of websockets that are open meanwhile, as in a real hall."""
    workers: tuple[int, ...]
    """Process ids of the service, whose processor time is read when the window opens and closes."""
    seconds: float
    warm_up: float
    warm_commands: int
    """The window opens after both: so many seconds and so many answers."""


class CallJob(msgspec.Struct, frozen=True, tag="call"):
    """Each desk calls the next visitor and puts them back, by SQL, so that the queue keeps its length."""

    port: int
    desks: tuple[Desk, ...]
    database_url: str
    put_back: str
    """The statement; $1 is the desk. Given and not imported, so that the load process starts without the service's code."""
    workers: tuple[int, ...]
    seconds: float
    warm_up: float
    warm_commands: int


class LiveJob(msgspec.Struct, frozen=True, tag="live"):
    """An audience of boards and phones watches one office while its desks call, now by SQL, now through HTTP."""

    port: int
    database_url: str
    office: str
    display_token: str
    boards: int
    """Ten at least."""
    phones: tuple[str, ...]
    """Secrets of tickets that wait in this office."""
    bystanders: tuple[str, ...]
    """Secrets of tickets in other offices: connected, but not concerned."""
    desks: tuple[Desk, ...]
    call_next: str
    put_back: str
    calls: int
    """By each way."""
    worker: int
    """Process id of the one worker, whose memory and processor time are read before and after."""


class BookJob(msgspec.Struct, frozen=True, tag="book"):
    """Each client holds slot after slot, each chosen anew. No hold is confirmed, and none lapses within the run."""

    port: int
    clients: int
    offices: tuple[str, ...]
    service: str
    starts: tuple[str, ...]
    """Wanted at any of the offices while the window is open."""
    warm_starts: tuple[str, ...]
    """Wanted before that, so that a slot which everybody wants is still free when the window opens."""
    workers: tuple[int, ...]
    seconds: float
    warm_up: float
    warm_commands: int


class LookJob(msgspec.Struct, frozen=True, tag="look"):
    """Readers ask for one list of free slots again and again while bookings land in it at an even pace."""

    port: int
    readers: int
    path: str
    office: str
    service: str
    bookings_per_second: int
    workers: tuple[int, ...]
    seconds: float
    warm_up: float
    warm_commands: int


class CrowdJob(msgspec.Struct, frozen=True, tag="crowd"):
    """Citizens beyond number: readers ask for weeks of slots, bookers hold, confirm and cancel. Whoever is asked to come again in a few
    seconds asks again at once."""

    port: int
    readers: int
    bookers: int
    offices: tuple[str, ...]
    service: str
    first_day: str
    """Of the lists."""
    starts: tuple[str, ...]
    """Wanted at any of the offices."""
    seconds: float


class HallJob(msgspec.Struct, frozen=True, tag="hall"):
    """Desks call, start and finish, kiosks take tickets, boards follow, all at people's pace; what they feel is measured."""

    port: int
    desks: tuple[Desk, ...]
    kiosks: tuple[Kiosk, ...]
    boards: dict[int, str]
    """Office id and the path of its board."""
    pause: float
    """Seconds between two commands of a desk."""
    ticket_every: float
    """Seconds between two tickets of a kiosk."""
    warm_up: float
    """What is asked earlier is not counted."""
    seconds: float
    """The warm-up included."""


class DayOffice(msgspec.Struct, frozen=True):
    slug: str
    kiosk_token: str
    display_token: str
    desks: tuple[Desk, ...]
    """One clerk at each."""


class DayJob(msgspec.Struct, frozen=True, tag="day"):
    """A working day of a city, so many times faster than life, by the people of `queue_service.simulator`."""

    port: int
    offices: tuple[DayOffice, ...]
    bookable: str
    """Service that some have booked."""
    starts: tuple[str, ...]
    """Of their bookings: now, as the day is over in a minute."""
    visitors: int
    """To each office, at most."""
    hours: float
    speed: float
    workers: tuple[int, ...]


Job = TakeJob | CallJob | BookJob | LookJob | LiveJob | CrowdJob | HallJob | DayJob


class Pace(msgspec.Struct, frozen=True):
    """What a window of commands gave."""

    per_second: float
    p50_ms: float
    p99_ms: float
    done: int
    """Commands answered rightly from the first to the last, warm-up included."""
    refused: dict[str, int]
    """Other answers by status; a figure with any of them is thrown away."""
    service_cpu_us: float
    """Processor time of the service's workers, per command."""
    load_cpu_us: float
    """What the load itself cost, per command."""


class Looks(msgspec.Struct, frozen=True):
    pace: Pace
    """Of the readers."""
    booked_per_second: float
    oldest_ms: float
    """The longest time between a hold's acknowledgement and a later request whose answer did not know of it yet."""
    lists: int
    """Different answers."""


class Spread(msgspec.Struct, frozen=True):
    """Milliseconds over all sockets and all calls; `last` is the median call's slowest socket."""

    p50: float
    p99: float
    last: float


class Audience(msgspec.Struct, frozen=True):
    """What the watching sockets saw. Times count from the commit as the caller knows it (the database's answer)."""

    boards: Spread | None
    phones: Spread | None
    notified: Spread | None
    """The floor: a bare LISTEN connection hears of the same commits."""
    database_ms: float
    """The call statement itself, median, so that `pressed` can be split."""
    pressed: Spread | None
    """From the clerk's request through HTTP to the boards."""
    socket_kb: float
    """Growth of the worker's resident memory per socket."""
    worker_mb: float
    send_us: float
    """Processor time of the worker per message sent, everything included: reading the office, rendering, sending."""


class Felt(msgspec.Struct, frozen=True):
    """How long people waited for one kind of thing, in milliseconds."""

    count: int = 0
    p50: float = 0.0
    p99: float = 0.0
    longest: float = 0.0


class Crowd(msgspec.Struct, frozen=True):
    """What the citizens were answered."""

    seconds: float
    done: dict[str, Felt]
    """By what they wanted; a slot that somebody else had is an answer too."""
    turned_away: Felt
    """503 with Retry-After."""
    wrong: dict[str, int]
    """Every other answer; a figure with any of them is thrown away."""


class Hall(msgspec.Struct, frozen=True):
    """What the hall felt."""

    desks: Felt
    kiosks: Felt
    boards: Felt
    """From the clerk's request to the board of the office."""
    refused: dict[str, int]
    """Answers that no desk and no kiosk should get, by status, and connections that were cut."""
    unseen: int
    """Calls that the board of their office never showed."""


class Played(msgspec.Struct, frozen=True):
    """What the city's day gave."""

    seconds: float
    planned: int
    """Visitors; fewer have come when the service could not keep up."""
    visitors: int
    """Who got a ticket."""
    booked: int
    """Of them, with a booking."""
    served: int
    transferred: int
    no_shows: int
    left: int
    unfinished: int
    """Still in a hall when everybody went home."""
    commands: Felt
    refused: dict[str, int]
    """Answers that no honest person should get, by request and code."""
    broken: list[str]
    """Promises, in the simulator's words."""
    service_cpu: float
    """Seconds of processor of the service."""
    resting_cpu: float
    """The same per second with all screens open and nobody there."""
