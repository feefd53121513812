/* What a popup says of a bundle and of projects before and after. Text only, never HTML. */
(function (digonce) {
  "use strict";

  var say = digonce.say, el = digonce.el, MOST = 6;

  function facts(pairs) {
    var list = el("dl", "facts");
    pairs.forEach(function (pair) {
      if (!pair || pair[1] === null || pair[1] === "" || pair[1] === undefined) { return; }
      list.appendChild(el("dt", "", pair[0]));
      var value = list.appendChild(el("dd", "", pair[1]));
      if (pair[2]) { value.dataset.figure = pair[2]; }
    });
    return list;
  }

  digonce.bundlePlace = function (b) { return b.roads.length ? digonce.join(b.roads) : say("no_road"); };

  digonce.movedBy = function (days) {
    return days ? say(days > 0 ? "later" : "earlier", { days: Math.abs(days) }) : say("unmoved");
  };

  function windowOf(works, first, last) {
    if (!works.length) { return null; }
    return digonce.dates(Math.min.apply(null, works.map(function (w) { return w[first]; })), Math.max.apply(null, works.map(function (w) { return w[last]; })));
  }

  function beforeAfter(p) {
    return [windowOf(p.works, "filed_start", "filed_finish"), windowOf(p.works, "start", "finish")];
  }

  digonce.bundlePopup = function (b, open) {
    var node = el("div", "popup", [
      el("div", "popup-head", [el("div", "kicker", say("bundle") + " " + b.number + " · " + b.id), el("h2", "", digonce.bundlePlace(b)),
        el("div", "chips", [el("span", "chip", digonce.label("mode", b.mode))])]),
      facts([[say("lead_unit"), b.lead_unit], [say("partner_units"), digonce.join(b.partner_units)],
        [say("common_window"), digonce.dates(b.start, b.finish), "window"], [say("finding.saving"), b.saving && [digonce.written(b.saving), el("div", "quiet", say("saving_note"))]]]),
      el("h3", "", say("members")),
      el("ul", "members", b.members.map(function (m) {
        var days = beforeAfter(m.project);
        return el("li", "", [el("span", "step", m.step), digonce.button("link", m.project.code + " " + digonce.projectName(m.project), function () { open(m.project); }),
          el("span", "quiet", say("filed") + " " + days[0]), el("span", "quiet", say("scheduled") + " " + days[1] + " · " + digonce.movedBy(m.project.moved_days))]);
      }))
    ]);
    if (b.unnamed) { node.appendChild(el("p", "quiet", say("confidential.someone") + " × " + b.unnamed)); }
    return node;
  };

  function projectPart(p, open) {
    var days = beforeAfter(p), b = p.inBundle;
    return el("div", "project-part", [
      el("div", "popup-head", [el("div", "kicker", p.code + (p.sector < 0 ? "" : " · " + digonce.label("sector", digonce.sectors[p.sector]))), el("h2", "", digonce.projectName(p))]),
      facts([[say("owner_unit"), p.owner_unit], [say("filed"), days[0], "filed"], [say("scheduled"), days[1], "scheduled"],
        [say("moved_by"), digonce.movedBy(p.moved_days), "moved"],
        [say("bundle"), b && digonce.button("link", b.number + " · " + digonce.bundlePlace(b), function () { open(b); })]]),
      el("p", "reason", digonce.written({ zh: p.reason_zh, en: p.reason_en }))
    ]);
  }

  digonce.planPopup = function (items, open) {
    if (items[0].kind === "bundle") { return digonce.bundlePopup(items[0], open); }
    var node = el("div", "popup", items.slice(0, MOST).map(function (p) { return projectPart(p, open); }));
    if (items.length > MOST) { node.appendChild(el("p", "quiet", say("more_here", { n: items.length - MOST }))); }
    return node;
  };
})(window.digonce);
