/* Whose display this is, through its whole life: named by its address or paired by a code; its token renewed, refused, replaced. Whatever
   happens, the page goes on by itself: nobody has to load it anew. What it keeps: {token, office (of a paired one), settings, linked}. */
var QueueDisplay = QueueDisplay || {};
QueueDisplay.owner = (function () {
  "use strict";

  /** @param {*} address of addresses.js
      @param {{sound: () => string, onChange: () => void, onCode: () => void}} tell onChange: the office or the token is another one now */
  function create(address, tell) {
    var memory = QueueDisplay.memory, named = Boolean(address.office), refused = false, pairing = null, shown = null;
    var place = named ? "device." + address.office + "." + address.zone + (address.desk ? "." + address.desk : "") : "device";
    var known = memory.read(place) || {};
    var health = QueueDisplay.health.create({
      token: function () { return refused ? "" : token(); }, sound: tell.sound,
      onRenewed: function (next) { keep({ token: next }); tell.onChange(); }
    });

    /* A display may be started with its link every morning, long after the token in the link was renewed. */
    if (address.token && (address.token !== known.linked || !known.token)) { keep({ token: address.token, linked: address.token, settings: null }); }

    function token() { return known.token || ""; }
    function office() { return address.office || (known.token && known.office) || ""; }

    /** Beside what another tab has kept meanwhile: its token may be newer than ours. */
    function keep(more) {
      var stored = memory.read(place) || {}, name;
      for (name in more) { if (more.hasOwnProperty(name)) { known[name] = stored[name] = more[name]; } }
      memory.write(place, stored);
    }

    function accepted() {
      refused = false;
      shown = null;
      if (pairing) { pairing.stop(); pairing = null; }
    }

    /** Another tab has renewed the token, or was paired. */
    function followsOtherTab() {
      var kept = memory.read(place);
      if (!kept || !kept.token || kept.token === known.token) { return false; }
      known = kept;
      accepted();
      tell.onChange();
      return true;
    }

    function onPaired(paired) {
      accepted();
      if (named && paired.office !== address.office) {
        memory.write("device", { token: paired.token, office: paired.office, settings: null });
        window.location.replace(window.location.pathname);  /* the address names another office */
        return;
      }
      keep({ token: paired.token, office: paired.office, settings: null });
      health.report();
      tell.onChange();
    }

    function pair() {
      if (pairing) { return; }
      pairing = QueueDisplay.pairing.create({
        version: QueueDisplay.health.VERSION, onPaired: onPaired,
        onCode: function (code, until) { shown = { code: code, until: QueueDisplay.time.hourAndMinute(until) }; tell.onCode(); }
      });
    }

    window.addEventListener("storage", followsOtherTab);

    return {
      token: token,
      office: office,
      settings: function () { return known.settings || null; },
      keepSettings: function (settings) { if (JSON.stringify(known.settings) !== JSON.stringify(settings)) { keep({ settings: settings }); } },
      /** The code on the screen of one that is not paired, {code, until}; null before the service gave one. */
      code: function () { return shown; },
      wasRefused: function () { return refused; },
      /** Whether it has a board to show: a display that its address names shows the public one, also without a token. */
      hasBoard: function () { return named || (Boolean(office()) && !refused); },
      accept: function () { if (refused) { accepted(); } },
      /** The service does not know our token. @return {boolean} whether another one is at hand */
      refuse: function () {
        if (!known.token || followsOtherTab()) { return Boolean(known.token); }
        refused = true;
        pair();
        return false;
      },
      start: function () { if (office()) { health.report(); } else { pair(); } }
    };
  }

  return { create: create };
}());
