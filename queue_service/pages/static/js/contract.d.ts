// The JSON that the service sends to pages, as the pages read it. Types only: nothing loads this file.

export type Text = { ru: string; en?: string };
export type Minutes = { low: number; high: number };
export type Privilege = { code: string; name: Text; state: "claimed" | "confirmed" | "refused"; document?: Text };

/** GET /api/public/tickets/{secret}, WS /live/ticket/{secret} */
export interface VisitorTicket {
  now: string;
  number: string;
  state: "waiting" | "called" | "serving" | "served" | "postponed" | "no_show" | "left" | "expired";
  time_zone: string;
  ahead: number | null;
  wait: Minutes | null;
  desks: string[];
  desk: string | null;
  place: Text | null;
  calls: number;
  privilege: Privilege | null;
  late: boolean;
  why: Text;
}

/** GET /api/desk/queue, WS /live/desk */
export interface DeskSnapshot {
  now: string;
  office: { slug: string; name: Text; time_zone: string };
  shift: Shift | null;
  current: DeskTicket | null;
  queue: QueuedTicket[];
  counts: { waiting: number; breached: number; served_today: number; average_serving_seconds: number | null };
  pause_reasons: { code: string; name: Text }[];
  rules: { no_show_min_calls: number; no_show_min_seconds: number; auto_call_seconds: number | null; amber_minutes: number };
  /** of the whole office, who comes back soonest first */
  postponed: HallTicket[];
  missed: HallTicket[];
  postpone_reasons: Choice[];
  services: { code: string; name: Text; letter: string }[];
  colleagues: { login: string; name: string; desk: string; paused: boolean }[];
  alarms: { id: number; desk: string | null; name: string; at: string; text: string | null; mine: boolean }[];
}

export interface Choice { code: string; name: Text }

export interface Shift {
  desk: string;
  state: "open" | "paused";
  paused_at: string | null;
  pause_reason: string | null;
  pause_note: string | null;
  pause_until: string | null;
}

interface AnyTicket {
  id: number;
  number: string;
  service: string;
  service_name: Text;
  source: "walk_in" | "booked";
  issued_at: string;
  due_at: string;
  privilege: Privilege | null;
  needs: string[];
  language: string;
  late: boolean;
}

export interface QueuedTicket extends AnyTicket {
  breach: boolean;
  booked_for: string | null;
}

export interface DeskTicket extends AnyTicket {
  state: "called" | "serving";
  documents: Text[];
  called_at: string;
  calls: number;
  started_at: string | null;
  why: Text;
  /** null: it must be called more often first */
  no_show_allowed_at: string | null;
  booked_for: string | null;
  /** from the clerk who sent the visitor here */
  comment: string | null;
  /** codes of services */
  next_services: string[];
  comes_back: boolean;
  back_to: string | null;
  results: Choice[];
  counts_applications: boolean;
}

/** A ticket on the lists of the whole office. */
export interface HallTicket extends AnyTicket {
  state: VisitorTicket["state"];
  desk: string | null;
  called_at: string | null;
  started_at: string | null;
  ended_at: string | null;
  postponed_until: string | null;
  postpone_reason: Text | null;
  booked_for: string | null;
  comment: string | null;
}

/** What a command on the desk's ticket answers: a finished visitor may be waiting for a further service. */
export interface DeskOutcome {
  id: number;
  number: string;
  state: VisitorTicket["state"];
}
