/* The service worker, served at /sw.js with VERSION, FILES, STATIC, HOTLINE and ELSEWHERE (the hotlines of other districts) before this text. Pages that anybody may read and that were
   opened on this phone stay readable without a signal. Nothing of a person is ever kept: only addresses on the list below, and of those only
   answers that say `public`. */
"use strict";

var NAME = "menpai-" + VERSION;
var PATIENCE = 4000; // milliseconds for the network, while there is a kept page to show
var MOST_PAGES = 60;
var KEPT_AT = "x-kept-at"; // milliseconds, in the headers of a kept page
var READABLE = /^(\/elder)?(\/c\/\d{12})?\/((guides|events|enterprise|notices|jobs|areas)\/.*)?$/;
var MOMENTARY = /\/ready\/$/; // 现在去能办成吗 is true for a minute only

self.addEventListener("install", function (event) {
  event.waitUntil(caches.open(NAME).then(function (cache) { return cache.addAll(FILES); }).then(function () { return self.skipWaiting(); }));
});

// The version before stays: pages kept under it still need its style sheet. Older ones go.
self.addEventListener("activate", function (event) {
  event.waitUntil(caches.keys().then(function (names) {
    var ours = names.filter(function (name) { return name.indexOf("menpai-") === 0 && name !== NAME; });
    return Promise.all(ours.slice(0, -1).map(function (name) { return caches.delete(name); }));
  }).then(function () { return self.clients.claim(); }));
});

self.addEventListener("fetch", function (event) {
  var url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) { return; }
  if (url.pathname.indexOf(STATIC) === 0 && event.request.mode !== "navigate") {
    event.respondWith(file(event.request));
  } else if (event.request.mode === "navigate" && isReadable(url)) {
    event.respondWith(page(event));
  }
});

// A page asks for itself: it was opened before there was a worker.
self.addEventListener("message", function (event) {
  var url = new URL(event.data && event.data.keep || "/help/", self.location.origin);
  url.hash = "";
  if (url.origin === self.location.origin && isReadable(url)) {
    event.waitUntil(fetch(url.href).then(function (response) { return keep(url.href, response); }).catch(function () { return null; }));
  }
});

function isReadable(url) {
  return READABLE.test(url.pathname) && !MOMENTARY.test(url.pathname) && !/[?&](q|have)=/.test(url.search);
}

function mayBeKept(response) {
  var control = response.headers.get("Cache-Control") || "";
  var type = response.headers.get("Content-Type") || "";
  return response.status === 200 && response.type === "basic" && !response.redirected && /\bpublic\b/.test(control) &&
    !/private|no-store|no-cache/.test(control) && /^text\/html/.test(type);
}

function find(address) {
  return caches.open(NAME).then(function (cache) { return cache.match(address); }).then(function (found) { return found || caches.match(address); });
}

// ---- static files: their names hold their content

function file(request) {
  return caches.open(NAME).then(function (cache) {
    return cache.match(request).then(function (found) {
      return found || fetch(request).then(function (response) {
        if (response.status === 200 && response.type === "basic") { cache.put(request, response.clone()); }
        return response;
      });
    });
  }).catch(function () { return caches.match(request).then(function (found) { return found || Response.error(); }); });
}

// ---- pages: the network first

function page(event) {
  var address = addressOf(event.request.url);
  var network = fetch(event.request);
  // Kept also when it comes too late to be shown.
  event.waitUntil(network.then(function (response) { return keep(address, response); }).catch(function () { return null; }));
  return find(address).then(function (found) {
    if (!found) { return network.catch(function () { return nothingKept(address); }); }
    var late = new Promise(function (resolve) { setTimeout(function () { resolve(null); }, PATIENCE); });
    return Promise.race([network, late]).then(function (response) {
      if (!response) { return asKept(found, address, "信号不好"); }
      return response.status >= 500 ? asKept(found, address, "网站暂时打不开") : response;
    }, function () { return asKept(found, address, "没有信号"); });
  });
}

function addressOf(url) {
  return url.split("#")[0];
}

function keep(address, response) {
  if (!mayBeKept(response)) { return null; }
  return response.clone().text().then(function (text) {
    var kept = new Response(text, { status: 200, headers: headersOf(response) });
    kept.headers.set(KEPT_AT, String(Date.now()));
    return caches.open(NAME).then(function (cache) {
      // Put anew, it is the newest: keys() then has the oldest first.
      return cache.delete(address).then(function () { return cache.put(address, kept); }).then(function () { return forget(cache); });
    });
  });
}

function forget(cache) {
  return cache.keys().then(function (requests) {
    var pages = requests.filter(function (request) { return new URL(request.url).pathname.indexOf(STATIC) !== 0; });
    return Promise.all(pages.slice(0, Math.max(0, pages.length - MOST_PAGES)).map(function (request) { return cache.delete(request); }));
  });
}

// The text is unpacked already, and its length another one.
function headersOf(response) {
  var headers = new Headers(response.headers);
  headers.delete("Content-Encoding");
  headers.delete("Content-Length");
  return headers;
}

// A kept page says so in its first line.
function asKept(response, address, why) {
  return response.text().then(function (text) {
    var said = '<p class="kept" role="status">' + why + "，这是您上次打开时的内容（" + spoken(Number(response.headers.get(KEPT_AT))) + "）。急事打 " + phoneAt(address) + "。</p>";
    return new Response(text.replace(/<main id="main">/, "$&" + said), { status: 200, headers: headersOf(response) });
  });
}

function spoken(milliseconds) {
  var at = new Date(milliseconds), minutes = at.getMinutes();
  return (at.getMonth() + 1) + "月" + at.getDate() + "日 " + at.getHours() + ":" + (minutes < 10 ? "0" : "") + minutes;
}

// The hotline of the district that an address stands in.
function phoneAt(address) {
  var place = /\/c\/(\d{6})\d{6}\//.exec(address);
  var number = (place && ELSEWHERE[place[1]]) || HOTLINE;
  return '<a href="tel:' + number + '">' + number + "</a>";
}

function nothingKept(address) {
  var body = '<!DOCTYPE html><html lang="zh-Hans"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">' +
    '<title>没有信号</title><link rel="stylesheet" href="' + FILES[0] + '"></head><body><main id="main"><h1>没有信号，这一页打不开</h1>' +
    "<p>这一页您没打开过，手机里没有存。走到信号好的地方再试一次。打开过的页面，没信号也能看。</p>" +
    '<p>打电话不用上网：' + phoneAt(address) + '</p><p><a class="btn" href="">再试一次</a></p></main></body></html>';
  return new Response(body, { status: 503, headers: { "Content-Type": "text/html; charset=utf-8" } });
}
