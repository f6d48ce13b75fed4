/* 读给我听: reads the page aloud with the phone's own Chinese voice. Where there is none, nothing is added and nothing is missing.
   ES5 for old WebViews. Only voices of the device itself: another would send the text of the page to a stranger's server. */
(function () {
  "use strict";

  var DIGITS = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
  var UNITS = ["", "十", "百", "千"];
  var SKIPPED = { NAV: 1, SCRIPT: 1, STYLE: 1, BUTTON: 1, SELECT: 1, INPUT: 1, TEXTAREA: 1, SVG: 1 };
  var SKIPPED_CLASS = /(^|\s)(crumb|jump|pills|pill|btn|search|bar|unseen|more|when-print)(\s|$)/;
  var BLOCK = /^(P|DIV|LI|UL|OL|DL|DT|DD|H1|H2|H3|SECTION|DETAILS|SUMMARY|TIME|FIELDSET|LEGEND|LABEL|BR)$/;

  /* A number as it is spelled on the telephone. 1 is said 幺: 一 and 七 sound alike on a bad line, and every hotline announces itself so. */
  function spell(digits) {
    return digits.split("").map(function (digit) { return digit === "1" ? "幺" : DIGITS[digit] || digit; }).join(" ");
  }

  /* In groups as people say them, a comma being the pause: 138 0013 8000; 0952 331 1111; anything else in fours from the end, short ones whole. */
  function phone(text) {
    var digits = text.replace(/[^0-9]/g, ""), groups = [], area = /^0(10|2\d|[3-9]\d\d)(?=\d{7,8}$)/.exec(digits);
    if (digits.length <= 6) { return spell(digits); }
    if (area) { groups.push(area[0]); digits = digits.slice(area[0].length); }
    if (digits.length % 4) { groups.push(digits.slice(0, digits.length % 4)); digits = digits.slice(digits.length % 4); }
    return groups.concat(digits.match(/\d{4}/g) || []).map(spell).join("，");
  }

  /* 0 to 9999 in words. */
  function count(number) {
    var words = "", zero = false, place, digit;
    if (number === 0) { return "零"; }
    for (place = 3; place >= 0; place -= 1) {
      digit = Math.floor(number / Math.pow(10, place)) % 10;
      if (digit) {
        words += (zero && words ? "零" : "") + (digit === 1 && place === 1 && !words ? "" : DIGITS[digit]) + UNITS[place];
        zero = false;
      } else { zero = true; }
    }
    return words;
  }

  function year(text) { return text.split("").map(function (digit) { return DIGITS[digit]; }).join(""); }

  function day(all, y, m, d) { return (y ? year(y) + "年" : "") + count(+m) + "月" + count(+d) + "日"; }

  /* 14:30 as 下午两点半. A word for the part of the day that stands there already is not said twice. */
  function clock(all, said, hours, minutes) {
    var h = +hours, m = +minutes, part, twelve;
    if (h > 24 || m > 59) { return all; }
    part = h < 6 ? "凌晨" : h < 9 ? "早上" : h < 12 ? "上午" : h === 12 ? "中午" : h < 19 ? "下午" : "晚上";
    twelve = h > 12 ? h - 12 : h;
    return (said || part) + (twelve === 2 ? "两" : count(twelve)) + "点" + (m === 0 ? "" : m === 30 ? "半" : (m < 10 ? "零" : "") + count(m) + "分");
  }

  /* What is written as it is said aloud. */
  function words(text) {
    return text
      .replace(/[０-９]/g, function (wide) { return String.fromCharCode(wide.charCodeAt(0) - 0xfee0); })
      .replace(/(\d)：(?=\d\d)/g, "$1:")
      .replace(/(^|[^\d])(\d{4})(?:-|年)(\d{1,2})(?:-|月)(\d{1,2})日?(?!\d)/g, function (all, before, y, m, d) { return before + day(all, y, m, d); })
      .replace(/(^|[^\d])(\d{4})年/g, function (all, before, y) { return before + year(y) + "年"; })
      .replace(/(\d{1,2})月(\d{1,2})日/g, function (all, m, d) { return day(all, "", m, d); })
      .replace(/(\d:\d\d)\s*[-—–~～]+\s*(?=\S{0,2}\d{1,2}:\d\d)/g, "$1到")
      .replace(/(凌晨|早上|上午|中午|下午|傍晚|晚上)?\s*(\d{1,2}):(\d\d)(?!\d)/g, clock)
      .replace(/(^|[^\d-])(1[3-9]\d{9}|0\d{2,3}-?\d{7,8}|\d{3}-\d{3}-\d{3})(?![\d-])/g, function (all, before, number) {
        return before + (/^\d{3}-\d{3}-\d{3}$/.test(number) ? number.split("-").map(spell).join("，") : phone(number));
      })
      .replace(/(^|[^\d.])((?:12[0-9]|9[56]\d)\d{2})(?![\d.]|\s*[元块万人户个件份家名平米里度年月天日号岁%％])/g, function (all, before, number) { return before + phone(number); })
      .replace(/(打|拨|电话|热线)(\s*)(1[12]\d)(?!\d)/g, function (all, before, blank, number) { return before + phone(number); })
      .replace(/\s*·\s*/g, "，")
      .replace(/[‹›✓“”"]/g, "");
  }

  /* One sentence after the other; a very long one is cut at a comma, because some engines fall silent in the middle. */
  function sentences(text) {
    var found = [];
    (text.match(/[^。！？；!?\n]+[。！？；!?]*/g) || []).forEach(function (part) {
      var sentence = words(part.replace(/\s+/g, " ").replace(/^ | $/g, "")), cut;
      while (sentence.length > 90) {
        cut = sentence.lastIndexOf("，", 90);
        cut = cut > 20 ? cut + 1 : 90;
        found.push(sentence.slice(0, cut));
        sentence = sentence.slice(cut);
      }
      if (/[\u4e00-\u9fffA-Za-z0-9]/.test(sentence)) { found.push(sentence); }
    });
    return found;
  }

  function isShown(element) { return element.getClientRects().length > 0; }

  /* The words below a node in reading order, a line break where a block ends; what leads elsewhere and what is hidden is left out. */
  function text(node) {
    var inner;
    if (node.nodeType === 3) { return node.nodeValue.replace(/\s+/g, " "); }
    if (node.nodeType !== 1 || SKIPPED[node.nodeName] || SKIPPED_CLASS.test(node.className) || node.nodeName === "BR") { return node.nodeName === "BR" ? "\n" : ""; }
    if (!isShown(node)) { return ""; }
    if (/(^|\s)mark(\s|$)/.test(node.className)) { return node.textContent === "待核实" ? "。这条还没核实。" : /ok/.test(node.className) ? "" : "。" + node.textContent + "。"; }
    if (/(^|\s)(number|number-big)(\s|$)/.test(node.className)) { return "，" + node.textContent.split(/[\s-]+/).map(spell).join("，") + "，"; }
    if (node.nodeName === "A" && /^tel:/.test(node.getAttribute("href"))) { return node.textContent.replace(/[\d-]{3,}/g, phone); }
    inner = Array.prototype.map.call(node.childNodes, text).join("");
    return BLOCK.test(node.nodeName) ? "\n" + inner + "\n" : inner;
  }

  function read() { return sentences(text(document.getElementById("main")).replace(/。\s*。/g, "。").replace(/([，、])\s*。/g, "。")); }

  window.menpaiSpeech = { words: words, phone: phone, count: count, sentences: sentences, read: read };

  var synthesis = window.speechSynthesis, main = document.getElementById("main"), button, voice, queue = [], speaking = false;
  if (!synthesis || !window.SpeechSynthesisUtterance || !main) { return; }

  /* 普通话 of the mainland before any other; Cantonese is another language to most here. */
  function chineseVoice() {
    var found = null;
    (synthesis.getVoices() || []).forEach(function (one) {
      var lang = one.lang.replace("_", "-").toLowerCase(), isHere = /^(zh-cn|zh-hans|cmn)/.test(lang);
      if (one.localService !== false && (isHere || /^zh(-tw|-sg|$)/.test(lang)) && (!found || isHere && !found.isHere)) { found = { voice: one, isHere: isHere }; }
    });
    return found && found.voice;
  }

  function show() { button.textContent = speaking ? "停下，不读了" : "读给我听"; }

  function stop() {
    queue = [];
    speaking = false;
    synthesis.cancel();
    show();
  }

  function next() {
    var utterance;
    if (!speaking) { return; }
    if (!queue.length) { stop(); return; }
    utterance = new window.SpeechSynthesisUtterance(queue.shift());
    utterance.voice = voice;
    utterance.lang = voice.lang;
    utterance.rate = 0.85;
    utterance.onend = next;
    utterance.onerror = function () { if (speaking) { stop(); } };
    button.utterance = utterance; /* an utterance that nobody holds is collected in some engines, and never ends */
    synthesis.speak(utterance);
  }

  function press() {
    if (speaking) { stop(); return; }
    synthesis.cancel();
    queue = read();
    speaking = true;
    show();
    next();
  }

  function offer() {
    var title = main.querySelector("h1"), place = title;
    voice = chineseVoice();
    if (button || !voice || !title) { return; }
    while (place.parentNode !== main) { place = place.parentNode; }
    button = document.createElement("button");
    button.type = "button";
    button.className = "speak";
    button.addEventListener("click", press);
    show();
    main.insertBefore(button, place.nextSibling);
  }

  offer();
  if (synthesis.addEventListener) { synthesis.addEventListener("voiceschanged", offer); } else { synthesis.onvoiceschanged = offer; }
  window.addEventListener("pagehide", function () { if (speaking) { stop(); } });
}());
