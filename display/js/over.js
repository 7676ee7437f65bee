/* What lies over the whole screen: the code of a display that belongs to nobody, «закрыто», and the dark of the night. Pure where it decides
   (`what`), and it touches the page only when something is another than last time. */
var QueueDisplay = QueueDisplay || {};
QueueDisplay.over = (function () {
  "use strict";

  /** @param {{board: boolean, refused: boolean, code: {code: string, until: string}|null, settings: *, clock: string, called: boolean}} hall
        board: whether there is a board to show; clock: "23:15" in the office; called: somebody is being called
      @return {{pairing: *, shut: {ru: string, en?: string}|null, dark: number}} */
  function what(hall) {
    var closed = hall.board && hall.settings.closed ? hall.settings.closed : null;
    return {
      pairing: hall.board ? null : {
        title: hall.refused ? "Табло отключено от\u00a0отделения" : "Табло не\u00a0подключено",
        english: hall.refused ? "This display was disconnected from its office" : "This display is not paired",
        code: hall.code ? hall.code.code.slice(0, 3) + "\u00a0" + hall.code.code.slice(3) : "",
        until: hall.code ? "Действует до\u00a0" + hall.code.until + ", затем появится новый код" : "Запрашиваем код…",
        untilEnglish: hall.code ? "Good until " + hall.code.until + ", then there will be a new one" : "Asking for a code…"
      },
      shut: closed,
      /* Who is called must see it, at any hour. */
      dark: hall.board && (!hall.called || closed) ? QueueDisplay.night.darkness(hall.settings.night, hall.clock) : 0
    };
  }

  function create() {
    var drawn = "";

    function element(id) { return document.getElementById(id); }

    function put(id, text) { element(id).textContent = text; }

    function draw(over) {
      var facts = JSON.stringify([over, window.innerWidth, window.innerHeight]);
      if (facts === drawn) { return; }
      drawn = facts;
      element("pairing").hidden = !over.pairing;
      element("shut").hidden = !over.shut;
      element("dark").hidden = !over.dark;
      element("dark").style.opacity = String(over.dark);
      if (over.pairing || over.shut) { document.body.setAttribute("data-over", over.pairing ? "pairing" : "shut"); } else { document.body.removeAttribute("data-over"); }
      if (over.pairing) {
        put("pairing-title", over.pairing.title);
        put("pairing-title-en", over.pairing.english);
        put("pairing-code", over.pairing.code);
        put("pairing-until", over.pairing.until);
        put("pairing-until-en", over.pairing.untilEnglish);
        element("pairing-code").setAttribute("data-code", over.pairing.code.replace(/\D/g, ""));
      }
      if (over.shut) { shut(over.shut); }
    }

    /** As large as the words allow. */
    function shut(words) {
      var unit = Math.min(window.innerWidth, window.innerHeight) / 100, size = 16 * unit, ru = element("shut-ru"), en = element("shut-en"), host = element("shut");
      put("shut-ru", words.ru);
      put("shut-en", words.en || "");
      do {
        ru.style.fontSize = size + "px";
        en.style.fontSize = size * 0.6 + "px";
        size *= 0.94;
      } while (size > 3 * unit && (host.scrollHeight > window.innerHeight || ru.scrollWidth > ru.clientWidth || en.scrollWidth > en.clientWidth));
    }

    return { draw: draw };
  }

  return { what: what, create: create };
}());
