// The filter box: its words and the chosen stretch of time decide what the tables, the charts and the traces show.
(function (page) {
  "use strict";

  var listeners = [], terms = [], range = null;
  page.onFilter = function (listener) { listeners.push(listener); };

  page.nodeLabel = function (id) {
    var name = (page.data.names || {})[id];
    return id === 4294967295 ? "held" : name ? id + " " + name : String(id);
  };

  // A word of the box: in any field, or "node:charge", "error:declined", "id:1f", "meta:acme".
  function parse(text) {
    return text.toLowerCase().split(/\s+/).filter(Boolean).map(function (word) {
      var parts = /^(id|node|error|meta|metadata|status):(.+)$/.exec(word);
      return parts ? { field: parts[1] === "metadata" ? "meta" : parts[1], text: parts[2] } : { text: word };
    });
  }

  function matches(fields) {
    return terms.every(function (term) {
      return term.field ? (fields[term.field] || "").includes(term.text)
        : Object.keys(fields).some(function (name) { return fields[name].includes(term.text); });
    });
  }

  function lower(parts) { return parts.filter(Boolean).join("\n").toLowerCase(); }

  // What is looked at of each trace and of each node, made once.
  function prepare() {
    var nodeErrors = {};
    (page.data.traces || []).forEach(function (trace) {
      var nodes = trace.nodes = new Set(trace.lanes.map(function (lane) { return lane[0]; }));
      trace.spans.forEach(function (row) {
        if (row[7]) {
          var id = trace.lanes[row[0] || 0][0];
          (nodeErrors[id] = nodeErrors[id] || new Set()).add(trace.errors[row[7] - 1]);
        }
      });
      trace.fields = {
        id: lower([trace.id, trace.own]), status: lower([trace.status].concat(trace.why || [])),
        node: lower(Array.from(nodes, page.nodeLabel)), error: lower([trace.error].concat(trace.errors || [])),
        meta: lower([trace.meta])
      };
    });
    page.nodeFields = function (id) {
      return { node: page.nodeLabel(id).toLowerCase(), error: lower(Array.from(nodeErrors[id] || [])) };
    };
  }

  page.matchesNode = function (id) { return terms.length > 0 && matches(page.nodeFields(id)); };

  function show(element, isShown) { element.classList.toggle("filtered-out", !isShown); return isShown ? 1 : 0; }

  function rows(selector, isShown) {
    var all = document.querySelectorAll(selector), count = 0;
    all.forEach(function (row) { count += show(row, isShown(row)); });
    return [count, all.length];
  }

  function apply() {
    var traces = page.data.traces || [], ofTraces = new Set(), answers = new Map();
    traces.forEach(function (trace) {
      trace.isShown = matches(trace.fields)
        && (!range || trace.at <= range[1] && trace.at + trace.makespan >= range[0]);
      if (trace.isShown) { trace.nodes.forEach(function (id) { ofTraces.add(id); }); }
    });
    function direct(id) {
      if (!answers.has(id)) { answers.set(id, matches(page.nodeFields(id))); }
      return answers.get(id);
    }
    var nodes = Array.from(document.querySelectorAll("[data-node]"), function (each) { return +each.dataset.node; });
    var isDirect = nodes.some(direct);
    var counts = [
      ["traces", rows("tr[data-trace]", function (row) { return traces[row.dataset.trace].isShown; })],
      ["nodes", rows("#nodes-table tr[data-node]", function (row) {
        return !terms.length || (isDirect ? direct : ofTraces.has.bind(ofTraces))(+row.dataset.node);
      })],
      [document.body.dataset.entries || "rows", rows("[data-entry]", function (row) {
        return matches({ any: row.textContent.toLowerCase() });
      })]
    ];
    rows("[data-node]:not(#nodes-table tr)", function (row) {
      return !terms.length || (isDirect ? direct : ofTraces.has.bind(ofTraces))(+row.dataset.node);
    });
    rows("details[data-trace]", function (row) { return traces[row.dataset.trace].isShown; });
    var words = counts.filter(function (each) { return each[1][1]; }).map(function (each) {
      return each[1][0] + " of " + each[1][1] + " " + each[0];
    });
    document.getElementById("filter-count").textContent = terms.length || range ? words.join(", ") : "";
    document.getElementById("whole-time").hidden = !range;
    listeners.forEach(function (listener) { listener(terms, range); });
  }

  // Only what was open between two times, ns since the first; null: all.
  page.setTime = function (chosen) { range = chosen; apply(); };

  page.onStart(function () {
    var box = document.getElementById("filter"), waiting;
    if (!box) { return; }
    prepare();
    box.addEventListener("input", function () {
      clearTimeout(waiting);
      waiting = setTimeout(function () { terms = parse(box.value); apply(); }, 60);
    });
    box.form.addEventListener("submit", function (event) { event.preventDefault(); });
    document.addEventListener("keydown", function (event) {
      if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(event.target.tagName) && !event.ctrlKey) {
        box.focus();
        event.preventDefault();
      }
    });
  });
})(tracereelPage);
