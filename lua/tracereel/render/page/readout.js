// Values of charts where the pointer is, where the focus is, and where a finger has tapped.
(function (page) {
  "use strict";

  var tip = page.element("div", { class: "tip", role: "status", hidden: "" }), titles = new WeakMap(), shownFor = null;

  // Places the tip beside a point of the window, inside it.
  page.showTip = function (words, x, y) {
    if (tip.textContent !== words) { tip.textContent = words; }
    tip.hidden = false;
    var box = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(x + 12, document.documentElement.clientWidth - box.width - 8)) + "px";
    tip.style.top = (y + 18 + box.height > window.innerHeight ? Math.max(4, y - box.height - 10) : y + 16) + "px";
  };
  page.hideTip = function () { tip.hidden = true; shownFor = null; };

  // The words of a shape: its title, which then is no tooltip of the browser's any more.
  function wordsOf(shape) {
    if (!titles.has(shape)) {
      var title = Array.from(shape.children).find(function (each) { return each.localName === "title"; });
      titles.set(shape, title ? title.textContent : null);
      if (title) { title.remove(); }
    }
    return titles.get(shape);
  }

  function pointed(event) {
    var chart = event.target.closest && event.target.closest("svg.chart");
    if (!chart || chart.closest(".heat-plot, .own-readout")) {
      if (shownFor) { page.hideTip(); }
      return;
    }
    var shape = event.target.closest("rect, circle, path");
    var words = shape && wordsOf(shape) || chart.getAttribute("aria-label");
    if (words) {
      shownFor = chart;
      page.showTip(words, event.clientX, event.clientY);
    } else if (shownFor) {
      page.hideTip();
    }
  }

  // The charts of a list are one stop of the Tab key; arrows go from one to the next.
  function makeReachable(list) {
    var charts = Array.from(list.querySelectorAll("svg.chart[role=img]"));
    charts.forEach(function (chart, place) {
      chart.setAttribute("tabindex", place === 0 ? "0" : "-1");
      chart.addEventListener("focus", function () {
        var box = chart.getBoundingClientRect();
        shownFor = chart;
        page.showTip(chart.getAttribute("aria-label"), box.left, box.bottom - 12);
      });
      chart.addEventListener("blur", page.hideTip);
      chart.addEventListener("keydown", function (event) {
        var step = { ArrowDown: 1, ArrowUp: -1 }[event.key], next = place;
        do { next += step || charts.length; } while (charts[next] && !charts[next].checkVisibility());
        if (step && charts[next]) {
          chart.setAttribute("tabindex", "-1");
          charts[next].setAttribute("tabindex", "0");
          charts[next].focus();
          event.preventDefault();
        }
      });
    });
  }

  page.onStart(function () {
    document.body.append(tip);
    document.addEventListener("pointermove", pointed);
    document.addEventListener("pointerdown", pointed);
    document.addEventListener("keydown", function (event) {
      if (event.key === "Escape") { page.hideTip(); }
    });
    document.querySelectorAll(".distributions, .curves").forEach(makeReachable);
  });
})(tracereelPage);
