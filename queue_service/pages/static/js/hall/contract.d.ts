// The JSON of the hall administrator's screen. Types only: nothing loads this file.

import type { Privilege, Text } from "../contract";

export type State = "waiting" | "called" | "serving" | "served" | "postponed" | "no_show" | "left" | "expired";

export interface Ticket {
  id: number;
  number: string;
  state: State;
  service: string;
  service_name: Text;
  issued_at: string;
  due_at: string;
  source: "walk_in" | "booked";
  privilege: Privilege | null;
  needs: string[];
  language: string;
  late: boolean;
  desk: string | null;
  called_at: string | null;
  started_at: string | null;
  ended_at: string | null;
  postponed_until: string | null;
  postpone_reason: Text | null;
  booked_for: string | null;
  comment: string | null;
}

export interface Desk {
  number: string;
  place: Text | null;
  accessible: boolean;
  services: string[];
  state: "closed" | "paused" | "called" | "serving" | "idle" | "free";
  by: string | null;
  opened_at: string | null;
  paused_at: string | null;
  pause_reason: Text | null;
  pause_note: string | null;
  pause_until: string | null;
  ticket: Ticket | null;
  calls: number;
  waiting: number;
  served: number;
}

export interface Word { id: number; desk: string | null; name: string; at: string; text: string | null; mine: boolean }
export interface Service { code: string; name: Text; letter: string; walk_in: boolean; closed_today: Text | null; waiting: number; wait_norm_minutes: number }
export interface Notice { id: number; sentence: Text; until: string; by: string | null }
export interface Named { code: string; name: Text }

/** GET /api/desk/hall, WS /live/hall */
export interface HallSnapshot {
  now: string;
  office: { slug: string; name: Text; time_zone: string };
  counts: Record<"waiting" | "amber" | "breached" | "at_desks" | "postponed" | "missed" | "desks_open" | "desks_paused", number>;
  desks: Desk[];
  queue: Ticket[];
  postponed: Ticket[];
  missed: Ticket[];
  alarms: Word[];
  messages: Word[];
  services: Service[];
  privileges: { code: string; name: Text; document: Text }[];
  postpone_reasons: Named[];
  notices: Notice[];
  amber_minutes: number;
  return_limit_minutes: number;
}

export interface FoundBooking {
  reference: string;
  service_name: Text;
  starts_at: string;
  state: "booked" | "checked_in" | "missed" | "cancelled" | "held" | "offered" | "unverified";
  applications: number;
  ticket: number | null;
  number: string | null;
}

/** POST /api/desk/hall/find */
export interface Found { tickets: Ticket[]; bookings: FoundBooking[]; more: boolean }

/** GET /api/desk/hall/journal */
export interface HallAct { id: number; at: string; what: Text; ticket: number; number: string; who: string | null; desk: string | null; reason: Text | null; change: Text | null }

/** POST /api/desk/tickets, POST /api/desk/check-ins */
export interface Issued { id: number; number: string; late: boolean; ahead: number }
