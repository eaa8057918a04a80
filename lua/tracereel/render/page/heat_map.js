// Tells of the cell of a heat map that the pointer or the arrow keys are at.
(function (page) {
  "use strict";

  var arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  // A cell of a heat map is a place in its columns and rows; what it holds is in the tooltip of its rectangle.
  function makeReadable(plot) {
    var columns = JSON.parse(plot.dataset.columns), rows = JSON.parse(plot.dataset.rows);
    var height = Number(plot.dataset.rowHeight), at = plot.dataset.start.split(",").map(Number);
    var chart = plot.querySelector("svg"), cursor = plot.querySelector(".heat-cursor");
    var readout = plot.closest("figure").querySelector(".readout"), cells = new Map(), empty = new Map();

    function columnOf(rect) { return Math.round(parseFloat(rect.getAttribute("x")) / 100 * columns.length); }
    chart.querySelectorAll("rect").forEach(function (rect) {
      var title = rect.querySelector("title");
      if (title && rect.classList.contains("heat-none")) {
        empty.set(columnOf(rect), title.textContent);
      } else if (title) {
        cells.set(columnOf(rect) + "," + Math.round(rect.getAttribute("y") / height), title.textContent);
      }
    });

    function show(column, row) {
      at = [Math.max(0, Math.min(columns.length - 1, column)), Math.max(0, Math.min(rows.length - 1, row))];
      cursor.setAttribute("x", 100 * at[0] / columns.length + "%");
      cursor.setAttribute("width", 100 / columns.length + "%");
      cursor.setAttribute("y", at[1] * height);
      cursor.classList.add("shown");
      readout.textContent = cells.get(at.join(",")) || empty.get(at[0])
        || columns[at[0]] + ", " + rows[at[1]] + ": no " + plot.dataset.unit;
    }
    function hide() {
      cursor.classList.remove("shown");
      readout.textContent = "";
    }

    plot.tabIndex = 0;
    plot.setAttribute("role", "application");
    plot.addEventListener("focus", function () { show(at[0], at[1]); });
    plot.addEventListener("blur", hide);
    plot.addEventListener("keydown", function (event) {
      var by = arrows[event.key];
      if (by && !event.altKey && !event.ctrlKey && !event.metaKey) {
        show(at[0] + by[0], at[1] + by[1]);
        event.preventDefault();
      } else if (event.key === "Home" || event.key === "End") {
        show(event.key === "Home" ? 0 : columns.length - 1, at[1]);
        event.preventDefault();
      }
    });
    plot.addEventListener("pointermove", function (event) {
      var place = chart.getBoundingClientRect();
      show(Math.floor((event.clientX - place.left) / place.width * columns.length),
        Math.floor((event.clientY - place.top) / height));
    });
    plot.addEventListener("pointerleave", function () {
      if (document.activeElement !== plot) {
        hide();
      }
    });
  }

  page.onStart(function () {
    document.querySelectorAll(".heat-plot").forEach(makeReadable);
  });
})(tracereelPage);
