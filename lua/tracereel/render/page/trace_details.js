// What is known of a trace, of an attempt and of a wait, in words.
(function (page) {
  "use strict";

  var outcomes = ["done", "failed", "started again without an end", "running"];

  function list(facts) {
    var made = page.element("dl", { class: "facts" });
    facts.forEach(function (fact) {
      if (fact && fact[1]) {
        made.append(page.element("div", {}, page.element("dt", {}, fact[0]), page.element("dd", {}, fact[1])));
      }
    });
    return made;
  }

  // What is beside the picture of a trace: what its table has no room for.
  page.traceFacts = function (trace) {
    return list([["On this page for", (trace.why || []).join(", ")], ["Trace", trace.own && trace.id], ["Last error", trace.error], ["Metadata", trace.meta]]);
  };

  // Times rest on estimated starts where ~ is in front of them.
  function time(ns, span) { return (span.estimated ? "~" : "") + page.duration(ns); }

  page.itemWords = function (item, trace) {
    var name = page.nodeLabel(trace.lanes[item.lane][0]);
    return item.isWait ? name + ": " + (item.open ? "suspended, still, for " : "suspended for ") + page.duration(item.length)
      : name + ": " + outcomes[item.outcome] + " after " + time(item.length - item.away, item)
        + (item.attempt > 1 ? ", attempt " + item.attempt : "") + (item.error ? ": " + item.error : "");
  };

  page.itemFacts = function (item, trace) {
    var began = "+" + page.duration(item.start);
    if (item.isWait) {
      return list([["Node", page.nodeLabel(trace.lanes[item.lane][0])], ["Suspended", page.duration(item.length)
        + (item.open ? " so far" : "")], ["Began", began], ["Waits for", item.kind]]);
    }
    return list([["Node", page.nodeLabel(trace.lanes[item.lane][0])],
      ["Attempt", item.attempt ? String(item.attempt) : ""], ["Outcome", outcomes[item.outcome]],
      ["Began", (item.estimated ? "~" : "") + began], ["Ran", time(item.length - item.away, item)],
      ["Suspended", item.away ? page.duration(item.away) : ""],
      ["Ready before", item.wait && !item.estimated ? page.duration(item.wait) : ""],
      ["Critical path", item.critical ? "on it" : ""], ["Error", item.error],
      ["Output", item.size ? item.size + " bytes at " + item.offset : ""]]);
  };
})(tracereelPage);
