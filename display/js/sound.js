/* Plays clips one after the other: through Web Audio where there is one, else through <audio> elements; the gong can do
   without any file. It knows nothing of calls.

   Status: "starting", "ready", "refused" (the browser wants a touch or a key first; `unlock` from such an event helps), "absent"
   (no voice clips or no way to play them; the gong may still work). Every playing ends, also a silent one: the hall's
   announcements take the same time with and without sound, so that what is large on the screen does not depend on it. */
var QueueDisplay = QueueDisplay || {};
QueueDisplay.sound = (function () {
  "use strict";

  var JOINT = 0.03;          /* seconds between two clips: less sounds stuck together, more like a list */
  var UNKNOWN = 0.7;         /* seconds for a clip of which not even the length is known */
  var WAIT_FOR_CLIPS = 2500; /* a call that comes while the page still loads waits so long for its words */
  var WAIT_TO_WAKE = 300;    /* a browser that lets sound through does so within a few frames */
  var TRY_AGAIN = 30000;
  var AT_ONCE = 3;           /* downloads beside each other; the boards use the same line */

  /** @param {string} base folder of the clips @param {() => void} onStatus */
  function create(base, onStatus) {
    var Context = window.AudioContext || window["webkitAudioContext"], context = null;
    var manifest = null, clips = {}, wanted = [], loading = 0, playable = true;

    function status() {
      if (context && context.state === "suspended") { return "refused"; }
      if (!playable) { return "refused"; }
      if (!manifest) { return loading ? "starting" : "absent"; }
      return "ready";
    }

    function get(url, type, done) {
      var request = new XMLHttpRequest();
      loading += 1;
      request.open("GET", url);
      request.timeout = 20000;
      if (type) { request.responseType = type; }
      request.onload = function () { loading -= 1; done(request.status === 200 ? request.response || request.responseText : null); };
      request.onerror = request.ontimeout = function () { loading -= 1; done(null); };
      request.send();
    }

    function loadManifest() {
      get(base + "manifest.json", "", function (text) {
        var name;
        try { manifest = text ? JSON.parse(text) : null; } catch (error) { manifest = null; }
        if (!manifest) { window.setTimeout(loadManifest, TRY_AGAIN); }
        wanted = [];
        for (name in manifest) { if (manifest.hasOwnProperty(name)) { wanted.push(name); } }
        loadClips();
        onStatus();
      });
    }

    function loadClips() {
      while (wanted.length && loading < AT_ONCE) { loadClip(wanted.shift()); }
    }

    function loadClip(name) {
      function failed() { window.setTimeout(function () { wanted.push(name); loadClips(); }, TRY_AGAIN); }
      if (clips[name] || !manifest[name]) { return; }
      if (!context) {
        clips[name] = new Audio(base + manifest[name].file);
        clips[name].preload = "auto";
        return;
      }
      get(base + manifest[name].file, "arraybuffer", function (data) {
        if (data) {
          context.decodeAudioData(data, function (buffer) { clips[name] = buffer; }, failed);
        } else {
          failed();
        }
        loadClips();
      });
    }

    /** The clip itself, or the plain twin of one that falls to a full stop. */
    function known(name) {
      return manifest && !manifest[name] ? name.replace(/-end$/, "") : name;
    }

    function missing(items) {
      return items.filter(function (item) { return typeof item === "string" && !clips[item]; });
    }

    /** All words are there; the gong can be made without its clip. */
    function complete(items) {
      return missing(items).every(function (item) { return item === "gong"; });
    }

    function seconds(item) {
      if (typeof item === "number") { return item; }
      return (manifest && manifest[item] ? manifest[item].seconds : UNKNOWN) + JOINT;
    }

    /** Plays names of clips and pauses (numbers, in seconds). A call with a missing word is not spoken in
        part: then the hall hears the gong and looks up.
        @param {(string|number)[]} items @param {number} volume 0..100 @param {(heard: boolean) => void} done whether it was heard */
    function play(items, volume, done) {
      var since = Date.now();
      items = items.map(function (item) { return typeof item === "string" ? known(item) : item; });
      wanted = missing(items).filter(function (name) { return manifest && manifest[name]; }).concat(wanted);
      if (manifest) { loadClips(); }
      (function whenLoaded() {
        if (missing(items).length && status() !== "absent" && Date.now() - since < WAIT_FOR_CLIPS) {
          window.setTimeout(whenLoaded, 100);
        } else {
          start();
        }
      }());

      function start() {
        var length = items.reduce(function (sum, item) { return sum + seconds(item); }, 0), whole = complete(items);
        var audible = whole ? items : items.filter(function (item) { return item === "gong"; });
        if (volume && context) {
          whenAwake(function (awake) {
            if (awake) { playInContext(audible, loudness(volume)); }
            finish(length, whole && awake);
          });
        } else if (volume && typeof Audio === "function") {
          playElements(audible, loudness(volume));
          finish(length, whole && playable);
        } else {
          finish(length, false);
        }
      }
      function finish(length, heard) { window.setTimeout(function () { onStatus(); done(heard); }, length * 1000); }
    }

    /** Half on the slider is half as loud to the ear, which is a quarter of the amplitude. */
    function loudness(volume) { return Math.pow(Math.min(100, volume) / 100, 2); }

    function gainInto(target, value) {
      var node = context.createGain ? context.createGain() : context["createGainNode"]();
      node.gain.value = value;
      node.connect(target);
      return node;
    }

    function playInContext(items, gain) {
      var at = context.currentTime + 0.03, out = gainInto(context.destination, gain);
      items.forEach(function (item) {
        var source;
        if (typeof item === "string" && clips[item]) {
          source = context.createBufferSource();
          source.buffer = clips[item];
          source.connect(out);
          if (source.start) { source.start(at); } else { source.noteOn(at); }
        } else if (item === "gong") {
          chime(at, 659.26, out);
          chime(at + 0.42, 523.25, out);
        }
        at += seconds(item);
      });
    }

    /** The gong without its file: a tone that decays, like the first partial of the recorded one. */
    function chime(at, pitch, out) {
      var tone = context.createOscillator(), gain = gainInto(out, 0);
      tone.frequency.value = pitch;
      tone.connect(gain);
      gain.gain.setValueAtTime(0.0001, at);
      gain.gain.linearRampToValueAtTime(0.3, at + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.001, at + 1.3);
      if (tone.start) { tone.start(at); tone.stop(at + 1.4); } else { tone["noteOn"](at); tone["noteOff"](at + 1.4); }
    }

    function playElements(items, gain) {
      var at = 0;
      items.forEach(function (item) {
        if (typeof item === "string" && clips[item]) { window.setTimeout(function () { playElement(clips[item], gain); }, at * 1000); }
        at += seconds(item);
      });
    }

    function playElement(element, gain) {
      var promised;
      element.volume = gain;
      try { element.currentTime = 0; } catch (error) { /* not loaded: it starts at its beginning anyway */ }
      promised = element.play();
      if (promised && promised["catch"]) {
        promised.then(function () { setPlayable(true); }, function () { setPlayable(false); });
      }
    }

    function setPlayable(value) {
      if (playable !== value) { playable = value; onStatus(); }
    }

    /** Asks the browser to let sound through; it may, after a touch, or when it was started for a display. */
    function wake() {
      var promised = context && context.state === "suspended" && context.resume && context.resume();
      if (promised && promised["catch"]) { promised["catch"](function () { onStatus(); }); }
    }

    /** Nothing is put into a context that sleeps: its clock stands still, and all that was called meanwhile would sound at once when it wakes.
        @param {(awake: boolean) => void} done */
    function whenAwake(done) {
      var since = Date.now();
      wake();
      (function look() {
        if (context.state === "running" || Date.now() - since >= WAIT_TO_WAKE) { done(context.state === "running"); } else { window.setTimeout(look, 20); }
      }());
    }

    function unlock() {
      wake();
      setPlayable(true);
      window.setTimeout(onStatus, 300);
    }

    try { context = Context ? new Context() : null; } catch (error) { context = null; }
    if (context) { context.onstatechange = function () { onStatus(); }; }
    wake();
    loadManifest();

    return { play: play, status: status, unlock: unlock };
  }

  return { create: create };
}());
