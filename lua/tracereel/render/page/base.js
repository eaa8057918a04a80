// What the scripts of a page share: its data, elements, and what is done when it is there.
var tracereelPage = (function () {
  "use strict";

  var page = { parts: [] }, block = document.getElementById("page-data");
  page.data = block ? JSON.parse(block.textContent) : {};

  page.onStart = function (part) { page.parts.push(part); };

  // An element with attributes, and texts or elements in it.
  page.element = function (name, attributes) {
    var made = document.createElement(name);
    return page.fill(made, attributes, Array.prototype.slice.call(arguments, 2));
  };

  page.svg = function (name, attributes) {
    var made = document.createElementNS("http://www.w3.org/2000/svg", name);
    return page.fill(made, attributes, Array.prototype.slice.call(arguments, 2));
  };

  page.fill = function (made, attributes, contents) {
    Object.keys(attributes || {}).forEach(function (key) {
      if (attributes[key] !== undefined && attributes[key] !== null && attributes[key] !== false) {
        made.setAttribute(key, attributes[key]);
      }
    });
    made.append.apply(made, contents.filter(function (each) { return each !== null && each !== undefined; }));
    return made;
  };

  var units = [["s", 1e9], ["ms", 1e6], ["µs", 1e3], ["ns", 1]];

  // As the program writes spans of time: three digits, hours and minutes where it is long.
  page.duration = function (ns) {
    if (ns >= 60e9) {
      var seconds = Math.round(ns / 1e9), hours = Math.floor(seconds / 3600), minutes = Math.floor(seconds / 60) % 60;
      var days = Math.floor(hours / 24), two = function (n) { return String(n).padStart(2, "0"); };
      return days ? days + "d" + two(hours % 24) + "h" : hours ? hours + "h" + two(minutes) + "m"
        : minutes + "m" + two(seconds % 60) + "s";
    }
    var unit = units.find(function (each) { return ns >= each[1]; }) || units[3], value = ns / unit[1];
    return (unit[1] === 1 ? String(Math.round(value)) : value.toPrecision(Math.max(3, String(Math.floor(value)).length)))
      + " " + unit[0];
  };

  // Steps of an axis: the first round one of which at most so many fit.
  var steps = [];
  [1, 1e3, 1e6].forEach(function (unit) {
    [1, 2, 5, 10, 20, 50, 100, 200, 500].forEach(function (factor) { steps.push(unit * factor); });
  });
  [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000,
    31536000].forEach(function (seconds) { steps.push(seconds * 1e9); });
  page.roundStep = function (span, count) {
    return steps.find(function (step) { return span / step <= count; }) || span;
  };

  // A label of an axis with as many digits as its neighbours differ in.
  page.offset = function (ns, step) {
    if (ns === 0) { return "0"; }
    var unit = units.find(function (each) { return Math.abs(ns) >= each[1]; }) || units[3];
    if (Math.abs(ns) >= 60e9 && step >= 1e9) { return page.duration(ns); }
    var digits = Math.max(0, Math.min(9, Math.ceil(Math.log10(unit[1] / step) - 1e-9)));
    return (ns / unit[1]).toFixed(digits) + " " + unit[0];
  };

  return page;
})();
