/* The queue by keyboard, on a desktop. Single keys can be turned off, and stay off on this device (WCAG 2.1.4); never while somebody types. */
(function () {
  "use strict";
  var KEPT = "desk-keys";
  var box = document.getElementById("keys");
  if (!box) { return; }
  var opener = box.querySelector("[data-keys=list]"), list = document.getElementById("keys-list");
  var change = box.querySelector("[data-keys=switch]");
  var isOn = true;
  try { isOn = window.localStorage.getItem(KEPT) !== "off"; } catch (error) { /* a browser may forbid it: on for this page */ }

  function isTyping(element) {
    return /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName) || element.isContentEditable;
  }

  function cards() {
    return Array.prototype.slice.call(document.querySelectorAll("#live [data-card]"));
  }

  function current() {
    return cards().filter(function (card) { return card.contains(document.activeElement); })[0];
  }

  function move(step) {
    var all = cards(), at = all.indexOf(current());
    var next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step];
    if (next) { next.querySelector("a").focus(); }
  }

  function claim() {
    var card = current(), button = card && card.querySelector("[data-claim]");
    if (button) { button.click(); }
  }

  function showList(open) {
    list.hidden = !open;
    opener.setAttribute("aria-expanded", String(open));
    if (open) { list.scrollIntoView({ block: "nearest" }); }
  }

  function showSwitch() {
    change.textContent = isOn ? "快捷键开着，点这里关掉" : "快捷键关着，点这里打开";
    change.setAttribute("aria-pressed", String(isOn));
  }

  var ACTS = {
    j: function () { move(1); },
    ArrowDown: function () { move(1); },
    k: function () { move(-1); },
    ArrowUp: function () { move(-1); },
    c: claim,
    "/": function () { document.getElementById("id_number").focus(); },
    "?": function () { showList(list.hidden); }
  };

  document.addEventListener("keydown", function (event) {
    if (!isOn || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat && event.key === "c" || isTyping(event.target)) { return; }
    var act = ACTS[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  opener.addEventListener("click", function () { showList(list.hidden); });
  change.addEventListener("click", function () {
    isOn = !isOn;
    try { window.localStorage.setItem(KEPT, isOn ? "on" : "off"); } catch (error) { /* then for this page only */ }
    showSwitch();
  });
  showSwitch();
  box.hidden = false;
})();
