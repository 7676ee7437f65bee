/* Puts a screen (screen.js) into the page and gives it its sizes. It decides nothing and remembers only what is already there, so
   that a board which says the same every ten seconds touches nothing: no flicker, no work, no new nodes for weeks. */
var QueueDisplay = QueueDisplay || {};
QueueDisplay.render = (function () {
  "use strict";

  var TURN = { "→": 0, "↘": 45, "↓": 90, "↙": 135, "←": 180, "↖": 225, "↑": 270, "↗": 315 };
  var SVG = "http://www.w3.org/2000/svg";
  var MEASURE = 100;  /* pixels: the size at which a text is measured before it is fitted */
  var RULE = 2;       /* pixels between two rows, at the thickest */
  var NUMBER_HEIGHT = 0.84;  /* of the font size: figures are 0.7 high, Д and У reach a little below the line */

  function element(id) { return document.getElementById(id); }

  /** Text only where it differs; an empty one hides its element. */
  function put(id, text) {
    var target = element(id);
    if (target.textContent !== text) { target.textContent = text; }
    show(target, Boolean(text));
  }

  function show(target, visible) {
    if (target.hidden === visible) { target.hidden = !visible; }
  }

  function attribute(target, name, value) {
    if (value === null) { target.removeAttribute(name); } else if (target.getAttribute(name) !== value) { target.setAttribute(name, value); }
  }

  function make(name, className, text) {
    var node = document.createElement(name);
    if (className) { node.className = className; }
    if (text) { node.textContent = text; }
    return node;
  }

  function empty(node) { while (node.firstChild) { node.removeChild(node.firstChild); } }

  function arrow(sign) {
    var svg = document.createElementNS(SVG, "svg"), path = document.createElementNS(SVG, "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("class", "arrow");
    path.setAttribute("d", "M2.5 12h18M12.5 4l8 8-8 8");
    path.setAttribute("transform", "rotate(" + TURN[sign] + " 12 12)");
    svg.appendChild(path);
    return svg;
  }

  function wheelchair() {
    var svg = document.createElementNS(SVG, "svg"), path = document.createElementNS(SVG, "path"), head = document.createElementNS(SVG, "circle");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("class", "access");
    head.setAttribute("cx", "10");
    head.setAttribute("cy", "3.2");
    head.setAttribute("r", "1.7");
    path.setAttribute("d", "M10 7v7h6.5l3 6M10 9.8h5.5M7.6 11.2a5.6 5.6 0 1 0 7.6 7.2");
    svg.appendChild(head);
    svg.appendChild(path);
    return svg;
  }

  function identify(target, call) {
    attribute(target, "data-call", call ? String(call.call_id) : null);
    attribute(target, "data-ticket", call ? call.ticket : null);
    attribute(target, "data-desk", call ? call.desk : null);
    attribute(target, "data-state", call ? call.state : null);
  }

  function create() {
    var drawn = {}, plan = { count: 6, height: 0, font: 0 };

    /** Runs the work when the thing it draws is another than last time. */
    function when(name, value, work) {
      var key = JSON.stringify(value);
      if (drawn[name] !== key) {
        drawn[name] = key;
        work();
        return true;
      }
      return false;
    }

    /** @param {*} view what screen.js says @param {*} hall letters, rows wanted, notices @param {number} at */
    function draw(view, hall, at) {
      attribute(document.body, "data-kind", view.kind);
      attribute(document.body, "data-cut-off", view.cutOff ? "" : null);
      attribute(document.body, "data-single", view.single ? "" : null);
      attribute(document.body, "data-english", hall.english ? "" : null);
      put("office", view.office || "Табло");
      put("zone", view.zone);
      put("time", view.time);
      put("date", view.date);
      put("cut-off", view.cutOff);
      put("warning", view.warning);
      put("mute-text", hall.mute);
      show(element("mute"), Boolean(hall.mute));
      show(element("unmute"), hall.canUnmute);
      drawBig(view);
      drawLine(view);
      drawSide(view);
      put("ticker", hall.ticker);  /* before the sizes: a line with words is a little higher than an empty one */
      size(view, hall);
      drawRows(view, at);
    }

    function drawBig(view) {
      var big = element("big");
      identify(big, view.call);
      attribute(big, "data-now", view.now ? "" : null);
      put("big-heading", view.heading);
      put("big-number", view.call ? view.call.ticket : "");
      put("big-message", view.message);
      put("big-heading-en", view.english.heading);
      put("big-message-en", view.english.message);
      put("big-verb-en", view.english.verb);
      put("big-verb", view.verb);
      put("big-place", view.place);
      put("big-desk", view.desk);
      when("access", view.accessible, function () {
        empty(element("big-access"));
        if (view.accessible) {
          element("big-access").appendChild(wheelchair());
          element("big-access").appendChild(make("span", "visually-hidden", "доступное окно"));
        }
        show(element("big-access"), view.accessible);
      });
      attribute(big, "aria-labelledby", view.call ? "big-heading" : "big-message");
      when("arrow", view.arrow, function () {
        empty(element("big-arrow"));
        if (view.arrow) { element("big-arrow").appendChild(arrow(view.arrow)); }
        show(element("big-arrow"), Boolean(view.arrow));
      });
    }

    function drawRows(view, at) {
      var shown = QueueDisplay.calls.visible(view.calls, plan.count, at);
      when("rows", [view.calls, shown, plan], function () {
        var body = element("rows-body");
        empty(body);
        view.calls.forEach(function (call) { body.appendChild(row(call, Boolean(shown.ids[call.call_id]))); });
        fitPlaces();
      });
      put("page", shown.pages > 1 ? (shown.page + 1) + " из " + shown.pages : "");
    }

    /** Beside the ticket stand the other calls, or what to do; a message to the whole hall stands alone. */
    function drawSide(view) {
      var beside = !view.single && (view.kind === "idle" || view.kind === "calls");
      show(element("side"), beside);
      show(element("rows"), beside && view.calls.length > 0);
      show(element("steps"), beside && !view.calls.length);
    }

    function row(call, visible) {
      var line = make("tr", call.state), way = make("td", "way"), place = QueueDisplay.screen.direction(call.place && call.place.ru);
      identify(line, call);
      line.hidden = !visible;
      line.appendChild(make("th", "", call.ticket)).setAttribute("scope", "row");
      way.appendChild(make("span", "visually-hidden", call.state === "called" ? "приглашается" : "на приёме"));
      if (call.accessible) {
        way.appendChild(wheelchair());
        way.appendChild(make("span", "visually-hidden", "доступное окно"));
      }
      if (place.text) { way.appendChild(make("span", "place", place.text)); }
      if (place.arrow) { way.appendChild(arrow(place.arrow)); }
      line.appendChild(way);
      line.appendChild(make("td", "", call.desk));
      return line;
    }

    function drawLine(view) {
      when("next", view.next, function () {
        var list = element("next-list");
        empty(list);
        view.next.forEach(function (ticket) { list.appendChild(make("li", "", ticket)); });
      });
      show(element("next"), view.next.length > 0);
      put("desks", view.desks);
    }

    /** Sizes follow the screen, the distance and what is on the screen; measured only when one of them changed. */
    function size(view, hall) {
      var facts = [
        window.innerWidth, window.innerHeight, hall.must, hall.rest, hall.rows, element("probe").scrollWidth, view.kind, view.office, view.zone, Boolean(view.cutOff), view.warning, hall.mute,
        view.calls.length > 0, Boolean(hall.hasTicker), view.next, view.desks, view.heading, view.call && view.call.ticket, view.message, view.verb, view.place,
        view.desk, view.arrow, view.accessible, view.single, hall.english, view.english
      ];
      when("sizes", facts, function () { measure(hall); });
    }

    function measure(hall) {
      document.documentElement.style.fontSize = hall.rest + "px";
      element("next-list").style.fontSize = Math.max(hall.rest * 1.1, hall.must * 0.86) + "px";
      show(element("ticker"), hall.hasTicker);
      fitNext();
      fitHead();
      fitStub(hall);
      fitRows(hall);
      shrink(element("steps"), inside(element("side")), hall.rest * 1.5, hall.rest * 0.8);
    }

    /** Tickets that do not fit into the line are left out, not cut. */
    function fitNext() {
      var next = element("next"), items = element("next-list").getElementsByTagName("li"), line = /** @type {HTMLElement} */ (next.parentNode), i;
      var beside = window.innerWidth > window.innerHeight ? element("desks").offsetWidth : 0;  /* upright they stand below each other */
      for (i = 0; i < items.length; i += 1) { items[i].style.display = ""; }
      for (i = items.length - 1; i > 0 && next.offsetWidth + beside > line.clientWidth; i -= 1) { items[i].style.display = "none"; }
    }

    /** The number as large as the upper part of the ticket allows; a message likewise, but on several lines. */
    function fitHead() {
      var head = /** @type {HTMLElement} */ (element("big-number").parentNode), number = element("big-number"), message = element("big-message"), second = element("big-message-en");
      var box = inside(head);
      box.height -= element("big-title").offsetHeight;
      number.style.fontSize = MEASURE + "px";
      number.style.fontSize = QueueDisplay.sizes.fill(box, number.offsetWidth, MEASURE * NUMBER_HEIGHT, MEASURE) + "px";
      shrink(message, { width: box.width, height: box.height * (second.hidden ? 0.94 : 0.64) }, box.height * 0.5, 16);
      shrink(second, { width: box.width, height: box.height * 0.3 }, box.height * 0.15, 16);
    }

    function fitStub(hall) {
      var stub = /** @type {HTMLElement} */ (element("big-desk").parentNode), desk = element("big-desk"), go = element("big-go"), box = inside(stub);
      desk.style.fontSize = MEASURE + "px";
      var share = element("big-place").textContent.length > 24 ? 0.3 : 0.42;  /* a long way is told in words, which need the room */
      if (!element("big-access").hidden) { share = 0.3; }
      desk.style.fontSize = QueueDisplay.sizes.fill({ width: box.width * share, height: box.height }, desk.offsetWidth, MEASURE * NUMBER_HEIGHT, MEASURE) + "px";
      element("big-arrow").style.fontSize = box.height * 0.62 + "px";
      element("big-access").style.fontSize = Math.min(box.height * 0.62, box.width * 0.14) + "px";
      var most = document.body.hasAttribute("data-single") ? box.height * 0.5 : hall.must * 1.1;  /* above a desk there is nothing beside it */
      shrink(go, { width: go.clientWidth, height: box.height }, most, hall.rest * 0.7);
    }

    function fitRows(hall) {
      var rows = element("rows"), hidden = rows.hidden, side = inside(element("side")), body = element("rows-body");
      show(rows, true);
      side.height -= /** @type {HTMLTableElement} */ (rows).tHead.offsetHeight;
      plan = QueueDisplay.sizes.rows(side, hall.rows, hall.must);
      plan.height = Math.floor(plan.height) - RULE;
      show(rows, !hidden);
      body.style.fontSize = plan.font + "px";
      body.style.lineHeight = plan.height + "px";
    }

    /** Where the words do not fit beside the figures, the arrows have to do; the words stand on the large ticket. */
    function fitPlaces() {
      var rows = element("rows");
      rows.className = "num";
      if (rows.scrollWidth > element("side").clientWidth) { rows.className = "num narrow"; }
    }

    /** A call begins: three soft swells in three seconds (display.css), far below the three flashes a second of WCAG 2.3.1. */
    function pulse() {
      var big = element("big");
      big.classList.remove("called-now");
      void big.offsetWidth;  /* the browser must notice the pause, or the animation does not start anew */
      big.classList.add("called-now");
    }

    return { draw: draw, pulse: pulse };
  }

  /** The room inside an element's padding. */
  function inside(node) {
    var style = window.getComputedStyle(node);
    return {
      width: node.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight),
      height: node.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom)
    };
  }

  /** Makes a text that may wrap smaller until it fits. */
  function shrink(node, box, most, least) {
    var size = most;
    node.style.fontSize = size + "px";
    while (size > least && (node.offsetHeight > box.height || node.scrollWidth > Math.ceil(box.width))) {
      size *= 0.95;
      node.style.fontSize = size + "px";
    }
  }

  return { create: create };
}());
