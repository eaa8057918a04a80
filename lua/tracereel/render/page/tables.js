// Tables that are sorted by a click on a heading, and buttons that show more of their columns.
(function (page) {
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

  page.onStart(function () {
    document.querySelectorAll("table.sortable").forEach(makeSortable);
    document.querySelectorAll("button.toggle").forEach(makeToggle);
  });
})(tracereelPage);
