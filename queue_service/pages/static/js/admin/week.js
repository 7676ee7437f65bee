/**
 * Why: a week of hours is seen better than read. The drawing writes into the seven lines of the form, which are what is posted; whoever
 * types there sees it drawn. Mouse: draw, drag, pull an edge, press ×. Keyboard: arrows choose a quarter of an hour, Enter begins and ends
 * an interval, Delete removes it. Refuses to touch a line that it cannot read: the service says what is wrong with it.
 */

/** @typedef {[number, number]} Span   minutes since midnight */
/** @typedef {{ day: number, at: number, span: Span | null, grip: "draw" | "move" | "top" | "bottom", from: Span | null }} Drag */

const STEP = 15;
const DAY = 24 * 60;
const EDGE_PIXELS = 7;
/** The hours that are always drawn; the week widens them where it is open earlier or later. */
const FIRST = 6 * 60;
const LAST = 22 * 60;
const SPAN = /^(\d{1,2})[:.](\d{2})\s*[-–—]\s*(\d{1,2})[:.](\d{2})$/;
const CLOSED = ["", "-", "–", "—", "закрыто", "выходной", "closed"];

/** @param {string} line @returns {Span[] | null} */
function read(line) {
  const plain = line.trim().toLowerCase();
  if (CLOSED.includes(plain)) return [];
  /** @type {Span[]} */
  const spans = [];
  for (const part of plain.split(/[,;]/)) {
    const found = SPAN.exec(part.trim());
    if (!found) return null;
    const opens = Number(found[1]) * 60 + Number(found[2]);
    const closes = Number(found[3]) * 60 + Number(found[4]) || DAY;
    if (opens >= closes || closes > DAY) return null;
    spans.push([opens, closes]);
  }
  return joined(spans);
}

/** @param {Span[]} spans @returns {Span[]}  in their order, as one where they touch */
function joined(spans) {
  /** @type {Span[]} */
  const whole = [];
  for (const [opens, closes] of [...spans].sort((a, b) => a[0] - b[0])) {
    const last = whole[whole.length - 1];
    if (last && opens <= last[1]) last[1] = Math.max(last[1], closes);
    else whole.push([opens, closes]);
  }
  return whole;
}

/** @param {number} minute */
function clock(minute) {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}

/** @param {Span[]} spans */
function written(spans) {
  return spans.map(([opens, closes]) => `${clock(opens)}–${clock(closes)}`).join(", ");
}

/** @param {string} name @param {string} words */
function piece(name, words = "") {
  const made = document.createElement("div");
  made.className = name;
  made.textContent = words;
  return made;
}

class Week {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.lines = [...root.querySelectorAll("input[data-day]")].filter((each) => each instanceof HTMLInputElement);
    this.follows = document.getElementById("follows");
    /** @type {Drag | null} */
    this.drag = null;
    /** @type {{ day: number, at: number } | null} where the keyboard began an interval */
    this.begun = null;
    this.cursor = 9 * 60;
    this.first = FIRST;
    this.last = LAST;
    /** @type {HTMLElement[]} */
    this.days = [];
    this.drawing = this.build();
    root.prepend(this.drawing);
    for (const line of this.lines) line.addEventListener("input", () => { this.own(); this.draw(); });
    this.draw();
  }

  build() {
    const drawing = piece("week-drawing");
    drawing.setAttribute("role", "group");
    drawing.setAttribute("aria-label", this.root.dataset.label ?? "");
    drawing.append(piece("week-head"));
    for (const day of (this.root.dataset.days ?? "").split(",")) drawing.append(piece("week-head", day));
    this.scale = piece("week-scale");
    drawing.append(this.scale);
    this.lines.forEach((line, day) => {
      const column = piece("week-day");
      column.tabIndex = 0;
      column.dataset.column = String(day + 1);
      column.setAttribute("role", "slider");
      column.setAttribute("aria-orientation", "vertical");
      column.setAttribute("aria-label", this.name(line));
      column.setAttribute("aria-valuemin", "0");
      column.setAttribute("aria-valuemax", String(DAY));
      column.addEventListener("pointerdown", (event) => this.press(event, day));
      column.addEventListener("pointermove", (event) => this.pull(event));
      column.addEventListener("pointerup", () => this.drop());
      column.addEventListener("pointercancel", () => { this.drag = null; this.draw(); });
      column.addEventListener("keydown", (event) => this.key(event, day));
      column.addEventListener("blur", () => { this.begun = null; this.draw(); });
      this.days.push(column);
      drawing.append(column);
    });
    const help = document.createElement("p");
    help.className = "hint week-help";
    help.textContent = this.root.dataset.help ?? "";
    this.root.prepend(help);
    return drawing;
  }

  /** @param {HTMLInputElement} line */
  name(line) {
    return line.labels?.[0]?.textContent?.trim() ?? "";
  }

  /** @param {number} day @returns {Span[] | null} */
  spans(day) {
    return read(this.lines[day]?.value ?? "");
  }

  /** What is drawn or typed here counts: the lane no longer follows the office. */
  own() {
    if (this.follows instanceof HTMLInputElement) this.follows.checked = false;
  }

  /** @param {number} day @param {Span[]} spans */
  write(day, spans) {
    const line = this.lines[day];
    if (!line) return;
    line.value = written(joined(spans.filter(([opens, closes]) => closes > opens)));
    this.own();
    this.draw();
  }

  draw() {
    const all = this.lines.flatMap((_, day) => this.spans(day) ?? []);
    this.first = Math.min(FIRST, ...all.map(([opens]) => Math.floor(opens / 60) * 60));
    this.last = Math.max(LAST, ...all.map(([, closes]) => Math.ceil(closes / 60) * 60));
    const hours = (this.last - this.first) / 60;
    this.drawing.style.setProperty("--hours", String(hours));
    const every = hours > 18 ? 3 : 2;
    this.scale?.replaceChildren(...Array.from({ length: Math.floor(hours / every) + 1 }, (_, index) => {
      const mark = document.createElement("span");
      mark.textContent = clock(this.first + index * every * 60);
      mark.style.top = `${((index * every) / hours) * 100}%`;
      return mark;
    }));
    this.days.forEach((column, day) => this.drawDay(column, day));
  }

  /** @param {HTMLElement} column @param {number} day */
  drawDay(column, day) {
    const spans = this.spans(day);
    const drawn = this.drag && this.drag.day === day ? this.drag : null;
    const shown = (spans ?? []).filter((each) => !drawn?.from || each[0] !== drawn.from[0]).map((each) => this.bar(each));
    if (drawn?.span) {
      const bar = this.bar(drawn.span);
      bar.classList.add("drawn");
      shown.push(bar);
    }
    if (this.begun?.day === day) {
      const bar = this.bar([Math.min(this.begun.at, this.cursor), Math.max(this.begun.at, this.cursor)]);
      bar.classList.add("drawn");
      shown.push(bar);
    }
    const cursor = piece("week-cursor");
    cursor.style.top = this.percent(this.cursor);
    column.replaceChildren(...shown, cursor);
    const inside = (spans ?? []).find(([opens, closes]) => opens <= this.cursor && this.cursor < closes);
    const words = inside
      ? `${clock(this.cursor)}, ${(this.root.dataset.interval ?? "").replace("{opens}", clock(inside[0])).replace("{closes}", clock(inside[1]))}`
      : (this.root.dataset.free ?? "").replace("{time}", clock(this.cursor));
    column.setAttribute("aria-valuenow", String(this.cursor));
    column.setAttribute("aria-valuetext", words);
  }

  /** @param {number} minute */
  percent(minute) {
    return `${((minute - this.first) / (this.last - this.first)) * 100}%`;
  }

  /** @param {Span} span */
  bar([opens, closes]) {
    const bar = piece("week-span", `${clock(opens)}–${clock(closes)}`);
    bar.style.top = this.percent(opens);
    bar.style.height = `${((closes - opens) / (this.last - this.first)) * 100}%`;
    bar.dataset.opens = String(opens);
    const away = piece("week-drop", "×");
    away.dataset.away = String(opens);
    bar.append(away);
    return bar;
  }

  /** @param {PointerEvent} event @param {HTMLElement} column */
  minute(event, column) {
    const box = column.getBoundingClientRect();
    const part = (event.clientY - box.top) / box.height;
    const minute = this.first + part * (this.last - this.first);
    return Math.min(DAY, Math.max(0, Math.round(minute / STEP) * STEP));
  }

  /** @param {PointerEvent} event @param {number} day */
  press(event, day) {
    const column = this.days[day];
    const spans = this.spans(day);
    if (!column || !spans || event.button !== 0 || !(event.target instanceof HTMLElement)) return;
    const at = this.minute(event, column);
    const away = event.target.dataset.away;
    if (away) {
      this.write(day, spans.filter(([opens]) => opens !== Number(away)));
      event.preventDefault();
      return;
    }
    const bar = event.target.closest(".week-span");
    const from = bar instanceof HTMLElement ? spans.find(([opens]) => opens === Number(bar.dataset.opens)) ?? null : null;
    this.drag = { day, at, span: from ? [...from] : [at, at], grip: "draw", from };
    if (from && bar) {
      const box = bar.getBoundingClientRect();
      this.drag.grip = event.clientY - box.top < EDGE_PIXELS ? "top" : box.bottom - event.clientY < EDGE_PIXELS ? "bottom" : "move";
    }
    column.setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event */
  pull(event) {
    const drag = this.drag;
    const column = drag ? this.days[drag.day] : undefined;
    if (!drag || !column) return;
    const at = this.minute(event, column);
    if (drag.grip === "draw") drag.span = [Math.min(drag.at, at), Math.max(drag.at, at)];
    else if (drag.from) drag.span = pulled(drag.from, drag.grip, at - drag.at);
    this.draw();
  }

  drop() {
    const drag = this.drag;
    this.drag = null;
    if (!drag?.span) return;
    const { day, span, from } = drag;
    const rest = (this.spans(day) ?? []).filter(([opens]) => !from || opens !== from[0]);
    const unmoved = from && from[0] === span[0] && from[1] === span[1];
    if (span[1] > span[0] && !unmoved) this.write(day, [...rest, span]);
    else this.draw();
  }

  /** @param {KeyboardEvent} event @param {number} day */
  key(event, day) {
    const spans = this.spans(day);
    if (!spans || event.altKey || event.ctrlKey || event.metaKey) return;
    const far = event.shiftKey ? 4 : 1;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      this.cursor = Math.min(DAY, Math.max(0, this.cursor + (event.key === "ArrowDown" ? STEP : -STEP) * far));
      this.draw();
    } else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      this.days[(day + (event.key === "ArrowRight" ? 1 : 6)) % 7]?.focus();
    } else if (event.key === "Enter" || event.key === " ") {
      this.mark(day, spans);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.write(day, spans.filter(([opens, closes]) => !(opens <= this.cursor && this.cursor < closes)));
    } else if (event.key === "Escape" && this.begun) {
      this.begun = null;
      this.draw();
    } else {
      return;
    }
    event.preventDefault();
  }

  /** Begins an interval at the cursor, or ends the one that was begun. @param {number} day @param {Span[]} spans */
  mark(day, spans) {
    const begun = this.begun;
    if (begun?.day !== day) {
      this.begun = { day, at: this.cursor };
      this.draw();
      return;
    }
    this.begun = null;
    this.write(day, [...spans, [Math.min(begun.at, this.cursor), Math.max(begun.at, this.cursor)]]);
  }
}

/** @param {Span} from @param {string} grip @param {number} by @returns {Span} */
function pulled([opens, closes], grip, by) {
  if (grip === "top") return [Math.max(0, Math.min(opens + by, closes - STEP)), closes];
  if (grip === "bottom") return [opens, Math.min(DAY, Math.max(closes + by, opens + STEP))];
  const shift = Math.max(-opens, Math.min(by, DAY - closes));
  return [opens + shift, closes + shift];
}

for (const root of document.querySelectorAll("[data-week]")) if (root instanceof HTMLElement) new Week(root);
