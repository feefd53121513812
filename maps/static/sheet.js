/* A canvas that lies over the map, moves and zooms with it, and is painted by a function. */
(function (digonce) {
  "use strict";

  digonce.Sheet = L.Renderer.extend({
    initialize: function (paint, options) {
      L.Renderer.prototype.initialize.call(this, options);
      this._paint = paint;
    },

    _initContainer: function () {
      var canvas = this._container = document.createElement("canvas");
      canvas.className = "leaflet-zoom-animated sheet";
      this._ctx = canvas.getContext("2d");
    },

    _destroyContainer: function () {
      this._container.remove();
      delete this._container;
      delete this._ctx;
    },

    _update: function () {
      if (this._map._animatingZoom && this._bounds) { return; }
      L.Renderer.prototype._update.call(this);
      var size = this._bounds.getSize(), ratio = window.devicePixelRatio || 1, canvas = this._container;
      L.DomUtil.setPosition(canvas, this._bounds.min);
      canvas.width = Math.round(ratio * size.x);
      canvas.height = Math.round(ratio * size.y);
      canvas.style.width = size.x + "px";
      canvas.style.height = size.y + "px";
      this.repaint();
    },

    /* Paint again what is in view now. */
    repaint: function () {
      if (!this._map || !this._bounds) { return; }
      var map = this._map, zoom = map.getZoom(), scale = Math.pow(2, zoom), bounds = this._bounds;
      var pixelOrigin = map.getPixelOrigin(), ratio = window.devicePixelRatio || 1, ctx = this._ctx;
      var dx = pixelOrigin.x + bounds.min.x, dy = pixelOrigin.y + bounds.min.y, size = bounds.getSize();
      // Setting the size empties a canvas. On paper a drawn clearing would wipe out the sheets below.
      this._container.width = Math.round(ratio * size.x);
      this._container.height = Math.round(ratio * size.y);
      ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
      var latitude = map.getCenter().lat * Math.PI / 180;
      this._paint(ctx, {
        zoom: zoom, scale: scale, dx: dx, dy: dy, width: size.x, height: size.y,
        pixelsPerMetre: 256 * scale / (40075016.7 * Math.cos(latitude)),
        /* Whether a box of world x, y meets the canvas, `margin` pixels around it. */
        sees: function (box, margin) {
          return box[2] * scale - dx >= -margin && box[0] * scale - dx <= size.x + margin &&
            box[3] * scale - dy >= -margin && box[1] * scale - dy <= size.y + margin;
        }
      });
    }
  });

  /* Lay the rings of a shape on the path of a canvas. */
  digonce.trace = function (ctx, shape, view, closed) {
    for (var r = 0; r < shape.rings.length; r++) {
      var ring = shape.rings[r];
      for (var i = 0; i < ring.length; i += 2) {
        var x = ring[i] * view.scale - view.dx, y = ring[i + 1] * view.scale - view.dy;
        if (i === 0) { ctx.moveTo(x, y); } else { ctx.lineTo(x, y); }
      }
      if (closed) { ctx.closePath(); }
    }
  };

  function segmentDistance(px, py, ax, ay, bx, by) {
    var ux = bx - ax, uy = by - ay, length2 = ux * ux + uy * uy;
    var t = length2 ? Math.max(0, Math.min(1, ((px - ax) * ux + (py - ay) * uy) / length2)) : 0;
    return Math.hypot(px - ax - t * ux, py - ay - t * uy);
  }

  /* Whether world point x, y lies in a shape or within `reach` of its lines. */
  digonce.touches = function (shape, x, y, reach, areal) {
    var box = shape.box;
    if (x < box[0] - reach || x > box[2] + reach || y < box[1] - reach || y > box[3] + reach) { return false; }
    var inside = false;
    for (var r = 0; r < shape.rings.length; r++) {
      var ring = shape.rings[r];
      for (var i = 2; i < ring.length; i += 2) {
        var ax = ring[i - 2], ay = ring[i - 1], bx = ring[i], by = ring[i + 1];
        if (segmentDistance(x, y, ax, ay, bx, by) <= reach) { return true; }
        if (areal && (ay > y) !== (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax) { inside = !inside; }
      }
    }
    return inside;
  };
})(window.digonce);
