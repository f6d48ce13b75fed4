/* Remembers which papers are ticked, on this phone only, for each guide and case. Sends nothing; without it the page works the same. */
(function () {
  "use strict";
  var form = document.querySelector("form[data-ticks]");
  var store = open();
  if (!form || !store) { return; }
  var key = "ticks:" + form.getAttribute("data-ticks");
  var boxes = Array.prototype.slice.call(form.querySelectorAll("input[name=have]"));
  if (!boxes.length) { return; }

  // A phone may forbid it, or have no room: then the ticks live as long as the page.
  function open() {
    try {
      var here = window.localStorage;
      here.setItem("ticks", "1");
      here.removeItem("ticks");
      return here;
    } catch (error) {
      return null;
    }
  }

  function ticked() {
    return boxes.filter(function (box) { return box.checked; }).map(function (box) { return box.value; });
  }

  function keep() {
    try {
      if (ticked().length) { store.setItem(key, ticked().join(",")); } else { store.removeItem(key); }
    } catch (error) { /* full */ }
    clear.hidden = !ticked().length;
  }

  var clear = document.createElement("button");
  clear.type = "button";
  clear.className = "pill noprint";
  clear.textContent = "清掉勾选";
  clear.addEventListener("click", function () {
    boxes.forEach(function (box) { box.checked = false; });
    keep();
    boxes[0].focus();
  });
  var sentence = form.querySelector("p.noprint");
  sentence.parentNode.insertBefore(clear, sentence);

  // Ticks in the address are somebody's question, perhaps a daughter's for her mother: they are shown, and what is kept here stays as it is.
  if (!/[?&]have=/.test(window.location.search)) {
    var kept = (store.getItem(key) || "").split(",");
    boxes.forEach(function (box) { box.checked = kept.indexOf(box.value) >= 0; });
  }
  clear.hidden = !ticked().length;
  form.addEventListener("change", keep);
})();
