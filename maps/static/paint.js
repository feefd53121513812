/* How roads, works, hot spots and findings are drawn, and which of them lie under the pointer.

   Severity is told three times, so that nobody depends on hue: by lightness and colour (dark red,
   amber, blue: far apart for every common kind of colour blindness), by the line (thick and solid,
   dashed, dotted) and by the shape of the mark (triangle, diamond, circle). Sectors have the muted
   palette of Paul Tol, made for colour-blind readers, and stay pale beneath. */
(function (digonce) {
  "use strict";

  var SECTOR_COLOURS = ["#b89b2e", "#332288", "#117733", "#cc6677", "#aa4499", "#7a7a1f", "#2a9d8f", "#882255", "#56a8cf"];
  var UNKNOWN_SECTOR = "#6b7280";
  var SEVERITY = [
    { colour: "#0b62a8", fill: "rgba(11,98,168,.28)", dash: [2, 4], width: 2.5, mark: "circle" },
    { colour: "#e08e00", fill: "rgba(240,163,10,.42)", dash: [9, 4], width: 3, mark: "diamond" },
    { colour: "#a50f15", fill: "rgba(165,15,21,.45)", dash: [], width: 4, mark: "triangle" }
  ];
  var ROADS = [
    { body: "#ffffff", casing: "#c6cedb", thin: "#cfd6e1", least: 1, names: 15.5, font: 12 },
    { body: "#ffffff", casing: "#b8c2d2", thin: "#bcc6d5", least: 1.6, names: 14.5, font: 12.5 },
    { body: "#fffdf4", casing: "#a9b5c7", thin: "#a6b2c5", least: 2.4, names: 13, font: 13.5 },
    { body: "#fbf3df", casing: "#a3aebf", thin: "#98a5ba", least: 3, names: 12, font: 13.5 }
  ];
  var AREAS = { restriction: { colour: "#8c510a", fill: "rgba(191,129,45,.16)", dash: [6, 3] }, asset: { colour: "#7b3294", fill: "rgba(123,50,148,.10)", dash: [1, 4] } };
  var HOTSPOT = "#5b2a86";
  var FONT = '"Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei","PingFang SC","Hiragino Sans GB",sans-serif';
  var MARK_PX = 11, NUMBERED_PX = 14, NUMBERED = 10, FAR_ZOOM = 14.5;

  /* On a wide screen, which is often a projector, marks and names are drawn larger. */
  digonce.magnify = window.innerWidth >= 1600 && window.innerHeight >= 850 ? 1.25 : 1;

  digonce.sectorColour = function (sector) { return sector < 0 ? UNKNOWN_SECTOR : SECTOR_COLOURS[sector]; };
  digonce.severityStyle = function (severity) { return SEVERITY[Math.max(0, severity)]; };

  /* The mark of a severity round x, y; `r` is its radius, `number` what is written in it, if any. */
  digonce.drawMark = function (ctx, severity, x, y, r, number) {
    var style = digonce.severityStyle(severity);
    ctx.beginPath();
    if (style.mark === "triangle") {
      ctx.moveTo(x, y - 1.15 * r);
      ctx.lineTo(x + 1.1 * r, y + 0.8 * r);
      ctx.lineTo(x - 1.1 * r, y + 0.8 * r);
    } else if (style.mark === "diamond") {
      ctx.moveTo(x, y - 1.1 * r);
      ctx.lineTo(x + 1.1 * r, y);
      ctx.lineTo(x, y + 1.1 * r);
      ctx.lineTo(x - 1.1 * r, y);
    } else {
      ctx.arc(x, y, 0.8 * r, 0, 2 * Math.PI);
    }
    ctx.closePath();
    ctx.lineJoin = "round";
    ctx.setLineDash([]);
    ctx.lineWidth = 5;
    ctx.strokeStyle = "#fff";
    ctx.stroke();
    ctx.fillStyle = style.colour;
    ctx.fill();
    ctx.lineWidth = 1.2;
    ctx.strokeStyle = "rgba(0,0,0,.55)";
    ctx.stroke();
    if (number) {
      ctx.font = "700 " + Math.round(r * (number > 9 ? 0.82 : 1)) + "px " + FONT;
      ctx.textAlign = "center";
      ctx.textBaseline = "middle";
      ctx.fillStyle = style.mark === "diamond" ? "#1d1300" : "#fff";
      ctx.fillText(String(number), x, y + (style.mark === "triangle" ? 0.16 : 0.05) * r);
    }
  };

  /* A small canvas that shows how something is drawn, for the legend and lists. */
  digonce.swatch = function (kind, code, number) {
    var canvas = document.createElement("canvas"), ratio = 2, w = kind === "mark" && !number ? 18 : 26, h = number ? 26 : 18;
    canvas.width = w * ratio;
    canvas.height = h * ratio;
    canvas.style.width = w + "px";
    canvas.style.height = h + "px";
    canvas.className = "swatch";
    canvas.setAttribute("aria-hidden", "true");
    var ctx = canvas.getContext("2d");
    ctx.scale(ratio, ratio);
    if (kind === "mark") {
      digonce.drawMark(ctx, code, w / 2, number ? 14 : 9, number ? 10.5 : 6.5, number);
    } else if (kind === "severity") {
      var style = digonce.severityStyle(code);
      ctx.fillStyle = style.fill;
      ctx.fillRect(3, 4, 20, 10);
      ctx.strokeStyle = style.colour;
      ctx.lineWidth = style.width * 0.8;
      ctx.setLineDash(style.dash.map(function (d) { return d * 0.7; }));
      ctx.strokeRect(3, 4, 20, 10);
    } else if (kind === "sector") {
      ctx.globalAlpha = 0.45;
      ctx.fillStyle = digonce.sectorColour(code);
      ctx.fillRect(3, 4, 20, 10);
      ctx.globalAlpha = 1;
      ctx.strokeStyle = digonce.sectorColour(code);
      ctx.lineWidth = 1.5;
      ctx.strokeRect(3, 4, 20, 10);
    } else if (AREAS[kind]) {
      area(ctx, kind, function () { ctx.rect(3, 4, 20, 10); });
    } else {
      zipper(ctx, function () { ctx.moveTo(1, 9); ctx.lineTo(25, 9); }, 9);
    }
    return canvas;
  };

  /* A hot spot: a wide pale band with teeth, like a zip. */
  function zipper(ctx, path, width) {
    ctx.lineCap = "butt";
    ctx.setLineDash([]);
    ctx.globalAlpha = 0.22;
    ctx.strokeStyle = HOTSPOT;
    ctx.lineWidth = width;
    ctx.beginPath();
    path();
    ctx.stroke();
    ctx.globalAlpha = 0.85;
    ctx.setLineDash([2, 5]);
    ctx.lineWidth = width * 0.75;
    ctx.beginPath();
    path();
    ctx.stroke();
    ctx.globalAlpha = 1;
    ctx.setLineDash([]);
  }

  /* ---- base: boundaries, roads, junctions, names ---- */

  digonce.paintBase = function (model, shown) {
    return function (ctx, view) {
      ctx.lineJoin = "round";
      ctx.lineCap = "round";
      if (shown.base_boundaries) { boundaries(ctx, view, model.boundaries); }
      if (shown.base_roads) { roads(ctx, view); }
      if (shown.base_restrictions) { restrictions(ctx, view); }
      if (shown.base_assets) { assets(ctx, view); }
    };
    function roads(ctx, view) {
      var near = view.pixelsPerMetre > 0.22, groups = [[], [], [], []];
      model.sections.forEach(function (s) {
        if (s.shape && view.sees(s.shape.box, 30)) { groups[s.road_class].push(s); }
      });
      var junctions = model.junctions.filter(function (j) { return j && view.sees(j.box, 5); });
      if (!near) {
        dots(ctx, view, junctions);
        groups.forEach(function (group, rank) { strokeAll(ctx, view, group, ROADS[rank].thin, function () { return ROADS[rank].least; }); });
        return;
      }
      function body(s) { return Math.max(ROADS[s.road_class].least + 1, s.width_m * view.pixelsPerMetre); }
      groups.forEach(function (group, rank) { strokeAll(ctx, view, group, ROADS[rank].casing, function (s) { return body(s) + 2; }); });
      junctionsAs(ctx, view, junctions, ROADS[1].casing, 2);
      groups.forEach(function (group, rank) { strokeAll(ctx, view, group, ROADS[rank].body, body); });
      junctionsAs(ctx, view, junctions, "#fff", 0);
    }
    /* Restricted areas and assets: an outline of their own and, where they are areas, a pale fill;
       a road that is restricted from end to end has a pale band with the outline's dashes in it. */
    function restrictions(ctx, view) {
      model.restrictions.forEach(function (r) {
        if (!r.shape || !view.sees(r.shape.box, 10)) { return; }
        function path() { digonce.trace(ctx, r.shape, view, false); }
        if (r.lines) { band(ctx, path, view.zoom < FAR_ZOOM ? 6 : 12); } else { area(ctx, "restriction", path); }
      });
    }
    function assets(ctx, view) {
      model.assets.forEach(function (s) {
        if (s && view.sees(s.box, 5)) { area(ctx, "asset", function () { digonce.trace(ctx, s, view, false); }); }
      });
    }
  };

  function band(ctx, path, width) {
    var style = AREAS.restriction;
    ctx.beginPath();
    path();
    ctx.strokeStyle = "rgba(191,129,45,.32)";
    ctx.lineWidth = width;
    ctx.stroke();
    ctx.strokeStyle = style.colour;
    ctx.lineWidth = 1.6;
    ctx.setLineDash(style.dash);
    ctx.stroke();
    ctx.setLineDash([]);
  }

  function area(ctx, kind, path) {
    var style = AREAS[kind];
    ctx.beginPath();
    path();
    if (kind === "restriction") { ctx.fillStyle = style.fill; ctx.fill("evenodd"); }
    ctx.strokeStyle = style.colour;
    ctx.lineWidth = kind === "restriction" ? 1.6 : 2.4;
    ctx.setLineDash(style.dash);
    ctx.stroke();
    ctx.setLineDash([]);
  }

  function strokeAll(ctx, view, group, colour, width) {
    ctx.strokeStyle = colour;
    var byWidth = new Map();
    group.forEach(function (s) {
      var w = Math.round(2 * width(s)) / 2;
      if (!byWidth.has(w)) { byWidth.set(w, []); }
      byWidth.get(w).push(s);
    });
    byWidth.forEach(function (some, w) {
      ctx.lineWidth = w;
      ctx.beginPath();
      some.forEach(function (s) { digonce.trace(ctx, s.shape, view, false); });
      ctx.stroke();
    });
  }

  function junctionsAs(ctx, view, junctions, colour, outline) {
    ctx.fillStyle = ctx.strokeStyle = colour;
    ctx.lineWidth = outline;
    ctx.beginPath();
    junctions.forEach(function (j) { digonce.trace(ctx, j, view, true); });
    ctx.fill();
    if (outline) { ctx.stroke(); }
  }

  /* From afar a junction only closes the gap between the ends of its roads. */
  function dots(ctx, view, junctions) {
    ctx.fillStyle = ROADS[0].thin;
    junctions.forEach(function (j) {
      var w = 0.7 * (j.box[2] - j.box[0]) * view.scale, h = 0.7 * (j.box[3] - j.box[1]) * view.scale;
      ctx.fillRect((j.box[0] + j.box[2]) / 2 * view.scale - view.dx - w / 2, (j.box[1] + j.box[3]) / 2 * view.scale - view.dy - h / 2, w, h);
    });
  }

  function boundaries(ctx, view, shapes) {
    ctx.strokeStyle = "#8a97ab";
    ctx.lineWidth = 1.2;
    ctx.setLineDash([10, 4, 2, 4]);
    ctx.beginPath();
    shapes.forEach(function (s) { if (s && view.sees(s.box, 5)) { digonce.trace(ctx, s, view, true); } });
    ctx.stroke();
    ctx.setLineDash([]);
  }

  /* Names along the roads, larger roads first, never over one another and not too often. */
  digonce.paintNames = function (model, state) {
    var shown = state.shown;
    var widths = {};
    var order = model.sections.filter(function (s) { return s.name && s.shape; })
      .sort(function (a, b) { return b.road_class - a.road_class; });
    return function (ctx, view) {
      if (!shown.base_names || !shown.base_roads) { return; }
      var last = {}, taken = (shown.symbols ? state.marks : []).map(function (m) {
        var x = m.at[0] * view.scale - view.dx, y = m.at[1] * view.scale - view.dy;
        return [x - m.r, y - m.r, x + m.r, y + m.r];
      });
      ctx.textAlign = "center";
      ctx.textBaseline = "middle";
      ctx.lineJoin = "round";
      if (shown.symbols && view.zoom < ROADS[1].names) { nameMarks(ctx, state.marks, view, taken); }
      ctx.textAlign = "center";
      order.forEach(function (s) {
        var style = ROADS[s.road_class];
        if (view.zoom < style.names || !view.sees(s.shape.box, 0)) { return; }
        ctx.font = "500 " + style.font * digonce.magnify + "px " + FONT;
        var key = style.font + s.name, wide = widths[key] || (widths[key] = ctx.measureText(s.name).width);
        var spot = straightest(s.shape.rings[0], view, wide + 8);
        if (!spot) { return; }
        var near = (last[s.name] || []).some(function (p) { return Math.hypot(p[0] - spot.x, p[1] - spot.y) < 260; });
        var half = wide / 2, box = [
          spot.x - Math.abs(half * Math.cos(spot.angle)) - 9, spot.y - Math.abs(half * Math.sin(spot.angle)) - 9,
          spot.x + Math.abs(half * Math.cos(spot.angle)) + 9, spot.y + Math.abs(half * Math.sin(spot.angle)) + 9
        ];
        if (near || taken.some(function (t) { return t[0] < box[2] && box[0] < t[2] && t[1] < box[3] && box[1] < t[3]; })) { return; }
        taken.push(box);
        (last[s.name] = last[s.name] || []).push([spot.x, spot.y]);
        ctx.save();
        ctx.translate(spot.x, spot.y);
        ctx.rotate(spot.angle);
        ctx.lineWidth = 3.5;
        ctx.strokeStyle = "rgba(255,255,255,.92)";
        ctx.strokeText(s.name, 0, 0);
        ctx.fillStyle = "#3d4a5f";
        ctx.fillText(s.name, 0, 0);
        ctx.restore();
      });
    };
  };

  /* From afar few roads have room for their name: the worst cases tell theirs beside their mark. */
  function nameMarks(ctx, marks, view, taken) {
    var size = 13.5 * digonce.magnify;
    ctx.font = "700 " + size + "px " + FONT;
    marks.forEach(function (m) {
      if (!m.number || !m.c.worst.road) { return; }
      var x = m.at[0] * view.scale - view.dx, y = m.at[1] * view.scale - view.dy, wide = ctx.measureText(m.c.worst.road).width;
      var places = [["left", x + m.r + 5, x + m.r + 3], ["right", x - m.r - 5, x - m.r - 7 - wide], ["center", x, x - wide / 2, m.r + size], ["center", x, x - wide / 2, -1.3 * m.r - size]];
      places.some(function (p) {
        var middle = y + (p[3] || 2), box = [p[2], middle - size * 0.62, p[2] + wide + 4, middle + size * 0.62];
        if (taken.some(function (t) { return t[0] < box[2] && box[0] < t[2] && t[1] < box[3] && box[1] < t[3]; })) { return false; }
        taken.push(box);
        ctx.textAlign = p[0];
        ctx.lineWidth = 4;
        ctx.strokeStyle = "rgba(255,255,255,.95)";
        ctx.strokeText(m.c.worst.road, p[1], middle);
        ctx.fillStyle = "#172033";
        ctx.fillText(m.c.worst.road, p[1], middle);
        return true;
      });
    });
  }

  /* The middle of a line where a text of `wide` pixels fits between points that lie straight. */
  function straightest(ring, view, wide) {
    var n = ring.length / 2, lengths = [0];
    for (var i = 1; i < n; i++) {
      lengths.push(lengths[i - 1] + view.scale * Math.hypot(ring[2 * i] - ring[2 * i - 2], ring[2 * i + 1] - ring[2 * i - 1]));
    }
    var total = lengths[n - 1];
    if (total < wide) { return null; }
    function at(distance) {
      var k = 1;
      while (k < n - 1 && lengths[k] < distance) { k++; }
      var t = (distance - lengths[k - 1]) / (lengths[k] - lengths[k - 1] || 1);
      return [(ring[2 * k - 2] + t * (ring[2 * k] - ring[2 * k - 2])) * view.scale - view.dx,
        (ring[2 * k - 1] + t * (ring[2 * k + 1] - ring[2 * k - 1])) * view.scale - view.dy];
    }
    var a = at((total - wide) / 2), b = at((total + wide) / 2), chord = Math.hypot(b[0] - a[0], b[1] - a[1]);
    if (chord < 0.93 * wide) { return null; }
    var angle = Math.atan2(b[1] - a[1], b[0] - a[0]);
    if (angle > Math.PI / 2) { angle -= Math.PI; }
    if (angle < -Math.PI / 2) { angle += Math.PI; }
    return { x: (a[0] + b[0]) / 2, y: (a[1] + b[1]) / 2, angle: angle };
  }

  /* ---- works, hot spots, findings ---- */

  /* `visible` is {sites, hotspots, findings (notice first), cases}; `state.selected` is an item. */
  digonce.paintWorks = function (visible, state) {
    return function (ctx, view) {
      ctx.lineJoin = "round";
      visible.sites.forEach(function (s) { site(ctx, view, s); });
      visible.hotspots.forEach(function (h) {
        if (h.shape && view.sees(h.shape.box, 20)) { zipper(ctx, function () { digonce.trace(ctx, h.shape, view, false); }, hotspotWidth(h, view.zoom)); }
      });
      visible.findings.forEach(function (f) { finding(ctx, view, f); });
      if (state.selected) { selection(ctx, view, state.selected); }
    };
  };

  digonce.paintMarks = function (visible, state) {
    return function (ctx, view) { if (state.shown.symbols) { marks(ctx, view, visible, state); } };
  };

  function hotspotWidth(h, zoom) { return Math.min(16, 6 + 1.5 * (h.openings_60m || 0)) * (zoom < FAR_ZOOM ? 0.6 : 1); }

  function small(shape, view, px) {
    return (shape.box[2] - shape.box[0]) * view.scale < px && (shape.box[3] - shape.box[1]) * view.scale < px;
  }

  function site(ctx, view, s) {
    if (!s.shape || !view.sees(s.shape.box, 4)) { return; }
    var far = view.zoom < FAR_ZOOM;
    ctx.beginPath();
    digonce.trace(ctx, s.shape, view, true);
    ctx.fillStyle = ctx.strokeStyle = digonce.sectorColour(s.project.sector);
    if (!far) {
      ctx.globalAlpha = 0.42;
      ctx.fill("evenodd");
      ctx.globalAlpha = 0.9;
    }
    ctx.lineWidth = small(s.shape, view, 8) ? 3 : far ? 2 : 1.4;
    ctx.stroke();
    ctx.globalAlpha = 1;
  }

  function finding(ctx, view, f) {
    if (!f.shape || !view.sees(f.shape.box, 8)) { return; }
    var style = digonce.severityStyle(f.severity), tiny = small(f.shape, view, 14), far = view.zoom < FAR_ZOOM;
    ctx.beginPath();
    digonce.trace(ctx, f.shape, view, !f.veiled);
    if (!far) {
      if (!f.veiled) {
        ctx.fillStyle = style.fill;
        ctx.fill("evenodd");
      }
      ctx.strokeStyle = "rgba(255,255,255,.85)";
      ctx.lineWidth = style.width + 2;
      ctx.stroke();
    }
    if (!tiny) { ctx.setLineDash(style.dash); }
    ctx.strokeStyle = style.colour;
    ctx.lineWidth = style.width;
    ctx.stroke();
    if (!tiny) { ctx.setLineDash([]); }
  }

  function selection(ctx, view, item) {
    var shapes = item.kind === "project" ? item.sites.map(function (s) { return s.shape; })
      : item.kind === "case" ? item.findings.map(function (f) { return f.shape; })
        : item.kind === "road" ? item.sections.map(function (s) { return s.shape; }) : [item.shape];
    var lines = item.kind === "road" || item.kind === "hotspot" || item.veiled || item.lines;
    [["#fff", 9], ["#111827", 5.5], ["#ffe14d", 2.5]].forEach(function (pen) {
      ctx.strokeStyle = pen[0];
      ctx.lineWidth = pen[1];
      ctx.beginPath();
      shapes.forEach(function (shape) { if (shape) { digonce.trace(ctx, shape, view, !lines); } });
      ctx.stroke();
    });
  }

  /* One mark per case that shows; where marks would cover one another the worse case keeps its place. */
  function marks(ctx, view, visible, state) {
    var cells = new Map(), placed = [], far = view.zoom < FAR_ZOOM, size = (far ? 30 : 20) * digonce.magnify, r = (far ? 8.5 : MARK_PX) * digonce.magnify;
    visible.cases.forEach(function (c, rank) {
      var f = c.worst, x = f.mark[0] * view.scale - view.dx, y = f.mark[1] * view.scale - view.dy;
      if (x < -20 || y < -20 || x > view.width + 20 || y > view.height + 20) { return; }
      var cx = Math.floor(x / size), cy = Math.floor(y / size);
      for (var i = -1; i <= 1; i++) {
        for (var j = -1; j <= 1; j++) {
          var other = cells.get((cx + i) + "," + (cy + j));
          if (other && Math.hypot(other.x - x, other.y - y) < size) { return; }
        }
      }
      var plain = r * (f.severity === 2 ? 1 : 0.8), numbered = digonce.caseNumber(c, rank);
      var mark = { x: x, y: y, c: c, number: numbered, r: numbered ? NUMBERED_PX * digonce.magnify : plain };
      cells.set(cx + "," + cy, mark);
      placed.push(mark);
    });
    state.marks = placed.map(function (m) { return { c: m.c, at: m.c.worst.mark, r: m.r, number: m.number }; });
    placed.reverse().forEach(function (m) { digonce.drawMark(ctx, m.c.worst.severity, m.x, m.y, m.r, m.number); });
  }

  /* The worst of the cases in sight carry their number, in the list and on the map. */
  digonce.caseNumber = function (c, rank) { return rank < NUMBERED ? c.number : null; };

  /* Everything at world point x, y, topmost first: marks, findings, hot spots, projects. */
  digonce.under = function (visible, state, x, y, scale) {
    var hits = [], seen = new Set();
    function add(item) { if (!seen.has(item)) { seen.add(item); hits.push(item); } }
    if (state.shown.symbols) {
      (state.marks || []).forEach(function (m) {
        if (Math.hypot(m.at[0] - x, m.at[1] - y) * scale <= Math.max(MARK_PX, m.r) + 1) { m.c.shown.forEach(add); }
      });
    }
    for (var i = visible.findings.length - 1; i >= 0; i--) {
      var f = visible.findings[i];
      if (f.shape && digonce.touches(f.shape, x, y, 4 / scale, !f.veiled)) { add(f); }
    }
    visible.sites.forEach(function (s) {
      if (s.shape && digonce.touches(s.shape, x, y, 3 / scale, true)) { add(s.project); }
    });
    visible.hotspots.forEach(function (h) {
      if (h.shape && digonce.touches(h.shape, x, y, hotspotWidth(h, 20) / 2 / scale, false)) { add(h); }
    });
    return hits;
  };

  /* The restricted periods that hold at a point of the map. */
  digonce.restrictedAt = function (model, x, y, scale) {
    return model.restrictions.filter(function (r) { return r.shape && digonce.touches(r.shape, x, y, (r.lines ? 6 : 0) / scale, !r.lines); });
  };
})(window.digonce);
