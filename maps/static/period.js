/* The period filter: two handles on one scale of days, presets, a player, and how busy each month is.
   A handle at the end of the scale means "and earlier" or "and later". */
(function (digonce) {
  "use strict";

  var say = digonce.say, MONTH_MS = 864e5 * 30.4, PLAY_MS = 350;

  function monthStart(day, plus) {
    var d = new Date(day * 864e5);
    return Math.round(Date.UTC(d.getUTCFullYear(), d.getUTCMonth() + (plus || 0), 1) / 864e5);
  }

  /* The scale: all dates, but a few that lie years away from the rest do not stretch it. */
  function scaleOf(model, asOf) {
    var starts = [], finishes = [];
    model.sites.forEach(function (s) {
      if (s.start !== null) { starts.push(s.start); }
      if (s.finish !== null) { finishes.push(s.finish); }
    });
    if (!starts.length || !finishes.length) { return [monthStart(asOf, -6), monthStart(asOf, 7)]; }
    function at(list, share) { return list.sort(function (a, b) { return a - b; })[Math.round(share * (list.length - 1))]; }
    var low = at(starts, 0), high = at(finishes, 1);
    if (high - low > 6 * 366) { low = at(starts, 0.02); high = at(finishes, 0.98); }
    return [monthStart(low), Math.max(monthStart(high, 1), monthStart(low, 2))];
  }

  digonce.Period = function (model, changed) {
    var asOf = model.data.as_of_day, scale = scaleOf(model, asOf), low = scale[0], high = scale[1];
    var from = document.getElementById("from"), to = document.getElementById("to"), timer = null, self = this;
    var histogram = document.getElementById("histogram"), months = countMonths();

    [from, to].forEach(function (input) {
      input.min = low;
      input.max = high;
      input.step = 1;
      input.addEventListener("input", function () {
        if (+from.value > +to.value) { if (input === from) { to.value = from.value; } else { from.value = to.value; } }
        show();
        changed();
      });
    });
    from.value = low;
    to.value = high;

    /* [first, last] day of the filter, inclusive; -Infinity and Infinity at the ends. */
    this.range = function () {
      return [+from.value <= low ? -Infinity : +from.value, +to.value >= high ? Infinity : +to.value];
    };

    /* Whether something from `start` to `finish` (inclusive, null unknown) lies in the filter. */
    this.contains = function (start, finish) {
      var r = self.range();
      if (start === null && finish === null) { return true; }
      return (start === null ? finish : start) <= r[1] && (finish === null ? start : finish) >= r[0];
    };

    this.set = function (first, last) {
      from.value = Math.max(low, first);
      to.value = Math.min(high, last);
      show();
      changed();
    };

    this.refresh = function () {
      var presets = digonce.clear(document.getElementById("presets")), year = new Date(asOf * 864e5).getUTCFullYear();
      [["preset_all", low, high],
        ["preset_year", Date.UTC(year, 0, 1) / 864e5, Date.UTC(year, 11, 31) / 864e5],
        ["preset_90", asOf, asOf + 90]].forEach(function (p) {
        presets.appendChild(digonce.button("preset", say(p[0]), function () { stop(); self.set(p[1], p[2]); }));
      });
      show();
    };

    document.getElementById("play").addEventListener("click", function () { if (timer) { stop(); } else { start(); } });

    /* Moves a window along the scale: the chosen one, or one of 60 days when all is chosen. */
    function start() {
      var wide = +to.value - +from.value;
      if (wide > 0.8 * (high - low)) { wide = Math.min(60, Math.round((high - low) / 4)); self.set(low + 1, low + 1 + wide); }
      timer = window.setInterval(function () {
        if (+to.value + 7 >= high) { self.set(low + 1, low + 1 + wide); } else { self.set(+from.value + 7, +from.value + 7 + wide); }
      }, PLAY_MS);
      show();
    }

    function stop() {
      window.clearInterval(timer);
      timer = null;
      show();
    }

    /* How many projects are at work in each month of the scale. */
    function countMonths() {
      var edges = [];
      for (var day = low; day < high; day = monthStart(day, 1)) { edges.push(day); }
      var seen = edges.map(function () { return new Set(); });
      model.sites.forEach(function (s) {
        if (s.start === null || s.finish === null) { return; }
        var i = Math.max(0, Math.floor((s.start - low) * 864e5 / MONTH_MS) - 2);
        for (; i < edges.length && edges[i] <= s.finish; i++) {
          if (monthStart(edges[i], 1) > s.start) { seen[i].add(s.project.row); }
        }
      });
      return edges.map(function (day, i) { return { day: day, count: seen[i].size }; });
    }

    function show() {
      var r = self.range(), play = document.getElementById("play");
      play.firstChild.textContent = timer ? "❚❚" : "▶";
      play.setAttribute("aria-pressed", String(!!timer));
      play.setAttribute("aria-label", say(timer ? "pause" : "play"));
      play.title = say(timer ? "pause" : "play");
      var first = r[0] === -Infinity ? digonce.date(low) : digonce.date(r[0]);
      var last = r[1] === Infinity ? digonce.date(high - 1) : digonce.date(r[1]);
      from.setAttribute("aria-valuetext", first);
      to.setAttribute("aria-valuetext", last);
      digonce.clear(document.getElementById("range")).appendChild(document.createTextNode(first + " ~ " + last));
      draw();
    }

    function draw() {
      var box = histogram.getBoundingClientRect(), ratio = window.devicePixelRatio || 1, ctx = histogram.getContext("2d");
      if (!box.width) { return; }
      histogram.width = box.width * ratio;
      histogram.height = box.height * ratio;
      ctx.scale(ratio, ratio);
      var most = Math.max.apply(null, months.map(function (m) { return m.count; }).concat([1])), h = box.height;
      function x(day) { return (day - low) / (high - low) * box.width; }
      months.forEach(function (m) {
        var left = x(m.day), right = x(monthStart(m.day, 1)), tall = m.count / most * (h - 6);
        ctx.fillStyle = m.day + 31 >= +from.value && m.day <= +to.value ? "#7f9cc9" : "#d5dce7";
        ctx.fillRect(left + 0.5, h - tall, Math.max(1, right - left - 1), tall);
      });
      if (asOf >= low && asOf <= high) {
        ctx.fillStyle = "#a50f15";
        ctx.fillRect(Math.round(x(asOf)) - 1, 0, 2, h);
      }
      var ticks = digonce.clear(document.getElementById("ticks")), spanMonths = months.length;
      var every = [1, 2, 3, 6, 12, 24].find(function (n) { return spanMonths / n * 62 < box.width; }) || 48;
      months.forEach(function (m) {
        var d = new Date(m.day * 864e5), number = d.getUTCFullYear() * 12 + d.getUTCMonth();
        if (number % every !== 0) { return; }
        var tick = digonce.el("span", d.getUTCMonth() === 0 ? "year" : "", d.getUTCMonth() === 0 ? String(d.getUTCFullYear()) : digonce.date(m.day).slice(0, 7));
        tick.style.left = (x(m.day) / box.width * 100) + "%";
        ticks.appendChild(tick);
      });
      if (asOf >= low && asOf <= high) {
        var flag = digonce.el("span", "asof", say("provenance.as_of"));
        flag.style.left = (x(asOf) / box.width * 100) + "%";
        ticks.appendChild(flag);
      }
    }

    window.addEventListener("resize", draw);
  };
})(window.digonce);
