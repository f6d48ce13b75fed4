/* A desk page that is open keeps itself up to date (htmx asks, see templates/helpdesk/desk/_cards.html and _watch.html). Here: when it must wait,
   and what is said aloud. It never touches a field, an open part, or what a finger is about to press; a hidden tab asks nothing. */
(function () {
  "use strict";
  var QUIET = 2000; // milliseconds without touching anything
  var PARTS = ["live", "now", "said", "noted", "happened"];
  var say = document.getElementById("say");
  var touched = 0, waiting = [], words = 0, focused = "", lost = false;

  function byId(id) { return document.getElementById(id); }
  function all(selector, root) { return Array.prototype.slice.call((root || document).querySelectorAll(selector)); }
  function isField(element) { return /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName) && element.type !== "hidden"; }

  if (!byId("live") || !window.htmx) { return; }
  var isQueue = !byId("now");

  function isBusy() {
    if (document.hidden || lost || Date.now() - touched < QUIET) { return true; }
    var active = document.activeElement;
    return PARTS.some(function (id) {
      var part = byId(id);
      if (!part) { return false; }
      if (part.querySelector("details[open]")) { return true; }
      // On the queue a card keeps the focus, because it comes back with its name; anywhere else whoever is there is left alone.
      return part.contains(active) && (!isQueue || isField(active));
    });
  }

  function hasWords() {
    return all("textarea").some(function (field) { return field.value.trim(); });
  }

  function tell(text) {
    say.textContent = "";
    window.setTimeout(function () { say.textContent = text; }, 50);
  }

  function look() {
    waiting = all("[data-waiting]").map(function (card) { return card.getAttribute("data-card"); });
    words = all("#said .say:not(.mine)").length;
  }

  ["pointerdown", "touchstart", "touchmove", "wheel", "keydown"].forEach(function (name) {
    document.addEventListener(name, function () {
      touched = Date.now();
      if ((name === "pointerdown" || name === "keydown") && say.textContent && !lost) { say.textContent = ""; }
    }, { capture: true, passive: true });
  });

  document.addEventListener("htmx:beforeRequest", function (event) {
    if (isBusy()) { event.preventDefault(); }
  });

  // Nobody is signed in any more: off to the sign-in, unless there are words that would be lost.
  document.addEventListener("htmx:beforeOnLoad", function (event) {
    if (event.detail.xhr.getResponseHeader("HX-Redirect") && hasWords()) {
      event.preventDefault();
      lost = true;
      tell("登录过期了。先把写好的字复制下来，再刷新登录。");
    }
  });

  document.addEventListener("htmx:beforeSwap", function (event) {
    if (isBusy()) { event.detail.shouldSwap = false; return; }
    var active = document.activeElement;
    focused = byId("live").contains(active) ? active.id : "";
    look();
  });

  document.addEventListener("htmx:afterSettle", function () {
    var before = waiting, said = words;
    look();
    if (focused && !byId(focused)) { // its card is gone: stay in this place rather than jump to the top of the page
      byId("live").setAttribute("tabindex", "-1");
      byId("live").focus({ preventScroll: true });
    }
    focused = "";
    if (waiting.some(function (card) { return before.indexOf(card) < 0; })) { tell("有新的诉求"); }
    if (words > said) { tell("居民有新的留言"); }
  });

  function ask() {
    if (!document.hidden) { window.htmx.trigger(byId("live"), "look"); }
  }
  document.addEventListener("visibilitychange", ask);
  window.addEventListener("pageshow", function (event) { if (event.persisted) { ask(); } });
})();
