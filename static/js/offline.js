/* Starts the service worker (/sw.js) where the browser has one, and asks it to keep the page that was opened before the worker was there. */
(function () {
  "use strict";
  if (!("serviceWorker" in navigator)) { return; }
  var nothing = function () { /* no worker here: every page works without one */ };
  var isFirst = !navigator.serviceWorker.controller;
  try {
    navigator.serviceWorker.register("/sw.js").then(function () {
      return navigator.serviceWorker.ready;
    }).then(function (registration) {
      if (isFirst && registration.active) { registration.active.postMessage({ keep: window.location.href }); }
    }, nothing);
  } catch (error) { nothing(); }
})();
