"""How a run is told to the person in front of it: one line that lives on a terminal, one line per ten seconds in a log, a summary.

Refuses colours and widgets: the hall itself is on the screens.
"""

import asyncio
import shutil
import time
from typing import TextIO

from queue_service.simulator.promises import Promises
from queue_service.simulator.stage import Stage
from queue_service.simulator.tally import Tally

TERMINAL_SECONDS = 0.5
LOG_SECONDS = 10.0
WORTH_TELLING_SECONDS = 1.0
"""A shorter silence of the service is a retry, not news."""
SHOWN = 10
"""Broken promises in the summary; more of them say nothing new."""


def minutes(value: float | None) -> str:
    if value is None:
        return "—"
    return f"{value:.1f} мин" if value < 10 else f"{value:.0f} мин"


def progress_line(clock: str, tally: Tally, broken: int = 0, silent_seconds: float = 0) -> str:
    line = (
        f"{clock}  талонов {tally.issued} · ждут {tally.waiting} · у окон {len(tally.at_desks)} · принято {tally.served}"
        f" · неявок {tally.no_shows} · ожидание {minutes(tally.median_wait)}"
    )
    if broken:
        line += f" · НАРУШЕНИЙ {broken}"
    if silent_seconds >= WORTH_TELLING_SECONDS:
        line += f" · сервис не отвечает {silent_seconds:.0f} с"
    return line


class Progress:
    def __init__(self, stage: Stage, out: TextIO) -> None:
        self._stage = stage
        self._out = out
        self._terminal = out.isatty()

    async def tell(self) -> None:
        """Until cancelled."""
        while True:
            self._say()
            await asyncio.sleep(TERMINAL_SECONDS if self._terminal else LOG_SECONDS)

    def _say(self) -> None:
        stage, since = self._stage, self._stage.service.away_since
        silent = time.monotonic() - since if since is not None else 0.0
        line = progress_line(stage.day.clock, stage.tally, stage.promises.count, silent)
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            self._out.write(f"\r{line[:width]}\x1b[K")
        else:
            self._out.write(line + "\n")
        self._out.flush()

    def end(self) -> None:
        """The last state stays on its line."""
        self._say()
        if self._terminal:
            self._out.write("\n")


def summary(tally: Tally, promises: Promises, clock: str, *, hurried: bool) -> str:
    lines = [
        f"{'Остановлено' if hurried else 'День окончен'} в {clock}.",
        f"  Выдано талонов  {tally.issued}" + (f", без талона ушли {tally.refused.total()} (услуга недоступна)" if tally.refused else ""),
        f"  Принято         {tally.served}, неявок {tally.no_shows}, ушли сами {tally.left}, ещё ждут {tally.waiting}",
        f"  Ожидание        медиана {minutes(tally.median_wait)}, у девяти из десяти до {minutes(tally.long_wait)}",
        f"  Повторы         {tally.sent_twice} нарочно, {tally.retries} из-за сбоев; возвращено в очередь {tally.returned}",
    ]
    if tally.strangers:
        lines.append(f"  Чужие талоны    принято {tally.strangers} (взяты не симулятором)")
    if tally.surprises:
        lines.append(f"  Отказы у окон   {tally.surprises} (оператор посмотрел заново и продолжил)")
    if not promises.count:
        lines.append("  Обещания        сервис выполнил все, которые отсюда видны.")
    else:
        lines.append(f"  Обещания        НАРУШЕНЫ, случаев: {promises.count}")
        lines += [f"    {sentence}" for sentence in promises.broken[:SHOWN]]
    return "\n".join(lines)
