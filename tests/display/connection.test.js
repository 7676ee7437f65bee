// The line to the service against a network that obeys: sockets and requests by hand, time by hand.
const test = require("node:test");
const assert = require("node:assert/strict");
const { load } = require("./load.js");

function network() {
  const world = { now: 0, sockets: [], requests: [], timers: [], boards: [], link: [], random: () => 1 };
  class Socket {
    constructor(url) { this.url = url; world.sockets.push(this); }
    close() { this.closed = true; }
    fail(code = 1006) { this.onclose({ code }); }
    say(board) { this.onopen && this.onopen(); this.onmessage({ data: JSON.stringify(board) }); }
  }
  class Request {
    open(method, url) { this.url = url; world.requests.push(this); }
    setRequestHeader() {}
    send() {}
    abort() { this.aborted = true; }
    answer(status, body) { this.status = status; this.responseText = JSON.stringify(body); this.onload(); }
  }
  const Clock = { now: () => world.now };
  world.WebSocket = Socket;
  world.XMLHttpRequest = Request;
  world.setTimeout = (work, wait) => { const timer = { work, at: world.now + wait }; world.timers.push(timer); return timer; };
  world.clearTimeout = (timer) => { world.timers = world.timers.filter((other) => other !== timer); };
  world.pass = (milliseconds) => {
    const end = world.now + milliseconds;
    for (;;) {
      const due = world.timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) { break; }
      world.clearTimeout(due);
      world.now = due.at;
      due.work();
    }
    world.now = end;
  };
  const { connection } = load(["connection"], { Date: Clock });
  world.connection = connection;
  world.line = connection.create({ live: "ws", board: "get" }, {
    onBoard: (board, live) => world.boards.push([board.version, live]), onLink: (up, problem, refused) => world.link.push([up, problem, refused]),
  }, world);
  world.last = () => world.sockets[world.sockets.length - 1];
  return world;
}

test("waiting grows from half a second to fifteen, and chance takes up to half of it", () => {
  const { delay } = network().connection;
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 60].map((attempt) => delay(attempt, 1)), [500, 1000, 2000, 4000, 8000, 15000, 15000, 15000]);
  assert.equal(delay(3, 0), 2000);
});

test("boards from the socket reach the page", () => {
  const world = network();
  world.last().say({ version: 7 });
  assert.deepEqual(world.boards, [[7, true]]);
  assert.deepEqual(world.link.at(-1), [true, "", false]);
});

test("a lost socket is reported at once and replaced", () => {
  const world = network();
  world.last().say({ version: 1 });
  world.last().fail();
  assert.deepEqual(world.link.at(-1), [false, "", false]);
  world.pass(500);
  assert.equal(world.sockets.length, 2);
  world.last().say({ version: 2 });
  assert.deepEqual(world.link.at(-1), [true, "", false]);
});

test("an open socket that says nothing for 25 s is given up", () => {
  const world = network(), silent = world.last();
  silent.say({ version: 1 });
  world.pass(24900);
  assert.ok(!silent.closed);
  world.pass(200);
  assert.ok(silent.closed);
  assert.deepEqual(world.link.at(-1), [false, "", false]);
});

test("where sockets do not work, plain requests keep the hall informed, and the socket is still tried", () => {
  const world = network();
  world.last().fail();
  world.pass(500);
  world.last().fail();
  assert.equal(world.requests.length, 1);
  world.requests[0].answer(200, { version: 3 });
  assert.deepEqual(world.boards, [[3, false]]);
  assert.deepEqual(world.link.at(-1), [true, "", false]);
  world.pass(7000);
  assert.ok(world.requests.length >= 2);
  assert.ok(world.sockets.length >= 3);
});

test("a failing socket does not say «no connection» while requests work", () => {
  const world = network();
  world.last().fail();
  world.pass(500);
  world.last().fail();
  world.requests[0].answer(200, { version: 3 });
  const from = world.link.length;
  for (let i = 0; i < 5; i += 1) { world.pass(15000); if (!world.last().closed) { world.last().fail(); } const open = world.requests.at(-1); if (!open.status) { open.answer(200, { version: 4 }); } }
  assert.ok(world.link.slice(from).every(([up]) => up));
});

test("a socket that works again ends the requests", () => {
  const world = network();
  world.last().fail();
  world.pass(500);
  world.last().fail();
  world.requests[0].answer(200, { version: 3 });
  world.pass(1000);
  world.last().say({ version: 4 });
  const asked = world.requests.length;
  world.pass(20000);
  assert.equal(world.requests.filter((request) => !request.aborted).length <= asked, true);
  assert.equal(world.requests.length, asked);
});

test("the service's objection is passed on in its own words", () => {
  const world = network();
  world.last().fail();
  world.pass(500);
  world.last().fail();
  world.requests[0].answer(404, { detail: "Такого отделения нет." });
  assert.deepEqual(world.link.at(-1), [false, "Такого отделения нет.", false]);
});

test("a service that accepts and drops is not stormed: the waiting goes on growing", () => {
  const world = network();
  const attempts = () => world.sockets.length;
  for (let i = 0; i < 6; i += 1) {
    world.last().say({ version: i });
    world.last().fail();
    const before = attempts();
    while (attempts() === before) { world.pass(250); }
  }
  const before = world.now;
  world.last().say({ version: 9 });
  world.last().fail();
  const count = attempts();
  while (attempts() === count) { world.pass(250); }
  assert.ok(world.now - before > 10000);
});

test("days of failure leave no timers and no sockets behind", () => {
  const world = network();
  for (let i = 0; i < 3000; i += 1) {
    world.pass(15000);
    if (!world.last().closed && world.last().onclose) { world.last().fail(); }
    const open = world.requests.at(-1);
    if (open && !open.status && open.onload) { open.answer(503, {}); }
  }
  assert.ok(world.timers.length <= 3, String(world.timers.length));
});

test("news of the network being back is worth an attempt at once", () => {
  const world = network();
  for (let i = 0; i < 8; i += 1) { world.last().fail(); world.pass(20000); }
  world.last().fail();
  const before = world.sockets.length;
  world.line.hurry();
  world.pass(600);
  assert.equal(world.sockets.length, before + 1);
});

test("a browser without websockets lives on requests", () => {
  const world = network();
  world.WebSocket = undefined;
  world.connection.create({ live: "ws", board: "get" }, { onBoard: (board, live) => world.boards.push([board.version, live]), onLink: () => {} }, world);
  world.requests.at(-1).answer(200, { version: 5 });
  assert.deepEqual(world.boards.at(-1), [5, false]);
});

test("a token that the service does not know: requests at once, the socket again after a minute, and the page is told", () => {
  const world = network();
  world.last().onopen();
  world.last().fail(4401);
  assert.deepEqual(world.link.at(-1), [false, "", true]);
  world.requests[0].answer(200, { version: 3 });
  assert.deepEqual(world.link.at(-1), [true, "", true]);
  world.pass(59000);
  assert.equal(world.sockets.length, 1);
  world.pass(1100);
  assert.equal(world.sockets.length, 2);
  world.last().say({ version: 4 });
  assert.deepEqual(world.link.at(-1), [true, "", false]);
});
