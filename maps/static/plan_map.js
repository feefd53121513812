/* The map of a plan: the same works as filed and as scheduled, driven by one slider. */
(function (digonce) {
  "use strict";

  var say = digonce.say, el = digonce.el;
  var COLOURS = ["#0072b2", "#d55e00", "#009e73", "#b5548a", "#8a6d00", "#2b8cbe", "#6a3d9a", "#a50f15"], OTHER = "#6b7280";

  function decode(data) {
    var origin = data.origin, model = { data: data, restrictions: [], assets: [] };
    model.projects = digonce.rows(data.projects, data.projects.code.length, origin);
    model.works = digonce.rows(data.works, data.works.project.length, origin);
    model.bundles = digonce.rows(data.bundles, data.bundles.id.length, origin);
    model.boundaries = data.boundaries ? digonce.shapes(data.boundaries.shape, origin) : [];
    model.sections = [];
    model.junctions = [];
    if (data.roads) {
      var roads = Object.assign({}, data.roads);
      model.junctions = digonce.shapes(roads.junctions, origin);
      delete roads.junctions;
      model.sections = digonce.rows(roads, roads.road_class.length, origin);
    }
    model.bundles.forEach(function (b) { b.kind = "bundle"; b.number = b.row + 1; b.members = []; });
    model.projects.forEach(function (p) {
      p.kind = "project";
      p.works = [];
      p.inBundle = p.bundle < 0 ? null : model.bundles[p.bundle];
      p.colour = p.inBundle ? COLOURS[p.bundle % COLOURS.length] : OTHER;
    });
    model.works.forEach(function (w) { w.project = model.projects[w.project]; w.project.works.push(w); });
    data.members.bundle.forEach(function (b, i) {
      model.bundles[b].members.push({ project: model.projects[data.members.project[i]], step: data.members.step[i] });
    });
    var byRoad = new Map();
    model.sections.forEach(function (s) {
      if (!s.name) { return; }
      if (!byRoad.has(s.name)) { byRoad.set(s.name, { kind: "road", name: s.name, sections: [] }); }
      byRoad.get(s.name).sections.push(s);
    });
    model.roads = Array.from(byRoad.values());
    return model;
  }

  function shapesOf(item) {
    var list = item.kind === "road" ? item.sections : item.kind === "bundle" ? item.members.reduce(function (all, m) { return all.concat(m.project.works); }, []) : item.works;
    return list.map(function (s) { return s.shape; }).filter(Boolean);
  }

  digonce.startPlan = function (map, tiles) {
    var data = JSON.parse(document.getElementById("digonce-data").textContent);
    digonce.sectors = data.sectors;
    digonce.setLanguage(data.words, data.lang);
    var model = decode(data), visible = [], counts = {};
    var state = {
      plan: "scheduled", selected: null, marks: [],
      shown: { bundles: true, others: true, symbols: false, base_roads: true, base_names: true, base_boundaries: true, base_restrictions: false, base_assets: false }
    };
    var phone = window.innerWidth <= 760;
    map.invalidateSize({ animate: false });
    map.fitBounds([[data.bounds[1], data.bounds[0]], [data.bounds[3], data.bounds[2]]], { paddingTopLeft: [window.innerWidth > 1100 ? 262 * digonce.magnify : 24, 24], paddingBottomRight: [24, 24], animate: false });
    map.createPane("base").style.zIndex = 250;
    map.createPane("works").style.zIndex = 420;
    map.createPane("names").style.zIndex = 440;
    var base = new digonce.Sheet(digonce.paintBase(model, state.shown), { pane: "base", padding: 0.25 }).addTo(map);
    var works = new digonce.Sheet(paintWorks, { pane: "works", padding: 0.25 }).addTo(map);
    var names = new digonce.Sheet(digonce.paintNames(model, state), { pane: "names", padding: 0 }).addTo(map);
    var slider = new digonce.DaySlider(data.openings, data.as_of_day, filter);
    var wide = Math.min(400 * digonce.magnify, map.getSize().x - 60);
    var popup = L.popup({ maxWidth: wide, minWidth: Math.min(320 * digonce.magnify, wide), maxHeight: Math.min(480, Math.round(0.66 * map.getSize().y)), autoPanPaddingTopLeft: [20, 20], autoPanPaddingBottomRight: [20, 20] });

    function daysOf(w) { return state.plan === "filed" ? [w.filed_start, w.filed_finish] : [w.start, w.finish]; }

    function paintWorks(ctx, view) {
      ctx.lineJoin = "round";
      [false, true].forEach(function (bundled) {
        visible.forEach(function (w) {
          if (!!w.project.inBundle !== bundled || !w.shape || !view.sees(w.shape.box, 4)) { return; }
          ctx.beginPath();
          digonce.trace(ctx, w.shape, view, true);
          ctx.fillStyle = ctx.strokeStyle = w.project.colour;
          ctx.globalAlpha = bundled ? 0.5 : 0.22;
          ctx.fill("evenodd");
          ctx.globalAlpha = 1;
          ctx.lineWidth = bundled ? 2.6 : 1.3;
          ctx.setLineDash(state.plan === "filed" ? [5, 3] : []);
          ctx.stroke();
          ctx.setLineDash([]);
        });
      });
      if (state.selected) {
        [["#fff", 8], ["#111827", 5], ["#ffe14d", 2.2]].forEach(function (pen) {
          ctx.strokeStyle = pen[0];
          ctx.lineWidth = pen[1];
          ctx.beginPath();
          shapesOf(state.selected).forEach(function (shape) { digonce.trace(ctx, shape, view, state.selected.kind !== "road"); });
          ctx.stroke();
        });
      }
    }

    function filter() {
      var projects = new Set(), bundles = new Set();
      visible = model.works.filter(function (w) {
        var d = daysOf(w);
        return state.shown[w.project.inBundle ? "bundles" : "others"] && slider.contains(d[0], d[1]);
      });
      visible.forEach(function (w) { projects.add(w.project); if (w.project.inBundle) { bundles.add(w.project.inBundle); } });
      counts = { works: visible.length, projects: projects.size, bundles: bundles.size, openings: { filed: slider.count("filed"), scheduled: slider.count("scheduled") } };
      fillTiles();
      works.repaint();
    }

    function fillTiles() {
      var box = digonce.clear(document.getElementById("tiles"));
      function tile(name, text) { var node = box.appendChild(el("div", "tile", [el("b", "", text), el("small", "", name)])); node.dataset.tile = name; }
      tile(say("projects"), digonce.number(counts.projects, 0));
      tile(say("bundles"), digonce.number(counts.bundles, 0));
      tile(say("openings") + digonce.bracket(say("openings_note")), say("openings_now", { filed: digonce.number(counts.openings.filed, 0), scheduled: digonce.number(counts.openings.scheduled, 0) }));
    }

    /* ---- popups ---- */

    function toLatLng(world) { return map.unproject(L.point(world[0], world[1]), 0); }

    function show(items, latlng) {
      popup.setLatLng(latlng).setContent(digonce.planPopup(items, open)).openOn(map);
      // Only now: opening a popup again first closes it, which forgets what was chosen.
      state.selected = items[0];
      mark();
      works.repaint();
    }

    function open(item) {
      var shapes = shapesOf(item);
      if (!shapes.length) { return; }
      var box = digonce.joinBoxes(shapes.map(function (s) { return s.box; }));
      map.fitBounds(L.latLngBounds(toLatLng([box[0], box[1]]), toLatLng([box[2], box[3]])), { maxZoom: 17, paddingTopLeft: [window.innerWidth > 1100 ? 280 * digonce.magnify : 30, Math.round(0.5 * map.getSize().y)], paddingBottomRight: [40, 40], animate: false });
      if (phone) { map.getContainer().scrollIntoView({ block: "nearest" }); }
      if (item.kind === "road") { map.closePopup(); state.selected = item; mark(); works.repaint(); return; }
      show([item], toLatLng([(box[0] + box[2]) / 2, box[1]]));
    }

    function under(latlng, reach) {
      var p = map.project(latlng, 0), scale = Math.pow(2, map.getZoom()), hits = [];
      visible.forEach(function (w) {
        if (w.shape && digonce.touches(w.shape, p.x, p.y, reach / scale, true) && hits.indexOf(w.project) < 0) { hits.push(w.project); }
      });
      return hits.sort(function (a, b) { return (b.inBundle ? 1 : 0) - (a.inBundle ? 1 : 0) || a.row - b.row; });
    }

    map.on("click", function (e) {
      var hits = under(e.latlng, 4);
      if (hits.length) { show(hits, e.latlng); }
    });
    map.on("popupclose", function () { state.selected = null; mark(); works.repaint(); });
    map.on("popupopen", nameLeaflet);

    /* ---- the page around the map ---- */

    function mark() {
      var chosen = state.selected && (state.selected.kind === "bundle" ? state.selected : state.selected.inBundle);
      document.querySelectorAll("#panel-bundles [data-row]").forEach(function (row) { row.classList.toggle("selected", !!chosen && row.dataset.row === String(chosen.number)); });
    }

    function fillBundles() {
      document.getElementById("bundles-count").textContent = digonce.number(model.bundles.length, 0);
      digonce.longList(document.getElementById("panel-bundles"), model.bundles, function (b) {
        var button = digonce.button("card bundle", [el("span", "card-body", [
          el("span", "card-title", b.number + " · " + digonce.bundlePlace(b)),
          el("span", "card-rules", digonce.label("mode", b.mode) + " · " + say("n_projects", { n: b.members.length + b.unnamed })),
          el("span", "quiet", digonce.dates(b.start, b.finish)),
          b.saving ? el("span", "quiet", say("finding.saving") + " " + digonce.written(b.saving)) : null
        ])], function () { open(b); });
        button.style.setProperty("--bundle", COLOURS[b.row % COLOURS.length]);
        button.dataset.bundle = b.number;
        var row = el("li", "", button);
        row.dataset.row = b.number;
        return row;
      }, say("no_bundles"));
    }

    function fillLegend() {
      var body = digonce.clear(document.getElementById("legend-body"));
      function dot(colour, dashed) { var node = el("span", "dot"); node.style.borderColor = colour; node.style.background = colour + "55"; node.style.borderStyle = dashed ? "dashed" : "solid"; return node; }
      [["bundles", "bundled", dot(COLOURS[0])], ["others", "alone", dot(OTHER)], ["base_roads", "base_roads"], ["base_names", "base_names"]].forEach(function (r) {
        var box = document.createElement("input");
        box.type = "checkbox";
        box.checked = state.shown[r[0]];
        box.dataset.layer = r[0];
        box.addEventListener("change", function () { state.shown[r[0]] = box.checked; base.repaint(); names.repaint(); filter(); });
        body.appendChild(el("label", "layer", [box, r[2] || null, el("span", "layer-name", say(r[1]))]));
      });
      [[say("plan_filed"), true], [say("plan_scheduled"), false]].forEach(function (r) { body.appendChild(el("div", "layer", [dot(OTHER, r[1]), el("span", "layer-name", r[0])])); });
      body.appendChild(el("p", "note", say("histogram")));
    }

    function choose(plan) {
      state.plan = plan;
      document.querySelectorAll("[data-plan]").forEach(function (b) { b.setAttribute("aria-checked", String(b.dataset.plan === plan)); });
      filter();
    }

    function nameLeaflet() {
      [[".leaflet-control-zoom-in", "zoom_in"], [".leaflet-control-zoom-out", "zoom_out"], [".leaflet-popup-close-button", "close"]].forEach(function (pair) {
        document.querySelectorAll(pair[0]).forEach(function (node) { node.title = say(pair[1]); node.setAttribute("aria-label", say(pair[1])); });
      });
      map.getContainer().setAttribute("role", "region");
      map.getContainer().setAttribute("aria-label", say("map_area"));
    }

    function speak(lang) {
      digonce.setLanguage(data.words, lang);
      digonce.fillWords();
      document.querySelectorAll("[data-lang]").forEach(function (b) { b.setAttribute("aria-pressed", String(b.dataset.lang === lang)); });
      nameLeaflet();
      digonce.fillHead(model);
      fillBundles();
      fillLegend();
      slider.refresh();
      choose(state.plan);
      if (popup.isOpen() && state.selected) { show([state.selected], popup.getLatLng()); }
    }

    document.querySelectorAll("[data-lang]").forEach(function (b) { b.addEventListener("click", function () { speak(b.dataset.lang); }); });
    document.querySelectorAll("[data-plan]").forEach(function (b) { b.addEventListener("click", function () { choose(b.dataset.plan); }); });
    document.getElementById("print").addEventListener("click", function () { window.print(); });
    function openLegend(isOpen) {
      document.getElementById("legend-body").hidden = !isOpen;
      document.getElementById("legend-toggle").setAttribute("aria-expanded", String(isOpen));
    }
    document.getElementById("legend-toggle").addEventListener("click", function () { openLegend(document.getElementById("legend-body").hidden); });
    openLegend(!phone);
    L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
    if (map.attributionControl) { map.attributionControl.setPrefix(false); }
    digonce.wireSearch(model, open);
    window.addEventListener("beforeprint", function () { map.invalidateSize({ animate: false }); });

    speak(data.lang);
    digonce.page = { map: map, model: model, state: state, slider: slider, open: open, counts: function () { return counts; } };
    document.body.dataset.ready = "yes";
  };
})(window.digonce);
