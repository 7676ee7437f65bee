/* The page's own address and those of the service: the only module that knows a URL. */
var QueueDisplay = QueueDisplay || {};
QueueDisplay.addresses = (function () {
  "use strict";

  /** @param {string} text as in ?a=1&b=2 or #a=1 */
  function parameters(text) {
    var result = {};
    text.replace(/^[?#]/, "").split("&").forEach(function (pair) {
      var at = pair.indexOf("=");
      if (at > 0) { result[decodeURIComponent(pair.slice(0, at))] = decodeURIComponent(pair.slice(at + 1).replace(/\+/g, " ")); }
    });
    return result;
  }

  /** What the address asks for, and that address without the token, which must not stay where a visitor can photograph it.
      @param {{search: string, hash: string, pathname: string}} location */
  function read(location) {
    var asked = parameters(location.search), hidden = parameters(location.hash), kept = [], name;
    for (name in asked) {
      if (asked.hasOwnProperty(name) && name !== "token") { kept.push(encodeURIComponent(name) + "=" + encodeURIComponent(asked[name])); }
    }
    return {
      office: asked.office || "", zone: asked.zone || "", desk: asked.desk || "", token: asked.token || hidden.token || "",
      theme: asked.theme || "", distance: parseFloat(asked.distance) || 0, diagonal: parseFloat(asked.screen) || 0,
      clean: location.pathname + (kept.length ? "?" + kept.join("&") : "")
    };
  }

  /** @param {{office: string, zone: string}} display */
  function board(display) {
    return "/api/public/offices/" + encodeURIComponent(display.office) + "/board" + (display.zone ? "?zone=" + encodeURIComponent(display.zone) : "");
  }

  /** @param {{protocol: string, host: string}} location @param {{office: string, zone: string, token: string}} display */
  function live(location, display) {
    return (location.protocol === "https:" ? "wss://" : "ws://") + location.host + "/live/board?office=" + encodeURIComponent(display.office) +
      (display.zone ? "&zone=" + encodeURIComponent(display.zone) : "") + (display.token ? "&token=" + encodeURIComponent(display.token) : "");
  }

  /** @param {string} claim what only a waiting display knows */
  function pairing(claim) { return "/api/devices/pairings/" + encodeURIComponent(claim); }

  return {
    read: read, board: board, live: live, pairing: pairing, pairings: "/api/devices/pairings", token: "/api/devices/token", health: "/api/devices/health",
    voice: "/assets/voice/ru/"
  };
}());
