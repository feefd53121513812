/* What a popup says of a project, a finding, a hot spot or a road. Text only, never HTML. */
(function (digonce) {
  "use strict";

  var say = digonce.say, el = digonce.el, number = digonce.number, label = digonce.label;

  function facts(pairs) {
    var list = el("dl", "facts");
    pairs.forEach(function (pair) {
      if (pair && pair[0] === null && pair[1]) {
        list.appendChild(el("dd", "wide", pair[1])).dataset.figure = pair[2];
      } else if (pair && pair[1] !== null && pair[1] !== undefined && pair[1] !== "") {
        list.appendChild(el("dt", "", pair[0]));
        var value = el("dd", "", pair[1]);
        if (pair[2]) { value.dataset.figure = pair[2]; }
        list.appendChild(value);
      }
    });
    return list;
  }

  var written = digonce.written;

  digonce.severityChip = function (severity) {
    var chip = el("span", "chip severity-" + severity, [digonce.swatch("mark", severity), label("severity", digonce.severities[severity])]);
    return chip;
  };

  function heading(kind, title, chips) {
    return el("div", "popup-head", [el("div", "kicker", kind), el("h2", "", title), chips ? el("div", "chips", chips) : null]);
  }

  /* A link to a project; `open` goes to an item and shows it. */
  function projectLink(project, code, open, veiled) {
    if (project) {
      return digonce.button("link", project.code + " " + digonce.projectName(project), function () { open(project); });
    }
    return code || (veiled ? say("confidential.someone") : null);
  }

  /* Where a finding is: its road, else the zone or asset that it names, else a road of its project. */
  digonce.whereOf = function (f) {
    var named = [f.a, f.b].filter(Boolean).reduce(function (all, p) { return all.concat(p.sites); }, []).filter(function (s) { return s.road; })[0];
    return f.road || written(f.other_b) || (named && !f.veiled && named.road) || say("no_road");
  };

  digonce.findingTitle = function (f) {
    return label("rule", f.rule) + " · " + digonce.whereOf(f);
  };

  /* "base:high opposite_sides:-1" in words. */
  function steps(f) {
    if (!f.severity_steps) { return null; }
    return f.severity_steps.split(/\s+/).map(function (step) {
      var parts = step.split(":");
      return parts[0] === "base" ? say("finding.base", { severity: label("severity", parts[1]) })
        : label("step", parts[0]) + " " + (parts[1] || "").replace("-", "−");
    }).join(" → ");
  }

  function place(f) {
    if (f.veiled) { return say("veiled_place"); }
    var kind = f.place ? label("place", f.place) : null;
    var spans = f.spans.slice().sort(function (a, b) { return b.length_m - a.length_m; });
    var lines = spans.slice(0, 4).map(function (s) {
      var line = el("div", "", [s.road || f.road || "", " ", s.from_m + "–" + s.to_m, s.side ? " " + label("side", s.side) : ""]);
      line.title = s.section_id || "";
      return line;
    });
    if (spans.length > 4) { lines.push(el("div", "quiet", say("finding.more_places", { n: spans.length - 4 }))); }
    return lines.length ? lines : (f.road ? f.road + (kind ? digonce.bracket(kind) : "") : kind);
  }

  function saving(f) {
    return f.saving && [written(f.saving), el("div", "quiet", say("saving_note"))];
  }

  function overlap(f) {
    var certain = written(f.overlap_days_certain);
    return f.overlap_days && written(f.overlap_days) + (certain === null ? "" : digonce.bracket(say("finding.overlap_certain", { days: certain })));
  }

  function reason(f, model) {
    function names(p) { return p ? [p.code, p.name, p.owner_unit] : ["", "", ""]; }
    return digonce.sentence(model.reasons[digonce.language()], f.row, names(f.a).concat(names(f.b), [f.road]));
  }

  function findingPopup(f, open, model) {
    var chips = [digonce.severityChip(f.severity), el("span", "chip", label("status", f.status))];
    if (f.level) { chips.push(el("span", "chip level-" + f.level, say("finding.impact") + " " + written(f.impact_index) + " " + say("finding.level_" + f.level))); }
    var caseName = f.case ? say("case") + " " + f.case.number + " · " + f.case.case_id : say("finding");
    return el("article", "popup finding", [
      heading(caseName, digonce.findingTitle(f), chips),
      el("p", "reason", reason(f, model)),
      facts([
        [say(f.code_a ? "past_work" : "project_a"), projectLink(f.a, f.code_a, open, f.veiled && !f.a), "project_a"],
        [say(f.other_b ? "concerns" : f.code_b ? "past_work" : "project_b"), projectLink(f.b, written(f.other_b) || f.code_b, open, f.veiled && f.a && !f.b), "project_b"],
        [say("finding.section"), place(f), "place"],
        [say("finding.shared_length"), written(f.shared_length_m), "shared_length_m"],
        [say("finding.shared_area"), written(f.shared_area_m2), "shared_area_m2"],
        [say("finding.distance"), written(f.distance_m), "distance_m"],
        [say("finding.overlap"), overlap(f), "overlap_days"],
        [say("finding.gap"), written(f.gap_days), "gap_days"],
        [say("finding.likelihood"), written(f.likelihood), "likelihood"],
        [say("finding.period"), written(f.period), "period"],
        f.level ? null : [say("finding.impact"), written(f.impact_index), "impact_index"],
        [say("finding.saving"), saving(f), "saving"],
        [say("finding.steps"), steps(f), "severity_steps"],
        [say("finding.legal"), written(f.legal_basis), "legal_basis"],
        [null, f.coordinated && say("finding.coordinated", { what: f.coordinated }), "coordinated"]
      ]),
      f.finding_id ? el("div", "identity", f.finding_id) : null
    ]);
  }

  function projectPopup(p, open, isShown) {
    var chips = [el("span", "chip", [digonce.swatch("sector", p.sector), p.sector < 0 ? say("unknown") : label("sector", digonce.sectors[p.sector])])];
    if (p.stage >= 0) { chips.push(el("span", "chip", label("stage", digonce.stages[p.stage]))); }
    var siteRows = p.sites.map(function (s) {
      return el("li", "", [
        el("div", "", [s.road || say("no_road"), s.extent_text ? digonce.bracket(s.extent_text) : ""]),
        el("div", "quiet", [digonce.dates(s.start, s.finish), s.method ? " · " + label("method", s.method) : "", s.area ? " · " + written(s.area) : ""])
      ]);
    });
    var linked = p.findings.map(function (f) {
      var other = f.a === p ? f.b : f.a, code = f.a === p ? written(f.other_b) || f.code_b : f.code_a;
      return el("li", isShown(f) ? "" : "dimmed", digonce.button("link row", [
        digonce.swatch("mark", f.severity), " ", label("rule", f.rule), " · ", digonce.whereOf(f),
        el("span", "quiet", " " + (other ? other.code : code || (f.veiled ? say("confidential.someone") : "")))
      ], function () { open(f); }));
    });
    return el("article", "popup project", [
      heading(p.code, digonce.projectName(p), chips),
      facts([
        [say("owner_unit"), p.owner_unit, "owner_unit"],
        [say("town"), p.town, "town"],
        [say("window"), window_(p), "window"],
        [say("cost_wan"), written(p.cost), "cost_wan"]
      ]),
      el("h3", "", say("sites") + " " + p.sites.length),
      el("ul", "sites", siteRows),
      el("h3", "", say("findings") + " " + p.findings.length),
      el("ul", "links", linked)
    ]);
  }

  function window_(p) {
    var starts = p.sites.map(function (s) { return s.start; }).filter(function (d) { return d !== null; });
    var finishes = p.sites.map(function (s) { return s.finish; }).filter(function (d) { return d !== null; });
    return digonce.dates(starts.length ? Math.min.apply(null, starts) : null, finishes.length ? Math.max.apply(null, finishes) : null);
  }

  digonce.hotspotPlace = function (h) {
    if (h.veiled) { return say("veiled_place"); }
    return h.from_m === null ? "" : h.from_m + "–" + h.to_m;
  };

  function hotspotPopup(h, open, model) {
    var codes = (h.project_codes || "").split(/[\s,;、]+/).filter(Boolean).map(function (code) {
      var project = model.byCode.get(code);
      return el("li", "", project ? projectLink(project, null, open) : code);
    });
    return el("article", "popup hotspot", [
      heading(say("hotspot"), h.road || say("no_road"), null),
      facts([
        [say("hotspot_place"), digonce.hotspotPlace(h), "place"],
        [say("openings_24m"), say("times", { n: number(h.openings_24m, 0) }), "openings_24m"],
        [say("openings_60m"), say("times", { n: number(h.openings_60m, 0) }), "openings_60m"],
        [say("shortest_gap"), written(h.shortest_gap), "shortest_gap_days"],
        [say("metres_opened_section"), written(h.metres_opened), "metres_opened"]
      ]),
      codes.length ? el("h3", "", say("projects") + " " + codes.length) : null,
      el("ul", "links", codes)
    ]);
  }

  function roadPopup(r, open, isShown) {
    var projects = Array.from(new Set(r.sites.map(function (s) { return s.project; })));
    return el("article", "popup road", [
      heading(say("road"), r.name, null),
      el("h3", "", say("findings") + " " + r.findings.length),
      el("ul", "links", r.findings.slice(0, 40).map(function (f) {
        return el("li", isShown(f) ? "" : "dimmed", digonce.button("link row", [digonce.swatch("mark", f.severity), " ", label("rule", f.rule),
          el("span", "quiet", " " + [f.a, f.b].filter(Boolean).map(function (p) { return p.code; }).join(" / "))], function () { open(f); }));
      })),
      el("h3", "", say("projects") + " " + projects.length),
      el("ul", "links", projects.slice(0, 40).map(function (p) { return el("li", "", projectLink(p, null, open)); })
        .concat(r.veiled.map(function (v) { return el("li", "quiet", say("confidential.someone") + " · " + digonce.quarter(v.start)); })))
    ]);
  }

  function restrictionPopup(r) {
    return el("article", "popup restriction", [
      heading(say("restriction"), r.name, null),
      facts([
        [say("restriction_place"), written(r.scope), "scope"],
        [say("restriction_days"), written(r.days), "days"],
        [say("finding.legal"), r.legal_basis, "legal_basis"]
      ])
    ]);
  }

  /* The content of a popup for `items` (what lies at one point), one after the other. */
  digonce.popupContent = function (items, model, open, isShown) {
    var box = el("div", "popup-pages"), at = 0;
    // A button that a click takes away has no parents left by which the map could tell that the
    // click was in its popup: it would close it.
    box.addEventListener("click", function (e) { e.stopPropagation(); });
    function show() {
      digonce.clear(box);
      var item = items[at];
      if (items.length > 1) {
        box.appendChild(el("div", "pager", [
          digonce.button("page", "‹", function () { at = (at + items.length - 1) % items.length; show(); }),
          el("span", "", say("pager", { i: at + 1, n: items.length })),
          digonce.button("page", "›", function () { at = (at + 1) % items.length; show(); })
        ]));
        box.firstChild.firstChild.setAttribute("aria-label", say("previous"));
        box.firstChild.lastChild.setAttribute("aria-label", say("next"));
      }
      box.appendChild(item.kind === "finding" ? findingPopup(item, open, model)
        : item.kind === "project" ? projectPopup(item, open, isShown)
          : item.kind === "hotspot" ? hotspotPopup(item, open, model)
            : item.kind === "restriction" ? restrictionPopup(item) : roadPopup(item, open, isShown));
      digonce.select(item, items);
    }
    show();
    return box;
  };
})(window.digonce);
