// Traces in time: a lane for each node, of which only those in view are drawn, however many there are.
(function (page) {
  "use strict";

  var laneHeight = 24, maxHeight = 20 * laneHeight, barClass = ["run", "retry", "retry", "open"];

  // The lists of numbers of trace_data.lua as attempts and waits, by their lanes.
  function decode(trace) {
    var start = 0, lanes = trace.lanes.map(function (lane) {
      return { id: lane[0], label: page.nodeLabel(lane[0]) + (lane[1] ? " (" + lane[1] + ")" : ""), items: [], ran: 0,
        waited: 0 };
    });
    trace.spans.forEach(function (row) {
      start += row[1] || 0;
      var flags = row[3] || 0, lane = row[0] || 0, item = { lane: lane, start: start, length: row[2] || 0,
        outcome: flags & 3, estimated: (flags & 4) > 0, critical: (flags & 8) > 0, wait: row[4] || 0,
        attempt: row[5] || 0, away: row[6] || 0, error: row[7] && trace.errors[row[7] - 1], size: row[8] || 0,
        offset: row[9] || 0 };
      lanes[lane].items.push(item);
      lanes[lane].ran += item.length - item.away;
      lanes[lane].isEstimated = lanes[lane].isEstimated || item.estimated;
    });
    (trace.waits || []).forEach(function (row) {
      lanes[row[0]].items.push({ isWait: true, lane: row[0], start: row[1], length: row[2], open: row[3], kind: row[4] });
      lanes[row[0]].waited += row[2];
    });
    lanes.forEach(function (lane) {
      lane.items.sort(function (a, b) { return a.start - b.start; });
      lane.from = lane.items[0].start;
      lane.to = lane.items.reduce(function (end, item) { return Math.max(end, item.start + item.length); }, 0);
    });
    return lanes;
  }

  // Times as shares of the width, in which long waits are folded; and back.
  function scaleOf(pieces, makespan) {
    var from = 0, left = 0, list = pieces.map(function (piece) {
      var made = { from: from, to: piece[0], left: left, width: piece[1], isFolded: piece[2] };
      from = piece[0];
      left += piece[1];
      return made;
    });
    return {
      pieces: list, share: function (ns) {
        var piece = list.find(function (each) { return ns <= each.to; });
        return !piece ? left : piece.left + (piece.to > piece.from ? piece.width * Math.max(0, ns - piece.from)
          / (piece.to - piece.from) : 0);
      },
      ns: function (share) {
        var piece = list.find(function (each) { return share <= each.left + each.width; });
        return !piece ? makespan : piece.from + (piece.width ? (share - piece.left) / piece.width
          * (piece.to - piece.from) : 0);
      }
    };
  }

  function Waterfall(holder, trace) {
    this.trace = trace;
    this.lanes = decode(trace);
    this.shown = [];
    this.scale = scaleOf(trace.pieces, trace.makespan);
    this.build(holder);
  }

  Waterfall.prototype.build = function (holder) {
    var self = this;
    this.axis = page.svg("svg", { class: "chart scale", width: "100%", height: 20, "aria-hidden": "true" });
    this.above = page.element("div", {});
    this.below = page.element("div", {});
    this.rows = page.element("div", {});
    this.box = page.element("div", { class: "lanes own-readout", tabindex: "0", role: "application", "aria-label":
      "Attempts of trace " + (this.trace.own || this.trace.id) + ": arrow keys go over them, Enter zooms to one, plus and "
      + "minus zoom, 0 shows all" }, this.above, this.rows, this.below);
    this.head = page.element("div", { class: "row scale" }, page.element("div", {}), this.axis,
      page.element("div", { class: "figures" }, "run"));
    this.details = page.element("div", { class: "details", role: "status" });
    this.body = page.element("div", { class: "waterfall live" }, this.head, this.box);
    this.view = page.timeView({
      chart: this.body, markIn: this.body, changed: function () { self.draw(); },
      place: function () { return self.axis.getBoundingClientRect(); },
      cursor: function () { return self.at ? self.scale.share(self.at.start + self.at.length / 2) : undefined; }
    });
    var left = this.trace.left ? page.element("p", { class: "note" }, "Not here: " + this.trace.left
      + " shorter attempts and suspensions. See ", page.element("code", {}, "tracereel show " + this.trace.id), ".") : null;
    holder.replaceChildren(page.traceFacts(this.trace), page.viewTools(this.view, ""), this.body, this.details);
    if (left) { holder.append(left); }
    this.listen();
    this.filter();
    new ResizeObserver(function () { self.draw(); }).observe(this.box);
  };

  Waterfall.prototype.filter = function () {
    var chosen = this.lanes.filter(function (lane) { return page.matchesNode(lane.id); });
    this.chosen = chosen.length ? chosen : this.lanes;
    this.draw();
  };

  // Of very many lanes only those are shown in which something is in view.
  Waterfall.prototype.choose = function () {
    var from = this.scale.ns(this.view.from), to = this.scale.ns(this.view.to);
    var shown = this.chosen.length * laneHeight <= maxHeight || this.view.to - this.view.from === 1 ? this.chosen
      : this.chosen.filter(function (lane) { return lane.from <= to && lane.to >= from; });
    if (shown.length !== this.shown.length || shown[0] !== this.shown[0]) {
      this.shown = shown;
      this.box.style.height = Math.min(maxHeight, Math.max(1, shown.length) * laneHeight) + "px";
      this.box.scrollTop = this.at ? shown.indexOf(this.lanes[this.at.lane]) * laneHeight - maxHeight / 2 : 0;
    }
  };

  Waterfall.prototype.x = function (ns) { return this.view.share(this.scale.share(ns)); };

  Waterfall.prototype.ticks = function () {
    var self = this, wide = this.axis.clientWidth || 600, ticks = [], folds = [];
    this.scale.pieces.forEach(function (piece) {
      var from = Math.max(piece.left, self.view.from), to = Math.min(piece.left + piece.width, self.view.to);
      if (to <= from) { return; }
      if (piece.isFolded) {
        folds.push({ from: self.view.share(piece.left), to: self.view.share(piece.left + piece.width),
          label: page.duration(piece.to - piece.from) });
        return;
      }
      var pixels = (to - from) / (self.view.to - self.view.from) * wide, begin = self.scale.ns(from), end = self.scale.ns(to);
      var step = page.roundStep(end - begin, Math.max(1, pixels / 90));
      for (var n = Math.ceil(begin / step); n * step <= end && ticks.length < 40; n++) {
        ticks.push({ x: self.x(n * step), label: page.offset(n * step, step) });
      }
    });
    return { ticks: ticks, folds: folds };
  };

  function percent(share) { return 100 * share + "%"; }

  function line(name, x, height) {
    return page.svg("line", { class: name, x1: percent(x), x2: percent(x), y1: 0, y2: height });
  }

  Waterfall.prototype.drawAxis = function (marks) {
    var parts = [], wide = this.axis.clientWidth || 600, taken = [];
    function label(x, words, name) {
      var half = words.length * 3.4 + 4, middle = Math.max(half, Math.min(wide - half, x * wide));
      if (x < -0.001 || x > 1.001 || taken.some(function (each) { return Math.abs(each[0] - middle) < each[1] + half; })) {
        return;
      }
      taken.push([middle, half]);
      parts.push(page.svg("text", { class: name, x: middle, y: 14, "text-anchor": "middle" }, words));
    }
    marks.folds.forEach(function (fold) { label((fold.from + fold.to) / 2, fold.label, "strong"); });
    marks.ticks.forEach(function (tick) { label(tick.x, tick.label, "tick"); });
    this.axis.replaceChildren.apply(this.axis, parts);
  };

  Waterfall.prototype.ground = function (marks) {
    var parts = [];
    marks.folds.forEach(function (fold) {
      parts.push(page.svg("rect", { class: "break", x: percent(fold.from), width: percent(fold.to - fold.from), y: 0,
        height: laneHeight }));
    });
    marks.ticks.forEach(function (tick) { parts.push(line("grid", tick.x, laneHeight)); });
    return parts;
  };

  // The bars of a lane. Of those that are narrower than a pixel one stands for its neighbours.
  Waterfall.prototype.bars = function (lane) {
    var self = this, parts = [], pixel = 1 / (this.axis.clientWidth || 600), last = {};
    function bar(name, from, to, y, height) {
      if (to < 0 || from > 1 || to - from < pixel && last[name] !== undefined && to - last[name] < 0.7 * pixel) { return; }
      to = Math.min(1, Math.max(to, from + pixel));
      from = Math.max(0, from);
      last[name] = to;
      parts.push(page.svg("rect", { class: name, x: percent(from), width: percent(to - from), y: y, height: height }));
    }
    lane.items.forEach(function (item) {
      var from = self.x(item.start), to = self.x(item.start + item.length);
      if (item.isWait) { return; }
      if (item.wait && !item.estimated) { bar("queue", self.x(item.start - item.wait), from, 9, 3); }
      bar(barClass[item.outcome], from, to, 5, 11);
      if (item.estimated) { bar("estimated", from, to, 5, 11); }
      if (item.critical) { bar("critical", from, to, 17, 3); }
    });
    lane.items.forEach(function (item) {
      if (item.isWait) { bar("suspended", self.x(item.start), self.x(item.start + item.length), 5, 11); }
    });
    if (this.at && this.lanes[this.at.lane] === lane) {
      var left = this.x(this.at.start), right = Math.max(this.x(this.at.start + this.at.length), left + 3 * pixel);
      parts.push(page.svg("rect", { class: "cursor", x: percent(left), width: percent(right - left), y: 3, height: 15 }));
    }
    return parts;
  };

  Waterfall.prototype.row = function (lane, marks) {
    var isWait = lane.waited && lane.waited >= lane.ran;
    return page.element("div", { class: "row" },
      page.element("div", { class: "label", title: lane.label }, lane.label),
      page.fill(page.svg("svg", { class: "chart lane", width: "100%", height: laneHeight, "aria-hidden": "true" }), {},
        this.ground(marks).concat(this.bars(lane))),
      page.element("div", { class: "figures" }, isWait ? page.element("small", {}, "suspended ") : "",
        page.element("b", {}, (lane.isEstimated && !isWait ? "~" : "") + page.duration(isWait ? lane.waited : lane.ran))));
  };

  Waterfall.prototype.draw = function () {
    this.choose();
    if (!this.box.clientHeight) { return; }
    var first = Math.max(0, Math.floor(this.box.scrollTop / laneHeight) - 2), marks = this.ticks(), self = this;
    var last = Math.min(this.shown.length, first + Math.ceil(this.box.clientHeight / laneHeight) + 5);
    this.above.style.height = first * laneHeight + "px";
    this.below.style.height = (this.shown.length - last) * laneHeight + "px";
    this.drawAxis(marks);
    this.rows.replaceChildren.apply(this.rows, this.shown.slice(first, last).map(function (lane) {
      return self.row(lane, marks);
    }));
  };

  // What is at a point of the window: the item that covers it, or the nearest within a few pixels.
  Waterfall.prototype.itemAt = function (x, y) {
    var lane = this.shown[Math.floor((y - this.box.getBoundingClientRect().top + this.box.scrollTop) / laneHeight)];
    var at = this.view.at(x), self = this, near = 5 / (this.axis.clientWidth || 600) * (this.view.to - this.view.from);
    var found = null, distance = near;
    (lane ? lane.items : []).forEach(function (item) {
      var from = self.scale.share(item.start), to = self.scale.share(item.start + item.length);
      var far = at < from ? from - at : at > to ? at - to : item.isWait ? -1 : 0;
      if (far <= distance) { found = item; distance = far; }
    });
    return found;
  };

  // Goes to an item: it is drawn, its lane is scrolled to, and what it was is said.
  Waterfall.prototype.select = function (item) {
    this.at = item;
    this.choose();
    this.details.replaceChildren(page.itemFacts(item, this.trace));
    var top = this.shown.indexOf(this.lanes[item.lane]) * laneHeight, box = this.box;
    if (top < box.scrollTop || top + laneHeight > box.scrollTop + box.clientHeight) {
      box.scrollTop = top - box.clientHeight / 2;
    }
    var middle = this.scale.share(item.start + item.length / 2), half = (this.view.to - this.view.from) / 2;
    if (middle < this.view.from || middle > this.view.to) { this.view.set(middle - half, middle + half); }
    this.draw();
  };

  Waterfall.prototype.step = function (key) {
    var lane = this.at && this.lanes[this.at.lane], place = this.shown.indexOf(lane);
    if (place < 0) { return this.shown[0] && this.shown[0].items[0]; }
    if (key === "ArrowLeft" || key === "ArrowRight") {
      return lane.items[lane.items.indexOf(this.at) + (key === "ArrowLeft" ? -1 : 1)];
    }
    var other = this.shown[place + (key === "ArrowUp" ? -1 : 1)], start = this.at.start;
    return other && other.items.reduce(function (best, item) {
      return Math.abs(item.start - start) < Math.abs(best.start - start) ? item : best;
    });
  };

  Waterfall.prototype.listen = function () {
    var self = this, box = this.box;
    box.addEventListener("scroll", function () { self.draw(); });
    box.addEventListener("pointermove", function (event) {
      var item = self.itemAt(event.clientX, event.clientY);
      if (item) { page.showTip(page.itemWords(item, self.trace), event.clientX, event.clientY); } else { page.hideTip(); }
    });
    box.addEventListener("pointerleave", page.hideTip);
    box.addEventListener("click", function (event) {
      var item = !self.view.hasBrushed && self.itemAt(event.clientX, event.clientY);
      if (item) { self.select(item); }
    });
    box.addEventListener("keydown", function (event) {
      if (/^Arrow/.test(event.key) && !event.ctrlKey && !event.altKey && !event.metaKey) {
        var item = event.shiftKey ? null : self.step(event.key);
        if (event.shiftKey) { self.view.move(event.key === "ArrowLeft" ? -0.25 : event.key === "ArrowRight" ? 0.25 : 0); }
        if (item) { self.select(item); }
        event.preventDefault();
      } else if (event.key === "Enter" && self.at) {
        var from = self.scale.share(self.at.start), to = self.scale.share(self.at.start + self.at.length);
        self.view.set(from - (to - from) * 0.2, to + (to - from) * 0.2);
      } else {
        self.view.key(event);
      }
    });
  };

  page.onStart(function () {
    var made = [];
    document.querySelectorAll("details[data-trace]").forEach(function (each) {
      var waterfall = null;
      function open() {
        if (each.open && !waterfall) {
          waterfall = new Waterfall(each.querySelector(".picture"), page.data.traces[each.dataset.trace]);
          made.push(waterfall);
        }
      }
      each.addEventListener("toggle", open);
      open();
    });
    page.onFilter(function () { made.forEach(function (each) { each.filter(); }); });
  });
})(tracereelPage);
