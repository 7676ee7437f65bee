/* Joins the parts: the service's boards -> calls -> voice and screen. The only place with a heartbeat.

   For tests and for whoever looks after the hall: window.QueueDisplay.spoken lists the last 100 announced calls, oldest first, as
   {call_id, text, ticket, desk, heard}; `heard` says whether the browser let the sound through (null while it is being spoken). */
var QueueDisplay = QueueDisplay || {};
QueueDisplay.spoken = [];
QueueDisplay.main = (function () {
  "use strict";

  var BEAT = 500;          /* milliseconds: the clock's minute and the age of the data may be that late */
  var SPOKEN_LIMIT = 100;
  var SETTLE = 2000;       /* sound is "refused" for a moment in every browser that has just opened the page */
  var DEFAULTS = { distance_m: 5, volume: 80, rows: 6, theme: "dark", gong: true, languages: ["ru"] };

  var memory = QueueDisplay.memory, address = QueueDisplay.addresses.read(window.location), link = { up: false, since: tick(), problem: "", refused: false };
  var owner = QueueDisplay.owner.create(address, { sound: voiceState, onChange: begin, onCode: draw }), settings = owner.settings() || DEFAULTS;
  var calls = QueueDisplay.calls.create(memory.announced(Date.now())), painter = QueueDisplay.render.create(), over = QueueDisplay.over.create(), ticker = QueueDisplay.ticker.create();
  var sound, announcer, connection, keepUp, mutedSince = null;

  /** Milliseconds that never jump, unlike the set's clock when it finds its time server. */
  function tick() { return window.performance && performance.now ? performance.now() : Date.now(); }

  function start() {
    window.history.replaceState(null, "", address.clean);
    calls.ahead = Date.now() - tick();
    sound = QueueDisplay.sound.create(QueueDisplay.addresses.voice, draw);
    announcer = QueueDisplay.announcer.create({ next: nextCall, sound: sound, settings: voice, onSpeak: onSpeak, onSpoken: onSpoken });
    listen();
    applyTheme();
    draw();
    keepUp = QueueDisplay.upkeep.create(function () {
      return { hour: QueueDisplay.time.local(now(), zone()).getUTCHours(), calls: calls.board ? calls.board.calls.length : 0 };
    });
    owner.start();
    begin();
    window.setInterval(beat, BEAT);
  }

  /** With the owner's office and token from now on, or with none. */
  function begin() {
    settings = owner.settings() || DEFAULTS;
    if (connection) { connection.stop(); connection = null; }
    if (owner.hasBoard()) { connect(); }
    draw();
  }

  /** The hall speaks once: the display above a desk only shows, and one that says «закрыто» is silent. */
  function voice() { return address.desk || settings.closed ? { volume: 0, gong: false } : settings; }

  function voiceState() { return sound && voice().volume > 0 ? sound.status() : ""; }

  function now() { return QueueDisplay.calls.serverNow(calls, tick()); }
  function zone() { return calls.board ? calls.board.office.time_zone : "Europe/Moscow"; }

  function connect() {
    var display = { office: owner.office(), zone: address.zone, token: owner.token() };
    connection = QueueDisplay.connection.create(
      { live: QueueDisplay.addresses.live(window.location, display), board: QueueDisplay.addresses.board(display) },
      { onBoard: onBoard, onLink: onLink }
    );
  }

  function listen() {
    window.addEventListener("resize", draw);
    window.addEventListener("online", function () { if (connection) { connection.hurry(); } });
    document.getElementById("unmute").addEventListener("click", unlock);
    window.addEventListener("keydown", unlock);
    window.addEventListener("pointerdown", unlock);
  }

  function unlock() { if (sound.status() === "refused") { sound.unlock(); } }

  function onBoard(board, fromSocket) {
    /* A plain request carries no device token, so its settings are the defaults: what the socket once said stays. */
    if (fromSocket || !owner.settings()) { settings = board.settings || DEFAULTS; }
    if (fromSocket) {
      owner.accept();
      owner.keepSettings(settings);
    }
    applyTheme();
    QueueDisplay.calls.receive(calls, address.desk ? QueueDisplay.deskScreen.ofDesk(board, address.desk) : board, tick());
    announcer.consider();
    draw();
  }

  function onLink(up, problem, refused) {
    if (link.up !== up) { link.since = tick(); }
    link.up = up;
    link.problem = problem;
    if (refused && !link.refused && owner.refuse()) { return; }  /* begins anew with the token of another tab */
    link.refused = refused && owner.wasRefused();
    if (!owner.hasBoard() && connection) { connection.stop(); connection = null; }
    draw();
  }

  function nextCall() { return QueueDisplay.calls.next(calls, tick()); }

  function onSpeak(call, text) {
    memory.remember(call.call_id, Date.now());
    QueueDisplay.spoken.push({ call_id: call.call_id, text: text, ticket: call.ticket, desk: call.desk, heard: null });
    if (QueueDisplay.spoken.length > SPOKEN_LIMIT) { QueueDisplay.spoken.shift(); }
    document.getElementById("said").textContent = text;
    draw();
    painter.pulse();
  }

  function onSpoken(call, heard) {
    if (call) { QueueDisplay.spoken[QueueDisplay.spoken.length - 1].heard = heard; }
    draw();
  }

  function applyTheme() {
    var theme = address.theme || settings.theme || DEFAULTS.theme, root = document.documentElement;
    if (root.getAttribute("data-theme") === theme) { return; }
    root.setAttribute("data-theme", theme);
    if (theme === "light") { document.body.removeAttribute("data-ground"); } else { document.body.setAttribute("data-ground", "deep"); }
  }

  function beat() {
    draw();
    if (keepUp) { keepUp(tick()); }
  }

  function draw() {
    var at = tick(), view = QueueDisplay.screen.view(calls, link, at), code = owner.code();
    if (view.warning && code) { view.warning += ". Код подключения " + code.code.slice(0, 3) + "\u00a0" + code.code.slice(3); }
    over.draw(QueueDisplay.over.what({
      board: owner.hasBoard(), refused: owner.wasRefused(), code: code, settings: settings, clock: calls.board ? QueueDisplay.time.clock(now(), zone()) : "",
      called: view.kind === "calls"
    }));
    if (address.desk) { view = QueueDisplay.deskScreen.view(view, calls.board, address.desk); }
    var inEnglish = (settings.languages || DEFAULTS.languages).indexOf("en") >= 0;
    view.english = inEnglish ? QueueDisplay.english.of(view, calls.board) : QueueDisplay.english.NONE;
    var messages = view.ticker.concat(view.english.ticker);
    var hall = QueueDisplay.sizes.letters({
      width: window.innerWidth, height: window.innerHeight, distance: address.distance || settings.distance_m,
      diagonal: address.diagonal || settings.screen_inches, contrast: document.documentElement.getAttribute("data-theme") === "contrast"
    });
    var capacity = Math.floor(window.innerWidth * 0.94 / (hall.rest * 0.9 * 0.56));  /* 0.9: display.css; 0.56 em: a Russian letter of the typeface, on average */
    if (window.innerWidth < window.innerHeight) { capacity = capacity * 2 - 12; }  /* upright: two lines, less what the break between them may cost */
    var mute = muteText(at);
    painter.draw(view, {
      must: hall.must, rest: hall.rest, rows: settings.rows || DEFAULTS.rows, mute: mute, canUnmute: sound.status() === "refused",
      english: inEnglish, hasTicker: messages.length > 0, ticker: ticker(QueueDisplay.ticker.pages(messages, capacity), at)
    }, at);
  }

  /** What the hall must know about a display without a voice. */
  function muteText(at) {
    var status = sound.status(), silent = voice().volume > 0 && (status === "refused" || status === "absent");
    if (!silent) { mutedSince = null; return ""; }
    if (mutedSince === null) { mutedSince = at; }
    if (at - mutedSince < SETTLE) { return ""; }
    return status === "refused" ? "Звук выключен браузером: вызовы только на экране" : "Голос недоступен: вызовы только на экране";
  }

  start();
  return { draw: draw };
}());
