/* The conflict map: reads the embedded data, keeps what is chosen, and paints what it leaves. */
(function (digonce) {
  "use strict";

  digonce.start = function (map, tiles) {
    var data = JSON.parse(document.getElementById("digonce-data").textContent);
    digonce.sectors = data.sectors;
    digonce.stages = data.stages;
    digonce.severities = data.severities;
    digonce.setLanguage(data.words, data.lang);
    var model = digonce.decode(data);
    model.byCode = new Map(model.projects.map(function (p) { return [p.code, p]; }));

    function distinct(list) { return Array.from(new Set(list)); }
    var ruleOrder = data.rules.map(function (r) { return r.rule; });
    var state = {
      shown: { symbols: true, hotspots: true, base_roads: true, base_names: true, base_boundaries: true, base_restrictions: true, base_assets: false, base_tiles: true },
      allRules: distinct(model.findings.map(function (f) { return f.rule; })).sort(function (a, b) { return ruleOrder.indexOf(a) - ruleOrder.indexOf(b); }),
      allSectors: distinct(model.projects.map(function (p) { return p.sector; })).sort(function (a, b) { return (a < 0 ? 99 : a) - (b < 0 ? 99 : b); }),
      selected: null,
      selectedCase: null,
      marks: []
    };
    state.rules = new Set(state.allRules);
    state.sectors = new Set(state.allSectors);
    state.severities = new Set([0, 1, 2]);
    var visible = { sites: [], hotspots: [], findings: [], cases: [], projects: new Set() };

    var phone = window.innerWidth <= 760;
    map.invalidateSize({ animate: false });
    map.fitBounds([[data.bounds[1], data.bounds[0]], [data.bounds[3], data.bounds[2]]], { paddingTopLeft: [window.innerWidth > 1100 ? 262 * digonce.magnify : 24, phone ? 60 : 24], paddingBottomRight: [24, 24], animate: false });
    map.createPane("base").style.zIndex = 250;
    map.createPane("works").style.zIndex = 420;
    map.createPane("names").style.zIndex = 440;
    map.createPane("marks").style.zIndex = 460;
    var base = new digonce.Sheet(digonce.paintBase(model, state.shown), { pane: "base", padding: 0.25 }).addTo(map);
    var works = new digonce.Sheet(digonce.paintWorks(visible, state), { pane: "works", padding: 0.25 }).addTo(map);
    var marks = new digonce.Sheet(digonce.paintMarks(visible, state), { pane: "marks", padding: 0.1 }).addTo(map);
    var names = new digonce.Sheet(digonce.paintNames(model, state), { pane: "names", padding: 0 }).addTo(map);

    var period = new digonce.Period(model, filter);
    var wide = Math.min(400 * digonce.magnify, map.getSize().x - 60);
    var popup = L.popup({ maxWidth: wide, minWidth: Math.min(330 * digonce.magnify, wide), maxHeight: Math.min(480, Math.round(0.66 * map.getSize().y)), autoPanPaddingTopLeft: [window.innerWidth > 1100 ? 280 * digonce.magnify : 20, 20], autoPanPaddingBottomRight: [20, 20] });

    /* ---- what shows ---- */

    function findingChosen(f) { return state.rules.has(f.rule) && state.severities.has(Math.max(0, f.severity)); }

    function filter() {
      var tallies = {}, inPeriod = new Set(), severities = [0, 0, 0];
      function tally(name) { tallies[name] = (tallies[name] || 0) + 1; }
      visible.sites.length = visible.findings.length = visible.cases.length = visible.hotspots.length = 0;
      visible.projects.clear();
      model.sites.forEach(function (s) {
        if (!period.contains(s.start, s.finish)) { return; }
        inPeriod.add(s.project);
        if (state.sectors.has(s.project.sector)) {
          visible.sites.push(s);
          visible.projects.add(s.project);
        }
      });
      inPeriod.forEach(function (p) { tally("sector:" + (p.sector < 0 ? "unknown" : digonce.sectors[p.sector])); });
      model.cases.forEach(function (c) { c.shown = []; });
      model.findings.forEach(function (f) {
        if (!period.contains(f.start, f.finish)) { return; }
        var severity = Math.max(0, f.severity);
        if (state.severities.has(severity)) { tally("rule:" + f.rule); }
        if (state.rules.has(f.rule)) { tally("severity:" + digonce.severities[severity]); }
        if (!findingChosen(f)) { return; }
        severities[severity]++;
        visible.findings.push(f);
        if (f.case) { f.case.shown.push(f); }
      });
      visible.findings.sort(function (a, b) { return a.severity - b.severity || b.row - a.row; });
      var cases = model.cases.filter(function (c) {
        c.worst = c.shown.filter(function (f) { return f.mark; })[0] || c.shown[0];
        return c.shown.length > 0;
      });
      cases.forEach(function (c) { if (c.worst.mark) { visible.cases.push(c); } });
      if (state.shown.hotspots) { Array.prototype.push.apply(visible.hotspots, model.hotspots); }
      tallies.hotspots = model.hotspots.length;

      counts = {
        projects: visible.projects.size, all_projects: model.projects.length, sites: visible.sites.length,
        findings: visible.findings.length, severities: severities, cases: cases.length, all_cases: model.cases.length, hotspots: visible.hotspots.length,
        all_severities: [0, 1, 2].map(function (s) { return model.findings.filter(function (f) { return Math.max(0, f.severity) === s; }).length; })
      };
      digonce.fillFigures(counts);
      digonce.fillTallies(tallies);
      digonce.fillCases(cases, state, open);
      works.repaint();
      marks.repaint();
      names.repaint();
    }
    var counts = {};

    function isShown(f) { return findingChosen(f) && period.contains(f.start, f.finish); }

    digonce.select = function (item, items) {
      state.selected = item;
      state.asked = items;
      state.selectedCase = item.kind === "finding" ? item.case : null;
      digonce.markCase(state.selectedCase);
      works.repaint();
      if (popup.isOpen()) { window.requestAnimationFrame(function () { popup.update(); }); }
    };

    /* ---- going to something ---- */

    function toLatLng(world) { return map.unproject(L.point(world[0], world[1]), 0); }

    function northernmost(shape) {
      var best = [0, Infinity];
      shape.rings.forEach(function (ring) {
        for (var i = 0; i < ring.length; i += 2) { if (ring[i + 1] < best[1]) { best = [ring[i], ring[i + 1]]; } }
      });
      return best;
    }

    /* A popup keeps clear of the open legend where the map is wide enough for both. */
    function besideLegend() {
      var shut = document.getElementById("legend-body").hidden;
      var taken = document.getElementById("legend").getBoundingClientRect().right - map.getContainer().getBoundingClientRect().left;
      return !shut && taken + wide + 60 <= map.getSize().x ? taken + 20 : 20;
    }

    function openPopup(items, latlng) {
      popup.options.autoPanPaddingTopLeft = [besideLegend(), 20];
      popup.setLatLng(latlng).setContent(digonce.popupContent(items, model, open, isShown)).openOn(map);
    }

    /* What is hidden comes back, so that whoever asks for something sees it. */
    function reveal(item) {
      var change = false;
      if (item.kind === "project" && !visible.projects.has(item)) {
        state.sectors.add(item.sector);
        change = true;
        if (!item.sites.some(function (s) { return period.contains(s.start, s.finish); })) { period.set(-Infinity, Infinity); }
      }
      if (item.kind === "finding" && !isShown(item)) {
        state.rules.add(item.rule);
        state.severities.add(Math.max(0, item.severity));
        change = true;
        if (!period.contains(item.start, item.finish)) { period.set(-Infinity, Infinity); }
      }
      if (item.kind === "hotspot" && !state.shown.hotspots) { state.shown.hotspots = true; change = true; }
      if (change) { legend(); filter(); }
    }

    function open(item) {
      reveal(item);
      var items = item.kind === "case" ? item.shown : [item], box = digonce.boxOf(item);
      if (!box && item.kind === "case") { box = digonce.joinBoxes(item.shown.map(function (f) { return f.a || f.b; }).filter(Boolean).map(digonce.boxOf).filter(Boolean)); }
      if (!box && item.kind === "finding") { box = digonce.joinBoxes([item.a, item.b].filter(Boolean).map(digonce.boxOf).filter(Boolean)); }
      var shape = (item.kind === "project" ? item.sites : item.kind === "road" ? item.sections : items).map(function (s) { return s.shape; }).filter(Boolean)[0];
      if (box) {
        var bounds = L.latLngBounds(toLatLng([box[0], box[1]]), toLatLng([box[2], box[3]]));
        // The popup stands above the place, which therefore keeps to the lower part of the map.
        var above = Math.min(popup.options.maxHeight + 60, Math.round(0.62 * map.getSize().y));
        if (map.getBoundsZoom(bounds, false, L.point(320, above + 40)) < 15) { above = 60; }
        map.fitBounds(bounds, { maxZoom: 18, paddingTopLeft: [window.innerWidth > 1100 ? 280 * digonce.magnify : 30, above], paddingBottomRight: [40, 40], animate: false });
      }
      if (phone) { map.getContainer().scrollIntoView({ block: "nearest" }); }
      openPopup(items, shape ? toLatLng(northernmost(shape)) : box ? toLatLng([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]) : map.getCenter());
    }

    function worldAt(latlng) { var p = map.project(latlng, 0); return [p.x, p.y]; }

    map.on("click", function (e) {
      var at = worldAt(e.latlng), scale = Math.pow(2, map.getZoom()), hits = digonce.under(visible, state, at[0], at[1], scale);
      if (!hits.length && state.shown.base_restrictions) { hits = digonce.restrictedAt(model, at[0], at[1], scale); }
      if (hits.length) { openPopup(hits, e.latlng); }
    });

    map.on("popupclose", function () {
      state.selected = state.selectedCase = null;
      digonce.markCase(null);
      works.repaint();
    });

    /* A short name under the pointer. */
    var tip = L.tooltip({ direction: "top", offset: [0, -8], className: "tip" }), waiting = false;
    map.on("mousemove", function (e) {
      if (waiting) { return; }
      waiting = true;
      window.requestAnimationFrame(function () {
        waiting = false;
        var at = worldAt(e.latlng), hits = digonce.under(visible, state, at[0], at[1], Math.pow(2, map.getZoom()));
        map.getContainer().style.cursor = hits.length ? "pointer" : "";
        if (!hits.length) { map.closeTooltip(tip); return; }
        var first = hits[0], name = first.kind === "finding" ? digonce.findingTitle(first)
          : first.kind === "project" ? first.code + " " + digonce.projectName(first) : digonce.say("hotspot") + " · " + (first.road || "");
        tip.setLatLng(e.latlng).setContent(digonce.el("span", "", name + (hits.length > 1 ? "  +" + (hits.length - 1) : "")));
        if (!map.hasLayer(tip)) { map.openTooltip(tip); }
      });
    });
    map.on("mouseout", function () { map.closeTooltip(tip); });

    /* ---- the page around the map ---- */

    function legend() { digonce.fillLegend(model, state, layersChanged, !!tiles); }

    function layersChanged() {
      if (tiles) { if (state.shown.base_tiles) { map.addLayer(tiles); } else { map.removeLayer(tiles); } }
      base.repaint();
      filter();
    }

    function speak(lang) {
      digonce.setLanguage(data.words, lang);
      digonce.fillWords();
      document.querySelectorAll("[data-lang]").forEach(function (b) { b.setAttribute("aria-pressed", String(b.dataset.lang === lang)); });
      nameLeaflet();
      digonce.fillHead(model);
      digonce.fillRules(model);
      digonce.fillHotspots(model.hotspots, open);
      period.refresh();
      legend();
      var item = popup.isOpen() && state.selected, items = state.asked, at = popup.getLatLng();
      filter();
      if (item) { openPopup(items.slice(items.indexOf(item)).concat(items.slice(0, items.indexOf(item))), at); }
    }

    /* Leaflet's own buttons and the map itself have names in the language of the page too. */
    function nameLeaflet() {
      [[".leaflet-control-zoom-in", "zoom_in"], [".leaflet-control-zoom-out", "zoom_out"], [".leaflet-popup-close-button", "close"]].forEach(function (pair) {
        document.querySelectorAll(pair[0]).forEach(function (node) {
          node.title = digonce.say(pair[1]);
          node.setAttribute("aria-label", digonce.say(pair[1]));
        });
      });
      map.getContainer().setAttribute("role", "region");
      map.getContainer().setAttribute("aria-label", digonce.say("map_area"));
    }
    map.on("popupopen", nameLeaflet);

    document.querySelectorAll("[data-lang]").forEach(function (b) { b.addEventListener("click", function () { speak(b.dataset.lang); }); });
    document.getElementById("print").addEventListener("click", function () { window.print(); });
    function openLegend(isOpen) {
      document.getElementById("legend-body").hidden = !isOpen;
      document.getElementById("legend-toggle").setAttribute("aria-expanded", String(isOpen));
    }
    document.getElementById("legend-toggle").addEventListener("click", function () { openLegend(document.getElementById("legend-body").hidden); });
    openLegend(!phone);
    L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
    digonce.wireTabs();
    digonce.wireSearch(model, open);
    if (map.attributionControl) { map.attributionControl.setPrefix(false); }
    window.addEventListener("beforeprint", function () { map.invalidateSize({ animate: false }); });

    speak(data.lang);
    digonce.page = { map: map, model: model, state: state, period: period, open: open, counts: function () { return counts; } };
    document.body.dataset.ready = "yes";
  };
})(window.digonce);
