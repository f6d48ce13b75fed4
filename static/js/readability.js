/* Says under a field, a moment after somebody stopped typing in it, how hard the text is to read. The server measures: there is one rule.
   Without it the same stands above the form after saving. */
(function () {
  "use strict";
  var WAIT = 500;
  var panel = document.querySelector("[data-measure]");
  var form = panel && panel.closest("form");
  if (!form || !window.fetch || !window.FormData) { return; }
  var wanted = panel.getAttribute("data-fields").split(" ");
  var address = panel.getAttribute("data-measure");
  var timers = [], fields = [];

  function isMeasured(field) {
    var name = field.name || "";
    return /^(textarea|text)$/.test(field.type) && wanted.indexOf(name.slice(name.lastIndexOf("-") + 1)) >= 0;
  }

  function place(field) {
    var id = field.id + "-readability", found = document.getElementById(id);
    if (!found) {
      found = document.createElement("p");
      found.id = id;
      found.className = "readability";
      found.setAttribute("aria-live", "polite");
      field.parentNode.parentNode.insertBefore(found, field.parentNode.nextSibling);
    }
    return found;
  }

  function show(field, text) {
    if (!text.trim()) { place(field).textContent = ""; return; }
    var data = new FormData();
    data.append("text", text);
    data.append("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
    window.fetch(address, { method: "POST", body: data, credentials: "same-origin" }).then(function (answer) {
      return answer.ok ? answer.json() : null;
    }).then(function (found) {
      if (!found || field.value !== text) { return; }
      var said = place(field);
      said.className = found.is_hard ? "readability hard" : "readability";
      said.textContent = "读着：" + found.grade + "（" + found.score + "分）" + (found.reasons.length ? "。" + found.reasons.join("；") + "。" : "");
    }).catch(function () { /* no network: it is said after saving */ });
  }

  form.addEventListener("input", function (event) {
    var field = event.target, at;
    if (!isMeasured(field)) { return; }
    at = fields.indexOf(field);
    if (at < 0) { at = fields.push(field) - 1; }
    window.clearTimeout(timers[at]);
    timers[at] = window.setTimeout(function () { show(field, field.value); }, WAIT);
  });
})();
