// How many traces were open: zoomed, read at every point, and a stretch of it chosen for the tables and traces.
(function (page) {
  "use strict";

  function start(data, section) {
    var chart = section.querySelector("svg.chart"), points = data.points, span = points[points.length - 1][0];
    var top = 18, height = 150, at = null;
    var holder = page.element("div", { class: "own-readout in-flight-view", tabindex: "0", role: "application",
      "aria-label": "Traces in flight over time: arrow keys read it, plus and minus zoom, 0 shows all" });
    chart.replaceWith(holder);
    holder.append(chart);
    var said = page.element("p", { class: "readout", role: "status" });
    var view = page.timeView({
      chart: holder, changed: draw, place: function () { return holder.getBoundingClientRect(); },
      brushed: choose, cursor: function () { return at === null ? undefined : points[at][0] / span; }
    });

    function choose(from, to) { page.setTime([from * span, to * span]); }
    function all() { view.set(0, 1); page.setTime(null); }
    function clock(ns, step) {
      var text = new Date(data.begin_ms + ns / 1e6).toISOString();
      return step >= 86400e9 ? text.slice(0, 10) : step >= 60e9 ? text.slice(span >= 86400e9 ? 5 : 11, 16).replace("T", " ")
        : text.slice(11, step >= 1e9 ? 19 : 23);
    }
    function stairs(most) {
      var d = "", last = null;
      points.forEach(function (point, place) {
        var next = place + 1 < points.length ? points[place + 1][0] : span;
        var from = view.share(point[0] / span), to = view.share(next / span);
        if (to < 0 || from > 1) { return; }
        var y = 1000 - 1000 * point[1] / most;
        d += (last === null ? "M" + 1000 * Math.max(0, from) + ",1000 V" + y : "V" + y) + " H" + 1000 * Math.min(1, to);
        last = y;
      });
      return d + " V1000 Z";
    }
    function draw() {
      var most = 1, stretch = (view.to - view.from) * span, step = page.roundStep(stretch, chart.clientWidth / 110);
      points.forEach(function (point, place) {
        var next = place + 1 < points.length ? points[place + 1][0] : span;
        if (next / span >= view.from && point[0] / span <= view.to) { most = Math.max(most, point[1]); }
      });
      var parts = [page.svg("svg", { x: 0, y: top, width: "100%", height: height, viewBox: "0 0 1000 1000",
        preserveAspectRatio: "none" }, page.svg("path", { class: "in-flight", d: stairs(most) }))];
      [0, 0.5, 1].forEach(function (share) {
        var y = top + height * (1 - share), count = most * share;
        if (count !== Math.round(count)) { return; }
        parts.push(page.svg("line", { class: "grid", x1: 0, x2: "100%", y1: y, y2: y }),
          page.svg("text", { class: "strong", x: 0, y: y, dy: -3 }, String(count)));
      });
      // Marks stand at round times of the clock.
      var begin = data.begin_ms * 1e6, first = Math.ceil((begin + view.from * span) / step) * step - begin;
      for (var ns = first; ns <= view.to * span && parts.length < 60; ns += step) {
        var share = view.share(ns / span);
        parts.push(page.svg("line", { class: "tick", x1: 100 * share + "%", x2: 100 * share + "%", y1: top + height,
          y2: top + height + 5 }), page.svg("text", { x: 100 * share + "%", y: top + height + 18,
          "text-anchor": share < 0.06 ? "start" : share > 0.94 ? "end" : "middle" }, clock(ns, step)));
      }
      if (at !== null) {
        var x = 100 * view.share(points[at][0] / span) + "%";
        parts.push(page.svg("line", { class: "mark", x1: x, x2: x, y1: top, y2: top + height }));
      }
      chart.replaceChildren.apply(chart, parts);
    }
    function read(place) {
      at = Math.max(0, Math.min(points.length - 1, place));
      said.textContent = clock(points[at][0], 1) + " UTC: " + points[at][1] + " open";
      var share = points[at][0] / span;
      if (share < view.from || share > view.to) { view.move(share < view.from ? -0.5 : 0.5); }
      draw();
    }
    holder.addEventListener("pointermove", function (event) {
      var ns = view.at(event.clientX) * span, place = points.findIndex(function (point) { return point[0] > ns; });
      read((place < 0 ? points.length : place) - 1);
    });
    holder.addEventListener("keydown", function (event) {
      var by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (by) {
        read(at === null ? 0 : at + by);
        event.preventDefault();
      } else if (event.key === "Enter") {
        choose(view.from, view.to);
      } else if (event.key === "Escape" || event.key === "0") {
        all();
      } else {
        view.key(event);
      }
    });
    holder.before(page.viewTools(view, "Drag over a stretch to zoom and to list only its traces; Ctrl and wheel, two "
      + "fingers, or + and − zoom; Enter lists what is in view.", all));
    holder.after(said);
    document.getElementById("whole-time").addEventListener("click", all);
    new ResizeObserver(draw).observe(holder);
  }

  page.onStart(function () {
    var section = document.getElementById("in-flight");
    if (section && page.data.in_flight) { start(page.data.in_flight, section); }
  });
})(tracereelPage);
