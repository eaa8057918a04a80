-- The page's style. Colours are in one place for light and one for dark; each pair of text and ground has a contrast of
-- at least 4.5.
return [[
:root {
  color-scheme: light dark;
  --ground: #ffffff; --raised: #f6f7f9; --text: #1b1f24; --muted: #57606a; --line: #d5dae0; --grid: #e6e9ed;
  --link: #0b5cad; --run: #4a86c8; --queue: #a3adb8; --suspended: #dca432; --retry: #cf4c37; --loop: #2f978a;
  --good: #2e7d4f; --bad: #b3261e; --bad-ground: #fdeeec; --warn-ground: #fdf6e3; --hatch: #ffffff;
  --heat-1: #c9def0; --heat-2: #a3c7e4; --heat-3: #78add5; --heat-4: #4f91c2; --heat-5: #3275a9; --heat-6: #1c5788;
  --heat-7: #0a3861;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171b; --raised: #1d2126; --text: #e4e7eb; --muted: #a0a9b4; --line: #363c44; --grid: #262b31;
    --link: #79b4f2; --run: #5f9bdc; --queue: #6d7783; --suspended: #cf9a2e; --retry: #e0644d; --loop: #45ab9d;
    --good: #6cc08f; --bad: #ff9a8d; --bad-ground: #3a1d1a; --warn-ground: #322a17; --hatch: #14171b;
    --heat-1: #1f3a54; --heat-2: #285174; --heat-3: #346a98; --heat-4: #4a87bb; --heat-5: #6fa6d5; --heat-6: #9fc7ea;
    --heat-7: #d9ebfa;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 1240px; padding: 28px 24px 40px; background: var(--ground); color: var(--text);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: break-word;
}
h1 { font-size: 24px; line-height: 1.2; margin: 0 0 4px; }
h2 { font-size: 17px; margin: 0 0 4px; }
h3 { font-size: 14px; margin: 20px 0 4px; }
p { margin: 0 0 8px; }
a { color: var(--link); }
code { font: 12.5px/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
section { margin-top: 36px; }
.note, .where { color: var(--muted); max-width: 78ch; }
.where { max-width: none; }
.where b { font-weight: 600; color: var(--text); }
.notices { list-style: none; margin: 16px 0 0; padding: 0; }
.notices li { border-left: 3px solid var(--line); background: var(--raised); padding: 6px 12px; margin-top: 6px; }
.notices li.damage { border-color: var(--bad); background: var(--bad-ground); }
.notices li.damage b { color: var(--bad); }
.notices li.warning { border-color: var(--suspended); background: var(--warn-ground); }

.numbers {
  display: grid; grid-template-columns: repeat(6, 1fr); gap: 1px; margin: 20px 0 0;
  background: var(--line); border: 1px solid var(--line);
}
.numbers > div { background: var(--ground); padding: 10px 14px; }
.numbers dt { color: var(--muted); font-size: 12.5px; }
.numbers dd { margin: 0; }
.numbers .value { font-size: 22px; line-height: 1.3; }
.numbers .detail { color: var(--muted); font-size: 12.5px; }

.scroller { overflow-x: auto; border: 1px solid var(--line); margin-top: 8px; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th, td { padding: 5px 8px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--grid); }
tbody tr:last-child > * { border-bottom: 0; }
thead th {
  white-space: normal; vertical-align: bottom; font-weight: 600; color: var(--muted); background: var(--raised);
  border-bottom: 1px solid var(--line);
}
thead th[aria-sort="ascending"], thead th[aria-sort="descending"] { color: var(--text); }
th button {
  all: unset; cursor: pointer; padding: 2px 0;
  text-decoration: underline dotted transparent; text-underline-offset: 3px;
}
th button:hover { text-decoration-color: currentColor; }
th button:focus-visible, .toggle:focus-visible, .scroller:focus-visible, summary:focus-visible {
  outline: 2px solid var(--link); outline-offset: 2px;
}
th[aria-sort="ascending"] button::after { content: " \2191"; }
th[aria-sort="descending"] button::after { content: " \2193"; }
tbody tr:hover > * { background: var(--raised); }
td.zero { color: var(--muted); }
td.errors:not(.zero) { color: var(--bad); }
th.node { text-align: left; position: sticky; left: 0; background: var(--ground); z-index: 1; }
thead th.node { background: var(--raised); }
tbody th { font-weight: 400; }
td.busy > div { display: flex; align-items: center; gap: 10px; }
th.busy { text-align: left; }
.busy-bar { width: 120px; flex: none; }
td.busy span { margin-left: auto; }
.node-name {
  display: inline-block; max-width: 22ch; overflow: hidden; text-overflow: ellipsis; vertical-align: bottom;
}
.node-name b { font-weight: 600; }
.scripted .compact .extra { display: none; }
.scripted .toggle { display: inline-block; }
.toggle {
  display: none; font: inherit; font-size: 13px; color: var(--text); background: var(--raised); cursor: pointer;
  border: 1px solid var(--line); border-radius: 3px; padding: 3px 10px; margin-top: 8px;
}
.nowrap { white-space: nowrap; }
.shifts { margin: 8px 0; padding-left: 20px; }
.better { color: var(--good); font-weight: 600; }
.worse { color: var(--bad); font-weight: 600; }
.for-readers { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }

.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 4px 0 0; padding: 0; }
.legend { color: var(--muted); font-size: 12.5px; }
.swatch { display: inline-block; width: 12px; height: 10px; margin-right: 6px; }
.swatch.run { background: var(--run); } .swatch.queue { background: var(--queue); }
.swatch.suspended { background: var(--suspended); } .swatch.retry { background: var(--retry); }
.swatch.loop { background: var(--loop); } .swatch.makespan { background: var(--muted); }
.swatch.critical { height: 3px; background: var(--text); vertical-align: middle; }
.swatch.estimated { background: repeating-linear-gradient(45deg, var(--run) 0 3px, var(--hatch) 3px 5px); }

.chart { display: block; overflow: visible; }
.chart text { fill: var(--muted); font-size: 11.5px; }
.chart text.strong { fill: var(--text); }
.chart rect.run, .chart path.run { fill: var(--run); }
.chart rect.queue, .chart path.queue { fill: var(--queue); }
.chart rect.suspended, .chart path.suspended { fill: var(--suspended); }
.chart rect.retry { fill: var(--retry); }
.chart path.slack { fill: var(--queue); }
.chart path.iteration, .chart rect.loop { fill: var(--loop); }
.chart path.makespan, .chart path.in-flight { fill: var(--muted); }
.chart path.in-flight { fill-opacity: 0.45; }
.chart rect.critical { fill: var(--text); }
.chart rect.complete { fill: var(--good); } .chart rect.failed { fill: var(--bad); }
.chart rect.open { fill: var(--queue); }
.chart rect.estimated { fill: url(#hatch); }
.chart rect.break { fill: var(--raised); }
.chart circle { fill: var(--text); }
.chart line { stroke: var(--line); shape-rendering: crispEdges; }
.chart line.grid { stroke: var(--grid); }
.chart line.range { stroke: var(--muted); }
.chart line.mark { stroke: var(--text); stroke-width: 2; }
.chart line.break { stroke: var(--muted); stroke-dasharray: 3 3; }
#hatch path { stroke: var(--hatch); stroke-width: 2; }
.definitions { position: absolute; width: 0; height: 0; }

.heat { margin: 14px 0 0; }
.heat figcaption { min-height: 21px; }
.heat .readout { color: var(--muted); margin-left: 8px; }
.heat-body { display: grid; grid-template-columns: 64px minmax(0, 1fr); column-gap: 10px; margin-top: 4px; }
.heat-wide .heat-body { grid-template-columns: 170px minmax(0, 1fr); }
.heat-labels { font-size: 11.5px; line-height: 17px; color: var(--muted); text-align: right; }
.heat-labels > div { height: 17px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.heat-wide .heat-labels { font-size: 12.5px; text-align: left; color: var(--text); }
.heat-plot:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.heat .chart rect { shape-rendering: crispEdges; }
.heat .chart .heat-cursor { fill: none; stroke: var(--text); stroke-width: 2; visibility: hidden; }
.heat .chart .heat-cursor.shown { visibility: visible; }
.heat .legend { margin-left: 74px; }
.heat-wide .legend { margin-left: 180px; }
.heat .swatch { width: 16px; }
.heat .swatch.heat-none { border: 1px solid var(--line); }
.chart line.heat-gap { stroke: var(--ground); }
.chart rect.heat-none { fill: var(--raised); } .swatch.heat-none { background: var(--raised); }
.chart rect.heat-1 { fill: var(--heat-1); } .swatch.heat-1 { background: var(--heat-1); }
.chart rect.heat-2 { fill: var(--heat-2); } .swatch.heat-2 { background: var(--heat-2); }
.chart rect.heat-3 { fill: var(--heat-3); } .swatch.heat-3 { background: var(--heat-3); }
.chart rect.heat-4 { fill: var(--heat-4); } .swatch.heat-4 { background: var(--heat-4); }
.chart rect.heat-5 { fill: var(--heat-5); } .swatch.heat-5 { background: var(--heat-5); }
.chart rect.heat-6 { fill: var(--heat-6); } .swatch.heat-6 { background: var(--heat-6); }
.chart rect.heat-7 { fill: var(--heat-7); } .swatch.heat-7 { background: var(--heat-7); }

.row { display: grid; grid-template-columns: 170px minmax(0, 1fr) 200px; column-gap: 14px; align-items: center; }
.row > .label { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.row > .label small, .row > .figures { color: var(--muted); font-size: 12.5px; }
.row > .figures { text-align: right; white-space: nowrap; }
.row > .figures b { font-weight: 400; color: var(--text); }
.distributions .row { border-bottom: 1px solid var(--grid); }
.waterfall .row { grid-template-columns: 130px minmax(0, 1fr) 90px; }
details { margin-top: 10px; }
summary { cursor: pointer; padding: 3px 0; }
summary .detail { color: var(--muted); }
.trace { border-top: 1px solid var(--line); padding-top: 6px; }
.trace .waterfall { margin: 6px 0 14px; }
footer {
  margin-top: 44px; padding-top: 10px; border-top: 1px solid var(--line); color: var(--muted); font-size: 12.5px;
}

@media (max-width: 1040px) {
  .numbers { grid-template-columns: repeat(3, 1fr); }
}
@media (max-width: 900px) {
  .chart .minor { display: none; }
}
@media (max-width: 640px) {
  body { padding: 18px 14px 32px; }
  .distributions .row { grid-template-columns: minmax(0, 1fr) auto; padding-top: 6px; }
  .distributions .row > .chart { grid-column: 1 / -1; grid-row: 2; }
  .waterfall .row { grid-template-columns: 84px minmax(0, 1fr) 62px; column-gap: 8px; font-size: 12.5px; }
  .heat-body { grid-template-columns: 48px minmax(0, 1fr); column-gap: 6px; }
  .heat-wide .heat-body { grid-template-columns: 96px minmax(0, 1fr); }
  .heat .legend, .heat-wide .legend { margin-left: 0; }
  .node-name { max-width: 13ch; }
  .busy-bar { width: 90px; }
  .numbers { grid-template-columns: 1fr 1fr; }
  .numbers > div { padding: 8px 10px; }
  .numbers .value { font-size: 19px; }
}
@media print {
  :root {
    color-scheme: light;
    --ground: #ffffff; --raised: #f6f7f9; --text: #000000; --muted: #444444; --line: #bbbbbb; --grid: #dddddd;
    --link: #000000; --bad: #9b1c15; --bad-ground: #ffffff; --warn-ground: #ffffff; --hatch: #ffffff;
    --heat-1: #c9def0; --heat-2: #a3c7e4; --heat-3: #78add5; --heat-4: #4f91c2; --heat-5: #3275a9; --heat-6: #1c5788;
    --heat-7: #0a3861;
  }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  .scroller { overflow: visible; border: 0; }
  .numbers { grid-template-columns: repeat(3, 1fr); }
  table, table code { font-size: 7pt; }
  th, td { padding: 2px 3px; }
  th.node { position: static; }
  .busy-bar { width: 40px; }
  .node-name { max-width: 16ch; }
  .toggle, .scripted .toggle { display: none; }
  .row, tr, .heat, .numbers > div { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
]]
