/* A tablet is passed from one resident to the next: whoever goes back to a form that was sent finds it empty. */
(function () {
  "use strict";
  window.addEventListener("pageshow", function (event) {
    if (event.persisted && document.querySelector("form[data-clean]")) { window.location.reload(); }
  });
})();
