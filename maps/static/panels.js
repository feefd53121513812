/* The head, the lists at the side, the search and the legend whose rows switch layers. */
(function (digonce) {
  "use strict";

  var say = digonce.say, el = digonce.el, label = digonce.label, PAGE = 60;

  function byId(id) { return document.getElementById(id); }

  /* A list that shows its first items and a button for more. */
  function longList(box, items, row, empty) {
    digonce.clear(box);
    if (!items.length) { box.appendChild(el("p", "empty", empty)); return; }
    var list = box.appendChild(el("ol", "cards"));
    (function more(at) {
      items.slice(at, at + PAGE).forEach(function (item, i) { list.appendChild(row(item, at + i)); });
      if (at + PAGE < items.length) {
        var button = digonce.button("more", say("show_more", { n: Math.min(PAGE, items.length - at - PAGE) }), function () { button.remove(); more(at + PAGE); });
        box.appendChild(button);
      }
    })(0);
  }

  digonce.longList = longList;

  digonce.fillHead = function (model) {
    var p = model.data.provenance;
    byId("subtitle").textContent = [
      say("provenance.as_of") + " " + p.as_of, say("provenance.data_revision") + " " + p.data_revision, say("provenance.policy_version") + " " + p.policy_version,
      say("provenance.run_at") + " " + p.run_at.replace("T", " "), say("provenance.software_version") + " " + p.software_version
    ].join(" · ");
    byId("subtitle").title = byId("subtitle").textContent;
  };

  /* The figures in the head: what shows now. */
  digonce.fillFigures = function (counts) {
    var tiles = digonce.clear(byId("tiles"));
    function tile(name, count, of, mark) {
      var node = el("div", "tile", [mark || null, el("b", "", digonce.number(count, 0)),
        el("small", "", count === of ? name : name + " / " + digonce.number(of, 0))]);
      node.dataset.tile = name;
      tiles.appendChild(node);
    }
    tile(say("projects"), counts.projects, counts.all_projects);
    tile(say("cases"), counts.cases, counts.all_cases);
    [2, 1, 0].forEach(function (s) {
      tile(say("findings_of", { severity: label("severity", digonce.severities[s]) }), counts.severities[s], counts.all_severities[s], digonce.swatch("mark", s));
    });
  };

  digonce.fillCases = function (cases, state, open) {
    byId("cases-count").textContent = digonce.number(cases.length, 0);
    longList(byId("panel-cases"), cases, function (c, rank) {
      var rules = Array.from(new Set(c.shown.map(function (f) { return label("rule", f.rule); })));
      var roads = Array.from(new Set(c.shown.map(digonce.whereOf)));
      var codes = new Set();
      c.shown.forEach(function (f) { [f.a, f.b].forEach(function (p) { if (p) { codes.add(p.code); } }); });
      var button = digonce.button("card severity-" + c.worst.severity, [
        digonce.swatch("mark", c.worst.severity, digonce.caseNumber(c, rank)),
        el("span", "card-body", [
          el("span", "card-title", digonce.join(roads.slice(0, 3)) + (roads.length > 3 ? " …" : "")),
          el("span", "card-rules", rules.join(" · ")),
          el("span", "quiet", say("case") + " " + c.number + " · " + (c.shown.length === 1 ? say("one_finding") : say("n_findings", { n: c.shown.length })) + " · " +
            (codes.size === 1 ? say("one_project") : say("n_projects", { n: codes.size }))),
          c.saving ? el("span", "quiet", say("finding.saving") + " " + digonce.written(c.saving)) : null,
          c.is_open ? null : el("span", "quiet", say("settled"))
        ])
      ], function () { open(c); });
      button.dataset.case = c.number;
      var row = el("li", state.selectedCase === c ? "selected" : "", button);
      row.dataset.row = c.number;
      return row;
    }, say("no_cases"));
  };

  digonce.markCase = function (c) {
    document.querySelectorAll("#panel-cases [data-row]").forEach(function (row) { row.classList.toggle("selected", !!c && row.dataset.row === String(c.number)); });
  };

  digonce.fillHotspots = function (hotspots, open) {
    byId("hotspots-count").textContent = digonce.number(hotspots.length, 0);
    longList(byId("panel-hotspots"), hotspots, function (h) {
      return el("li", "", digonce.button("card hotspot", [
        el("span", "count", digonce.number(h.openings_60m, 0)),
        el("span", "card-body", [
          el("span", "card-title", (h.road || say("no_road"))),
          el("span", "card-rules", digonce.hotspotPlace(h)),
          el("span", "quiet", [say("openings_24m") + " " + say("times", { n: digonce.number(h.openings_24m, 0) }),
            h.shortest_gap && " · " + say("shortest_gap") + " " + digonce.written(h.shortest_gap),
            h.metres_opened && " · " + digonce.written(h.metres_opened)].filter(Boolean))
        ])
      ], function () { open(h); }));
    }, say("no_hotspots"));
  };

  digonce.fillRules = function (model) {
    var box = digonce.clear(byId("panel-rules")), p = model.data.provenance;
    box.appendChild(el("p", "note", say("rules_note")));
    box.appendChild(el("ul", "rules", model.data.rules.map(function (run) {
      var why = digonce.join(run.missing.map(function (m) { return m === "not_built" ? label("missing", m) : say("missing") + " " + label("missing", m); }));
      var row = el("li", run.ran ? "ran" : "not-ran", [
        el("span", "state", run.ran ? "✓" : "—"),
        el("span", "", [label("rule", run.rule), el("span", "quiet block", run.ran ? say("found") + " " + digonce.number(run.found, 0) + (why ? digonce.bracket(why) : "") : say("not_ran") + (why ? digonce.bracket(why) : ""))])
      ]);
      row.dataset.rule = run.rule;
      return row;
    })));
    var facts = [["as_of", p.as_of], ["data_revision", p.data_revision], ["policy_version", p.policy_version], ["basis", say("provenance.basis_" + p.place_basis)],
      ["run_at", p.run_at], ["software_version", p.software_version]];
    var list = el("dl", "facts provenance");
    facts.forEach(function (f) { list.appendChild(el("dt", "", say("provenance." + f[0]))); list.appendChild(el("dd", "", f[1])); });
    box.appendChild(list);
  };

  digonce.wireTabs = function () {
    var tabs = Array.from(document.querySelectorAll("[data-tab]"));
    tabs.forEach(function (tab, at) {
      tab.id = "tab-" + tab.dataset.tab;
      tab.tabIndex = at ? -1 : 0;
      tab.setAttribute("aria-controls", "panel-" + tab.dataset.tab);
      byId("panel-" + tab.dataset.tab).setAttribute("aria-labelledby", tab.id);
      tab.addEventListener("click", function () {
        tabs.forEach(function (t) {
          t.setAttribute("aria-selected", String(t === tab));
          t.tabIndex = t === tab ? 0 : -1;
          byId("panel-" + t.dataset.tab).hidden = t !== tab;
        });
      });
      tab.addEventListener("keydown", function (e) {
        var step = e.key === "ArrowRight" ? 1 : e.key === "ArrowLeft" ? -1 : 0;
        if (step) { var next = tabs[(at + step + tabs.length) % tabs.length]; next.focus(); next.click(); }
      });
    });
  };

  /* ---- legend: every row shows how something is drawn, how many there are, and switches it ---- */

  digonce.fillLegend = function (model, state, changed, hasTiles) {
    var body = digonce.clear(byId("legend-body"));
    function group(title, rows, set) {
      var head = el("div", "legend-head", [el("h3", "", title)]);
      if (set && rows.length > 1) {
        head.appendChild(digonce.button("mini", say("all"), function () { rows.forEach(function (r) { set.add(r.key); }); redo(); }));
        head.appendChild(digonce.button("mini", say("none"), function () { rows.forEach(function (r) { set.delete(r.key); }); redo(); }));
      }
      body.appendChild(head);
      rows.forEach(function (r) {
        var box = document.createElement("input");
        box.type = "checkbox";
        box.checked = set ? set.has(r.key) : state.shown[r.key];
        box.dataset.layer = r.name;
        box.addEventListener("change", function () {
          if (!set) { state.shown[r.key] = box.checked; } else if (box.checked) { set.add(r.key); } else { set.delete(r.key); }
          changed();
        });
        var count = r.count === undefined ? null : el("span", "tally", digonce.number(r.count, 0));
        if (count) { count.dataset.tally = r.name; }
        body.appendChild(el("label", "layer", [box, r.swatch || null, el("span", "layer-name", r.text), count]));
      });
    }
    function redo() { digonce.fillLegend(model, state, changed, hasTiles); changed(); }
    function count(list, test) { return list.filter(test).length; }

    group(say("by_severity"), [2, 1, 0].map(function (s) {
      return { key: s, name: "severity:" + digonce.severities[s], text: label("severity", digonce.severities[s]), swatch: el("span", "", [digonce.swatch("mark", s), digonce.swatch("severity", s)]),
        count: count(model.findings, function (f) { return f.severity === s; }) };
    }), state.severities);
    var signs = [{ key: "symbols", name: "symbols", text: say("symbols"), swatch: digonce.swatch("mark", 2, 1) }];
    if (model.hotspots.length) { signs.push({ key: "hotspots", name: "hotspots", text: say("hotspots"), swatch: digonce.swatch("hotspot"), count: model.hotspots.length }); }
    group(say("signs"), signs, null);
    group(say("by_rule"), state.allRules.map(function (rule) {
      return { key: rule, name: "rule:" + rule, text: label("rule", rule), count: count(model.findings, function (f) { return f.rule === rule; }) };
    }), state.rules);
    group(say("by_sector"), state.allSectors.map(function (s) {
      return { key: s, name: "sector:" + (s < 0 ? "unknown" : digonce.sectors[s]), text: s < 0 ? say("unknown") : label("sector", digonce.sectors[s]), swatch: digonce.swatch("sector", s),
        count: count(model.projects, function (p) { return p.sector === s; }) };
    }), state.sectors);
    var base = [];
    if (model.sections.length) {
      base.push({ key: "base_roads", name: "base_roads", text: say("base_roads") }, { key: "base_names", name: "base_names", text: say("base_names") });
    }
    if (model.boundaries.length) { base.push({ key: "base_boundaries", name: "base_boundaries", text: say("base_boundaries") }); }
    if (model.restrictions.some(function (r) { return r.shape; })) { base.push({ key: "base_restrictions", name: "base_restrictions", text: say("base_restrictions"), swatch: digonce.swatch("restriction") }); }
    if (model.assets.length) { base.push({ key: "base_assets", name: "base_assets", text: say("base_assets"), swatch: digonce.swatch("asset") }); }
    if (hasTiles) { base.push({ key: "base_tiles", name: "base_tiles", text: say("base_tiles") }); }
    if (base.length) { group(say("base"), base, null); }
    ["city", "unknown"].forEach(function (place) { unplaced(body, model.restrictions.filter(function (r) { return r.place === place; }), place); });
    body.appendChild(el("p", "note", say("period_note")));
  };

  /* Restricted periods without a shape: they hold everywhere, or the map does not know their place. */
  function unplaced(body, some, place) {
    if (!some.length) { return; }
    body.appendChild(el("div", "legend-head", [el("h3", "", say("restrictions_" + place))]));
    body.appendChild(el("ul", "unplaced", some.map(function (r) {
      return el("li", "", [r.name, el("span", "quiet block", (place === "city" ? "" : digonce.written(r.scope) + " · ") + digonce.written(r.days))]);
    })));
  }

  /* How many of each layer the period leaves, beside its name. */
  digonce.fillTallies = function (tallies) {
    document.querySelectorAll("[data-tally]").forEach(function (node) {
      node.textContent = digonce.number(tallies[node.dataset.tally] || 0, 0);
    });
  };

  /* ---- search ---- */

  function fold(text) { return String(text).normalize("NFKC").toLowerCase(); }

  digonce.wireSearch = function (model, open) {
    var input = byId("query"), list = byId("hits"), hits = [], at = -1;
    var index = model.roads.map(function (r) { return { item: r, key: fold(r.name) }; })
      .concat(model.projects.map(function (p) {
        return { item: p, key: fold([p.code, p.name, p.name_en, p.owner_unit].filter(Boolean).join("\u0001")) };
      }));

    function find() {
      var wanted = fold(input.value.trim());
      hits = [];
      if (wanted) {
        var exact = [], starts = [], inside = [];
        index.forEach(function (entry) {
          var found = entry.key.indexOf(wanted);
          if (found < 0) { return; }
          if (entry.key === wanted || entry.key.split("\u0001")[0] === wanted) { exact.push(entry.item); } else if (found === 0) { starts.push(entry.item); } else { inside.push(entry.item); }
        });
        hits = exact.concat(starts, inside).slice(0, 12);
      }
      at = hits.length ? 0 : -1;
      show(!!wanted);
    }

    function show(asked) {
      digonce.clear(list);
      list.hidden = !asked;
      input.setAttribute("aria-expanded", String(asked));
      hits.forEach(function (item, i) {
        var row = el("li", "", item.kind === "road" ? [el("span", "kind", say("road")), el("span", "", item.name)]
          : [el("span", "kind", say("project")), el("span", "", [item.code + " ", digonce.projectName(item), el("span", "quiet block", item.owner_unit || "")])]);
        row.id = "hit-" + i;
        row.setAttribute("role", "option");
        row.setAttribute("aria-selected", String(i === at));
        row.addEventListener("mousedown", function (e) { e.preventDefault(); take(i); });
        list.appendChild(row);
      });
      if (asked && !hits.length) { list.appendChild(el("li", "quiet", say("search_none"))); }
      if (at >= 0) { input.setAttribute("aria-activedescendant", "hit-" + at); } else { input.removeAttribute("aria-activedescendant"); }
    }

    function take(i) {
      if (!hits[i]) { return; }
      var item = hits[i];
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
      open(item);
    }

    input.addEventListener("input", find);
    input.addEventListener("focus", function () { if (input.value.trim()) { find(); } });
    input.addEventListener("blur", function () { list.hidden = true; });
    input.addEventListener("keydown", function (e) {
      if (e.key === "ArrowDown" || e.key === "ArrowUp") {
        e.preventDefault();
        if (hits.length) { at = (at + (e.key === "ArrowDown" ? 1 : hits.length - 1)) % hits.length; show(true); }
      } else if (e.key === "Enter") { take(at); } else if (e.key === "Escape") { list.hidden = true; }
    });
  };
})(window.digonce);
