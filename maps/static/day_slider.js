/* One slider of days for both plans: a day, the month around it, or all of the time. */
(function (digonce) {
  "use strict";

  var say = digonce.say, PLAY_MS = 350;

  function monthStart(day, plus) {
    var d = new Date(day * 864e5);
    return Math.round(Date.UTC(d.getUTCFullYear(), d.getUTCMonth() + (plus || 0), 1) / 864e5);
  }

  /* `openings` has first and last day of each opening, filed and scheduled; `changed` is called anew. */
  digonce.DaySlider = function (openings, asOf, changed) {
    var self = this, input = document.getElementById("day"), histogram = document.getElementById("histogram"), timer = null;
    var days = ["filed", "scheduled"].reduce(function (all, plan) { return all.concat(openings[plan].first, openings[plan].last); }, []);
    function end(pick, other) { return days.reduce(function (best, day) { return pick(best, day); }, days.length ? days[0] : other); }
    var low = monthStart(end(Math.min, asOf)), high = monthStart(Math.max(end(Math.max, asOf), low + 31), 1) - 1;
    var months = countMonths();
    this.scale = "all";

    input.min = low;
    input.max = high;
    input.value = Math.min(high, Math.max(low, asOf));
    input.addEventListener("input", function () { if (self.scale === "all") { self.scale = "day"; } tell(); });

    /* [first, last] day that is looked at, inclusive. */
    this.range = function () {
      var day = +input.value;
      return self.scale === "all" ? [-Infinity, Infinity] : self.scale === "day" ? [day, day] : [monthStart(day), monthStart(day, 1) - 1];
    };

    this.contains = function (first, last) { var r = self.range(); return first <= r[1] && last >= r[0]; };

    this.set = function (day, scale) {
      input.value = Math.min(high, Math.max(low, day));
      self.scale = scale || self.scale;
      tell();
    };

    /* How many openings lie in what is looked at. */
    this.count = function (plan) {
      var all = openings[plan], n = 0;
      for (var i = 0; i < all.first.length; i++) { if (self.contains(all.first[i], all.last[i])) { n++; } }
      return n;
    };

    this.refresh = show;

    document.getElementById("play").addEventListener("click", function () {
      if (timer) { stop(); return; }
      if (self.scale === "all") { self.set(low, "month"); }
      timer = window.setInterval(function () {
        var day = +input.value, next = self.scale === "month" ? monthStart(day, 1) : day + 7;
        self.set(next > high ? low : next);
      }, PLAY_MS);
      show();
    });

    document.querySelectorAll("[data-scale]").forEach(function (b) {
      b.addEventListener("click", function () { stop(); self.set(+input.value, b.dataset.scale); });
    });

    function stop() { window.clearInterval(timer); timer = null; show(); }

    function tell() { show(); changed(); }

    function countMonths() {
      var found = [];
      for (var day = low; day <= high; day = monthStart(day, 1)) { found.push({ day: day, end: monthStart(day, 1) - 1, filed: 0, scheduled: 0 }); }
      ["filed", "scheduled"].forEach(function (plan) {
        openings[plan].first.forEach(function (first, i) {
          found.forEach(function (m) { if (first <= m.end && openings[plan].last[i] >= m.day) { m[plan]++; } });
        });
      });
      return found;
    }

    function show() {
      var r = self.range(), play = document.getElementById("play"), day = +input.value;
      play.firstChild.textContent = timer ? "❚❚" : "▶";
      play.setAttribute("aria-pressed", String(!!timer));
      play.setAttribute("aria-label", say(timer ? "pause" : "play"));
      play.title = say(timer ? "pause" : "play");
      document.querySelectorAll("[data-scale]").forEach(function (b) { b.setAttribute("aria-checked", String(b.dataset.scale === self.scale)); });
      var text = self.scale === "all" ? digonce.date(low) + " ~ " + digonce.date(high) : self.scale === "day" ? digonce.date(day) : digonce.date(day).slice(0, 7);
      input.setAttribute("aria-valuetext", text);
      digonce.clear(document.getElementById("range")).appendChild(document.createTextNode(text));
      draw(r);
    }

    function draw(r) {
      var box = histogram.getBoundingClientRect(), ratio = window.devicePixelRatio || 1, ctx = histogram.getContext("2d");
      if (!box.width) { return; }
      histogram.width = box.width * ratio;
      histogram.height = box.height * ratio;
      ctx.scale(ratio, ratio);
      var most = Math.max.apply(null, months.map(function (m) { return Math.max(m.filed, m.scheduled); }).concat([1])), h = box.height;
      function x(day) { return (day - low) / (high - low) * box.width; }
      months.forEach(function (m) {
        var left = x(m.day), wide = Math.max(2, x(m.end) - left - 2), inside = m.end >= r[0] && m.day <= r[1];
        ctx.fillStyle = inside ? "#5d86c0" : "#c3cfdf";
        ctx.fillRect(left + 1, h - m.scheduled / most * (h - 4), wide, m.scheduled / most * (h - 4));
        ctx.strokeStyle = inside ? "#14263f" : "#8b98ab";
        ctx.lineWidth = 1;
        ctx.strokeRect(left + 1.5, h - m.filed / most * (h - 4), wide - 1, m.filed / most * (h - 4));
      });
      var ticks = digonce.clear(document.getElementById("ticks"));
      var every = [1, 2, 3, 6, 12, 24].find(function (n) { return months.length / n * 62 < box.width; }) || 48;
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

    window.addEventListener("resize", function () { draw(self.range()); });
  };
})(window.digonce);
