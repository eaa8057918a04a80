-- What the page does when it is clicked: it sorts tables and shows more columns; and it tells of the cell of a heat map
-- that the pointer or the arrow keys are at. Without it everything can be read.
return [=[
(function () {
  "use strict";

  // Values are whole numbers of up to 64 bits, more than a double holds.
  function valueOf(row, column) {
    var value = row.cells[column].dataset.value;
    return value === undefined ? null : BigInt(value);
  }

  function compare(a, b, isDescending) {
    if (a.value === null || b.value === null) {
      return (a.value === null) - (b.value === null) || a.place - b.place;
    }
    if (a.value === b.value) {
      return a.place - b.place;
    }
    return (a.value < b.value) === isDescending ? 1 : -1;
  }

  function sort(table, heading) {
    var body = table.tBodies[0];
    var column = heading.cellIndex;
    // Names from the top down, numbers the largest first; a second time the other way round.
    var first = heading.classList.contains("node") ? "ascending" : "descending";
    var other = first === "ascending" ? "descending" : "ascending";
    var direction = heading.getAttribute("aria-sort") === first ? other : first;
    var rows = Array.from(body.rows, function (row, place) {
      return { row: row, place: place, value: valueOf(row, column) };
    });
    rows.sort(function (a, b) { return compare(a, b, direction === "descending"); });
    rows.forEach(function (item) { body.appendChild(item.row); });
    heading.parentNode.querySelectorAll("th").forEach(function (each) {
      each.setAttribute("aria-sort", each === heading ? direction : "none");
    });
  }

  function makeSortable(table) {
    table.querySelectorAll("thead th").forEach(function (heading) {
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = heading.textContent;
      button.addEventListener("click", function () { sort(table, heading); });
      heading.replaceChildren(button);
    });
  }

  function makeToggle(button) {
    var table = document.getElementById(button.getAttribute("aria-controls"));
    button.addEventListener("click", function () {
      var isCompact = table.classList.toggle("compact");
      button.setAttribute("aria-pressed", String(!isCompact));
    });
  }

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

  // A link to a trace that is folded away opens it.
  function openTarget() {
    var target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") {
      target.open = true;
      target.scrollIntoView();
    }
  }

  document.documentElement.classList.add("scripted");
  document.querySelectorAll("table.sortable").forEach(makeSortable);
  document.querySelectorAll("button.toggle").forEach(makeToggle);
  document.querySelectorAll(".heat-plot").forEach(makeReadable);
  window.addEventListener("hashchange", openTarget);
  openTarget();
})();
]=]
