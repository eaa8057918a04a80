// A stretch of time that is looked at: zoomed and moved by wheel, drag, fingers and keys. From 0 to 1 is all of it.
(function (page) {
  "use strict";

  var minSpan = 1e-9;

  // `chart` takes the pointer; `place()` is the rectangle that shows the stretch; `changed` draws; `brushed` gets a
  // stretch that was drawn with the pointer (nil: it is zoomed to); `wheels`: every wheel zooms, not one with Ctrl alone.
  page.timeView = function (options) {
    var view = { from: 0, to: 1 }, chart = options.chart, fingers = new Map(), drag = null, queued = false;
    var mark = page.element("div", { class: "brush", hidden: "" });
    (options.markIn || chart).append(mark);

    function changed() {
      if (!queued) {
        queued = true;
        requestAnimationFrame(function () { queued = false; options.changed(); });
      }
    }
    view.set = function (from, to) {
      var span = Math.min(1, Math.max(minSpan, to - from));
      view.from = Math.max(0, Math.min(1 - span, from));
      view.to = view.from + span;
      changed();
    };
    view.zoom = function (factor, at) {
      var middle = at === undefined ? (view.from + view.to) / 2 : at, span = (view.to - view.from) * factor;
      span = Math.min(1, Math.max(minSpan, span));
      var share = (middle - view.from) / (view.to - view.from);
      view.set(middle - share * span, middle + (1 - share) * span);
    };
    view.move = function (share) {
      var by = share * (view.to - view.from);
      view.set(view.from + by, view.to + by);
    };
    view.share = function (at) { return (at - view.from) / (view.to - view.from); };
    view.at = function (clientX) {
      var place = options.place();
      return view.from + (clientX - place.left) / place.width * (view.to - view.from);
    };
    // True where the key was one of the view's.
    view.key = function (event) {
      if (event.ctrlKey || event.metaKey || event.altKey) { return false; }
      var act = {
        "+": function () { view.zoom(0.5, options.cursor && options.cursor()); }, "=": function () { view.zoom(0.5); },
        "-": function () { view.zoom(2, options.cursor && options.cursor()); }, "0": function () { view.set(0, 1); },
        PageUp: function () { view.move(-0.8); }, PageDown: function () { view.move(0.8); }
      }[event.key];
      if (act) { act(); event.preventDefault(); }
      return Boolean(act);
    };

    function showMark(fromX, toX) {
      var box = (options.markIn || chart).getBoundingClientRect();
      mark.hidden = false;
      mark.style.left = Math.min(fromX, toX) - box.left + "px";
      mark.style.width = Math.abs(toX - fromX) + "px";
    }
    function pinch() {
      var two = Array.from(fingers.values());
      return { x: (two[0] + two[1]) / 2, wide: Math.max(8, Math.abs(two[0] - two[1])) };
    }

    chart.addEventListener("wheel", function (event) {
      if (event.ctrlKey || event.metaKey || options.wheels && !event.shiftKey && event.deltaY) {
        view.zoom(Math.exp(event.deltaY * (event.deltaMode ? 0.05 : 0.002)), view.at(event.clientX));
        event.preventDefault();
      } else if (event.deltaX || event.shiftKey) {
        view.move((event.deltaX || event.deltaY) / options.place().width);
        event.preventDefault();
      }
    }, { passive: false });

    chart.addEventListener("pointerdown", function (event) {
      if (event.button) { return; }
      fingers.set(event.pointerId, event.clientX);
      var isTouch = event.pointerType === "touch";
      drag = fingers.size === 2 ? { pinch: pinch(), from: view.from, to: view.to, at: view.at(pinch().x) }
        : { x: event.clientX, from: view.from, to: view.to, moves: isTouch || event.shiftKey };
    });
    window.addEventListener("pointermove", function (event) {
      if (!drag || !fingers.has(event.pointerId)) { return; }
      fingers.set(event.pointerId, event.clientX);
      if (drag.pinch && fingers.size === 2) {
        var now = pinch(), place = options.place(), span = (drag.to - drag.from) * drag.pinch.wide / now.wide;
        var from = drag.at - (now.x - place.left) / place.width * span;
        view.set(from, from + span);
      } else if (drag.moves) {
        var by = (drag.x - event.clientX) / options.place().width * (drag.to - drag.from);
        view.set(drag.from + by, drag.to + by);
      } else if (Math.abs(event.clientX - drag.x) > 4) {
        drag.isBrush = true;
        showMark(drag.x, event.clientX);
      }
    });
    function ended(event) {
      if (!fingers.delete(event.pointerId)) { return; }
      if (drag && drag.isBrush && event.type === "pointerup") {
        var one = view.at(drag.x), other = view.at(event.clientX);
        var from = Math.max(0, Math.min(one, other)), to = Math.min(1, Math.max(one, other));
        view.set(from, to);
        if (options.brushed) { options.brushed(from, to); }
        view.hasBrushed = true;
        setTimeout(function () { view.hasBrushed = false; }, 0);
      }
      drag = null;
      mark.hidden = true;
    }
    window.addEventListener("pointerup", ended);
    window.addEventListener("pointercancel", ended);
    return view;
  };

  // Buttons for who has no wheel, and what else there is.
  page.viewTools = function (view, hint, reset) {
    function button(label, words, act) {
      var made = page.element("button", { type: "button", "aria-label": words, title: words }, label);
      made.addEventListener("click", act);
      return made;
    }
    return page.element("div", { class: "view-tools" },
      button("−", "Zoom out", function () { view.zoom(2); }), button("+", "Zoom in", function () { view.zoom(0.5); }),
      button("All", "Show all of the time", reset || function () { view.set(0, 1); }),
      page.element("span", { class: "note" }, hint));
  };
})(tracereelPage);
