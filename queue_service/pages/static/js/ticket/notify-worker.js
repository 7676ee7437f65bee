// Shows the notice of a call where only a worker may (Android). Intercepts nothing: a tap on the notice brings the page back.

/** @typedef {{ url: string, focus(): Promise<unknown> }} Page */
/** @typedef {{ matchAll(options: object): Promise<Page[]> }} Pages */
/** @typedef {Event & { notification: Notification, waitUntil(work: Promise<unknown>): void }} Tap */

self.addEventListener("notificationclick", (event) => {
  const tap = /** @type {Tap} */ (event);
  const { clients } = /** @type {{ clients: Pages }} */ (/** @type {unknown} */ (self));
  tap.notification.close();
  tap.waitUntil(clients.matchAll({ type: "window", includeUncontrolled: true }).then((pages) =>
    pages.find(({ url }) => new URL(url).pathname.startsWith("/t/"))?.focus()));
});
