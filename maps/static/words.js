/* Words and numbers, in the language of the moment; and the only ways the page makes elements. */
(function (digonce) {
  "use strict";

  var lang = "zh", words = {};

  digonce.setLanguage = function (all, name) {
    lang = name;
    words = all[name];
  };

  digonce.language = function () { return lang; };

  digonce.say = function (key, params) {
    var text = Object.prototype.hasOwnProperty.call(words, key) ? words[key] : key;
    return Object.keys(params || {}).reduce(function (t, name) {
      return t.split("{" + name + "}").join(String(params[name]));
    }, text);
  };

  /* The label of a code; a code without one stands for itself. */
  digonce.label = function (kind, code) {
    if (code === null || code === undefined || code === "") { return digonce.say("unknown"); }
    return [kind + "." + code, kind + "_" + code].reduce(function (found, key) {
      return found === null && Object.prototype.hasOwnProperty.call(words, key) ? words[key] : found;
    }, null) || String(code);
  };

  digonce.number = function (value, digits) {
    if (value === null || value === undefined) { return "—"; }
    var parts = value.toFixed(digits).split(".");
    parts[0] = parts[0].replace(/\B(?=(\d{3})+(?!\d))/g, ",");
    return parts.join(".");
  };

  digonce.date = function (day) {
    return day === null || day === undefined ? "—" : new Date(day * 864e5).toISOString().slice(0, 10);
  };

  digonce.dates = function (start, finish) {
    if (start === null && finish === null) { return digonce.say("unknown"); }
    return start === finish ? digonce.date(start) : digonce.date(start) + " – " + digonce.date(finish);
  };

  digonce.quarter = function (day) {
    if (day === null || day === undefined) { return digonce.say("unknown"); }
    var date = new Date(day * 864e5);
    return digonce.say("quarter", { year: date.getUTCFullYear(), quarter: Math.floor(date.getUTCMonth() / 3) + 1 });
  };

  digonce.bracket = function (text) { return lang === "zh" ? "（" + text + "）" : " (" + text + ")"; };

  digonce.join = function (texts) { return texts.join(lang === "zh" ? "、" : ", "); };

  /* A figure that was written in both languages where the report's figures are written. */
  digonce.written = function (figure) { return figure === null || figure === undefined ? null : figure[lang]; };

  digonce.projectName = function (project) {
    return (lang === "en" && project.name_en) || project.name || project.code;
  };

  /* An element with text; whatever a project is called, it goes in as text. */
  digonce.el = function (tag, className, content) {
    var node = document.createElement(tag);
    if (className) { node.className = className; }
    (Array.isArray(content) ? content : [content]).forEach(function (part) {
      if (part === null || part === undefined) { return; }
      node.appendChild(part.nodeType ? part : document.createTextNode(String(part)));
    });
    return node;
  };

  digonce.button = function (className, content, action) {
    var node = digonce.el("button", className, content);
    node.type = "button";
    node.addEventListener("click", function (e) {
      // A button in a popup may be gone when its click arrives at the map, which would take it for its own.
      e.stopPropagation();
      action(e);
    });
    return node;
  };

  digonce.clear = function (node) {
    while (node.firstChild) { node.removeChild(node.firstChild); }
    return node;
  };

  /* Fill the texts, labels and placeholders of the page's own markup. */
  digonce.fillWords = function () {
    document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
    document.title = digonce.say("title");
    document.querySelectorAll("[data-word]").forEach(function (node) { node.textContent = digonce.say(node.dataset.word); });
    document.querySelectorAll("[data-word-label]").forEach(function (node) { node.setAttribute("aria-label", digonce.say(node.dataset.wordLabel)); });
    document.querySelectorAll("[data-word-placeholder]").forEach(function (node) { node.placeholder = digonce.say(node.dataset.wordPlaceholder); });
  };
})(window.digonce);
