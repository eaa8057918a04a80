-- JavaScript that the tests run in a page to measure it.
local page_scripts = {}

---The texts of a column of the table of nodes, from the top down. Argument: the column's title.
page_scripts.column = [[
const table = document.getElementById("nodes-table");
const titles = Array.from(table.tHead.rows[0].cells, cell => cell.textContent);
return Array.from(table.tBodies[0].rows, row => row.cells[titles.indexOf(arguments[0])].textContent);
]]

---A selector of the button of a column. Argument: the column's title.
page_scripts.button = [[
const cells = Array.from(document.getElementById("nodes-table").tHead.rows[0].cells);
const index = cells.findIndex(cell => cell.textContent === arguments[0]);
return `#nodes-table thead th:nth-child(${index + 1}) button`;
]]

page_scripts.sort_state = [[
const cells = Array.from(document.getElementById("nodes-table").tHead.rows[0].cells);
return cells.filter(cell => cell.getAttribute("aria-sort") !== "none")
  .map(cell => cell.textContent + " " + cell.getAttribute("aria-sort")).join(", ");
]]

---Texts whose contrast with their ground is below 4.5, as "text: contrast".
page_scripts.faint_texts = [[
function channels(colour) {
  const numbers = colour.match(/[\d.]+/g).map(Number);
  return { rgb: numbers.slice(0, 3), alpha: numbers.length > 3 ? numbers[3] : 1 };
}
function luminance(rgb) {
  const linear = rgb.map(value => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}
function ground(element) {
  for (let each = element; each; each = each.parentElement) {
    const colour = channels(getComputedStyle(each).backgroundColor);
    if (colour.alpha > 0) { return colour.rgb; }
  }
  return channels(getComputedStyle(document.body).backgroundColor).rgb;
}
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  const text = walker.currentNode.data.trim();
  if (text === "" || element.closest("script, title") || !element.checkVisibility()) { continue; }
  const style = getComputedStyle(element);
  const isChart = element instanceof SVGElement;
  const front = luminance(channels(isChart ? style.fill : style.color).rgb);
  const back = luminance(ground(element));
  const contrast = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
  if (contrast < 4.5) { found.push(text + ": " + contrast.toFixed(2)); }
}
return found;
]]

page_scripts.ground_luminance = [[
return getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g).slice(0, 3)
  .reduce((sum, value) => sum + Number(value), 0) / 765;
]]

---How wide the page and its window are, and how many boxes with a scroll bar of their own have something to scroll.
page_scripts.widths = [[
const root = document.scrollingElement;
const boxes = Array.from(document.querySelectorAll(".scroller"));
return {
  window: window.innerWidth,
  page: root.scrollWidth,
  scrolling: boxes.filter(box => box.scrollWidth > box.clientWidth).length,
};
]]

---Texts of charts that reach out of the window, or lie above each other on one axis.
page_scripts.colliding_labels = [[
const found = [];
for (const chart of document.querySelectorAll("svg.chart")) {
  const boxes = Array.from(chart.querySelectorAll("text"))
    .map(text => ({ text: text.textContent, box: text.getBoundingClientRect() }))
    .filter(item => item.box.width > 0);
  for (const item of boxes) {
    if (item.box.left < 0 || item.box.right > window.innerWidth) { found.push(item.text + " is cut off"); }
  }
  for (const a of boxes) {
    for (const b of boxes) {
      if (a !== b && a.box.left <= b.box.left && a.box.right > b.box.left && a.box.top < b.box.bottom
          && b.box.top < a.box.bottom && a.text !== b.text) {
        found.push(a.text + " / " + b.text);
      }
    }
  }
}
return found;
]]

return page_scripts
