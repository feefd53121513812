/* Turns the columns that maps/compact.py packs back into features. */
window.digonce = window.digonce || {};
(function (digonce) {
  "use strict";

  var PER_DEGREE = 1e6;

  /* World pixels at zoom 0, as Leaflet's EPSG:3857 counts them. */
  function worldX(lon) {
    return 256 * (lon + 180) / 360;
  }

  function worldY(lat) {
    var s = Math.sin(Math.max(-85.05, Math.min(85.05, lat)) * Math.PI / 180);
    return 128 - 64 * Math.log((1 + s) / (1 - s)) / Math.PI;
  }

  /* One shape per geometry: rings of world x, y and the box around them; null where it is missing. */
  function shapes(packed, origin) {
    var result = new Array(packed.rings.length), step = 0, ring = 0;
    for (var g = 0; g < packed.rings.length; g++) {
      var rings = [], box = [Infinity, Infinity, -Infinity, -Infinity];
      for (var r = 0; r < packed.rings[g]; r++, ring++) {
        var count = packed.ring_vertices[ring], points = new Float64Array(2 * count);
        var lon = origin[0], lat = origin[1];
        for (var v = 0; v < count; v++) {
          lon += packed.steps[step++];
          lat += packed.steps[step++];
          var x = worldX(lon / PER_DEGREE), y = worldY(lat / PER_DEGREE);
          points[2 * v] = x;
          points[2 * v + 1] = y;
          if (x < box[0]) { box[0] = x; }
          if (y < box[1]) { box[1] = y; }
          if (x > box[2]) { box[2] = x; }
          if (y > box[3]) { box[3] = y; }
        }
        rings.push(points);
      }
      result[g] = rings.length ? { rings: rings, box: box } : null;
    }
    return result;
  }

  /* A column is a list; or distinct values and a code per row; or so in each language. */
  function value(column, row) {
    if (Array.isArray(column)) {
      return column[row];
    }
    var code = column.codes[row];
    if (code < 0) {
      return null;
    }
    if (column.values) {
      return column.values[code];
    }
    return { zh: column.zh[code], en: column.en[code] };
  }

  /* A sentence from its pattern: names and numbers go where their marks stand. */
  digonce.sentence = function (packed, row, names) {
    var numbers = packed.numbers[row].split(" "), at = 0;
    return packed.patterns[packed.codes[row]].replace(/[\ufdd0-\ufdef]/g, function (mark) {
      var place = mark.charCodeAt(0) - 0xfdd1;
      return place < 0 ? numbers[at++] : names[place];
    });
  };

  /* Rows of a table of columns as objects; `shape` is decoded, `row` is the number of the row. */
  function rows(packed, count, origin) {
    var names = Object.keys(packed).filter(function (name) { return name !== "shape"; });
    var shape = packed.shape ? shapes(packed.shape, origin) : null;
    var result = new Array(count);
    for (var i = 0; i < count; i++) {
      var row = { row: i };
      for (var n = 0; n < names.length; n++) {
        row[names[n]] = value(packed[names[n]], i);
      }
      if (shape) {
        row.shape = shape[i];
      }
      result[i] = row;
    }
    return result;
  }

  function joinBoxes(boxes) {
    var all = [Infinity, Infinity, -Infinity, -Infinity];
    boxes.forEach(function (box) {
      all = [Math.min(all[0], box[0]), Math.min(all[1], box[1]), Math.max(all[2], box[2]), Math.max(all[3], box[3])];
    });
    return all[0] <= all[2] ? all : null;
  }

  function shapeBoxes(features) {
    return features.filter(function (f) { return f.shape; }).map(function (f) { return f.shape.box; });
  }

  /* The point of a shape where its mark stands: the vertex-wise middle of its longest ring. */
  function middle(shape) {
    var longest = shape.rings[0];
    shape.rings.forEach(function (ring) { if (ring.length > longest.length) { longest = ring; } });
    var x = 0, y = 0, n = longest.length / 2;
    for (var i = 0; i < n; i++) { x += longest[2 * i]; y += longest[2 * i + 1]; }
    return [x / n, y / n];
  }

  /* The whole model of the page from the embedded data. */
  digonce.decode = function (data) {
    var origin = data.origin, model = { data: data };
    model.projects = rows(data.projects, data.projects.code.length, origin);
    model.sites = rows(data.sites, data.sites.project.length, origin);
    model.reasons = data.findings.reason;
    delete data.findings.reason;
    model.findings = rows(data.findings, data.findings.finding_id.length, origin);
    model.spans = rows(data.spans, data.spans.finding.length, origin);
    model.hotspots = rows(data.hotspots, data.hotspots.openings_24m.length, origin);
    model.veiled = rows(data.veiled, data.veiled.start.length, origin);
    model.boundaries = data.boundaries ? shapes(data.boundaries.shape, origin) : [];
    model.restrictions = rows(data.restrictions, data.restrictions.place.codes.length, origin);
    model.restrictions.forEach(function (r) { r.kind = "restriction"; r.lines = r.place === "roads"; });
    model.assets = data.assets ? shapes(data.assets.shape, origin) : [];
    model.sections = [];
    model.junctions = [];
    if (data.roads) {
      var junctions = data.roads.junctions, roads = Object.assign({}, data.roads);
      delete roads.junctions;
      model.sections = rows(roads, data.roads.road_class.length, origin);
      model.junctions = shapes(junctions, origin);
    }

    model.projects.forEach(function (p) { p.kind = "project"; p.sites = []; p.findings = []; });
    model.sites.forEach(function (s) {
      s.kind = "site";
      s.project = model.projects[s.project];
      s.project.sites.push(s);
    });
    model.cases = rows(data.cases, data.cases.case_id.length, origin);
    model.cases.forEach(function (c) { c.kind = "case"; c.number = c.row + 1; c.findings = []; });
    model.findings.forEach(function (f) {
      f.kind = "finding";
      f.spans = [];
      f.a = f.project_a < 0 ? null : model.projects[f.project_a];
      f.b = f.project_b < 0 ? null : model.projects[f.project_b];
      if (f.a) { f.a.findings.push(f); }
      if (f.b && f.b !== f.a) { f.b.findings.push(f); }
      f.case = f.case < 0 ? null : model.cases[f.case];
      if (f.case) { f.case.findings.push(f); }
      f.mark = f.shape ? middle(f.shape) : null;
    });
    model.spans.forEach(function (s) { model.findings[s.finding].spans.push(s); });
    model.hotspots.forEach(function (h) { h.kind = "hotspot"; });

    var byRoad = new Map();
    function road(name) {
      if (!name) { return null; }
      if (!byRoad.has(name)) {
        byRoad.set(name, { kind: "road", name: name, sections: [], sites: [], findings: [], veiled: [] });
      }
      return byRoad.get(name);
    }
    function put(list, key) {
      list.forEach(function (item) { var r = road(item.road); if (r) { r[key].push(item); } });
    }
    put(model.sections.filter(function (s) { return s.name; }), "sections");
    put(model.sites, "sites");
    put(model.findings, "findings");
    put(model.veiled, "veiled");
    model.roads = Array.from(byRoad.values());
    return model;
  };

  digonce.boxOf = function (item) {
    switch (item.kind) {
      case "project": return joinBoxes(shapeBoxes(item.sites).concat(item.sites.length ? [] : shapeBoxes(item.findings)));
      case "case": return joinBoxes(shapeBoxes(item.findings));
      case "road": return joinBoxes(shapeBoxes(item.sections.length ? item.sections : item.sites.concat(item.findings)));
      default: return item.shape ? item.shape.box : null;
    }
  };

  digonce.rows = rows;
  digonce.shapes = shapes;
  digonce.joinBoxes = joinBoxes;
  digonce.middle = middle;
  digonce.worldX = worldX;
  digonce.worldY = worldY;
})(window.digonce);
