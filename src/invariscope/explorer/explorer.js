"use strict";

// TABLES holds what the layers' scripts pushed. A sheet has a band an image; in a band stand, for each kind of axes, the
// grid of its images and right of it the grid of their changes.

const find = (id) => document.getElementById(id);
const state = { table: null, kind: 0, image: 0, row: 0, column: 0 };

const middle = (table) => Math.floor(table.side / 2);
const point = () => state.row * state.table.side + state.column;
const origin = () => middle(state.table) * (state.table.side + 1);
const grid = () => state.table.images[state.image].grids[state.kind];
const className = (label) => state.table.classes[label] ?? String(label);

// --- texts ------------------------------------------------------------------------------------------------------

function number(value) {
  if (value === null) return "–";
  return String(Number(value.toPrecision(3))).replace("-", "−");
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const layerName = (table) => `${table.classifier}, ${table.layer}`;
const quantityName = (quantity) => quantity.name.replaceAll("_", " ").replace(/^rms /, "RMS ");

function offset(value) {
  return value > 0 ? `+${number(value)}` : number(value);
}

function place() {
  const { table, row, column } = state;
  return `down ${offset(table.rows[row])}, across ${offset(table.columns[column])}`;
}

function classText(at) {
  const kept = grid().predicted[at] === grid().predicted[origin()];
  const taken = `taken for “${className(grid().predicted[at])}”`;
  return kept ? taken : `${taken}, not for “${className(grid().predicted[origin()])}” as the original`;
}

function sentence() {
  const at = point();
  const values = grid().values;
  const confidence = values.confidence ? ` with ${percent(values.confidence[at])}` : "";
  const label = className(state.table.images[state.image].label);
  if (at === origin()) return `The original, of class “${label}”: ${classText(at)}${confidence}.`;
  const reached = grid().converged[at] ? "reached" : "not reached";
  const residual = values.residual_after ? ` (residual ${number(values.residual_after[at])})` : "";
  return `At (${place()}): ${classText(at)}${confidence}. The activations are ${reached}${residual}.`;
}

// --- pictures ---------------------------------------------------------------------------------------------------

// Show an image of the sheet in an element, at most `wanted` px wide and high: a pixel of it becomes as many whole pixels
// of the screen as there is room for.
function show(element, image, at, change, wanted) {
  const { side, kinds, images, sheet } = state.table;
  const exact = (wanted * devicePixelRatio) / Math.max(sheet.width, sheet.height);
  const scale = (exact >= 1 ? Math.floor(exact) : exact) / devicePixelRatio;
  const across = (2 * state.kind + (change ? 1 : 0)) * side + (at % side);
  const down = image * side + Math.floor(at / side);
  const full = (count, size) => (count * (size + sheet.gap) - sheet.gap) * scale;
  element.classList.toggle("smooth", exact < 1);
  Object.assign(element.style, {
    width: `${sheet.width * scale}px`,
    height: `${sheet.height * scale}px`,
    backgroundImage: `url("${sheet.file}")`,
    backgroundSize: `${full(2 * kinds.length * side, sheet.width)}px ${full(images.length * side, sheet.height)}px`,
    backgroundPosition: `${-across * (sheet.width + sheet.gap) * scale}px ${-down * (sheet.height + sheet.gap) * scale}px`,
  });
}

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// --- what is picked ---------------------------------------------------------------------------------------------

function fillSelect(select, options, chosen) {
  select.replaceChildren(...options.map(([value, text]) => element("option", { value, textContent: text })));
  select.value = chosen;
}

function drawChoices() {
  const { table } = state;
  const studies = [...new Set(TABLES.map((each) => each.study))];
  fillSelect(find("study"), studies.map((name) => [name, name]), table.study);
  const layers = TABLES.map((each, index) => [index, each]).filter(([, each]) => each.study === table.study);
  fillSelect(find("layer"), layers.map(([index, each]) => [index, layerName(each)]), TABLES.indexOf(table));
  const kinds = table.kinds.map((kind, index) => {
    const input = element("input", { type: "radio", name: "kind", value: index, checked: index === state.kind });
    return element("label", {}, input, ` ${kind.meaning}`);
  });
  find("kinds").replaceChildren(find("kinds").firstElementChild, ...kinds);
  find("step").textContent = number(Math.abs(table.rows[1] - table.rows[0]));
  find("source").textContent = `results/${table.study}/${table.classifier}/filter_gan/${table.layer}/traversal.parquet`;
}

function drawImages() {
  const thumbs = state.table.images.map((image, index) => {
    const input = element("input", { type: "radio", name: "image", value: index, checked: index === state.image });
    input.setAttribute("aria-label", `${className(image.label)}, image ${image.id}`);
    const picture = element("div", { className: "picture" });
    show(picture, index, origin(), false, 48);
    const name = element("span", { className: "name", textContent: className(image.label), title: className(image.label) });
    return element("label", { className: "thumb" }, input, picture, name);
  });
  find("images").replaceChildren(find("images").firstElementChild, element("div", {}, ...thumbs));
}

// --- the grid ---------------------------------------------------------------------------------------------------

function drawGrid() {
  const { table } = state;
  const whole = find("explorer").clientWidth;
  const room = matchMedia("(max-width: 52rem)").matches ? whole : Math.min(whole / 2, 34 * 16);
  const size = Math.min(64, (room - 8) / table.side - 18); // beside frames and gaps
  const cells = grid().predicted.map((_, at) => {
    const cell = element("div", { className: marks(at).join(" "), tabIndex: -1 }, element("div", { className: "picture" }));
    cell.setAttribute("role", "gridcell");
    const [row, column] = [Math.floor(at / table.side), at % table.side];
    const reached = grid().converged[at] ? "" : ", activations not reached";
    cell.setAttribute("aria-label", `row ${row + 1}, column ${column + 1}: ${classText(at)}${reached}`);
    show(cell.firstElementChild, state.image, at, false, size);
    return cell;
  });
  const rows = table.rows.map((_, row) => {
    const line = element("div", {}, ...cells.slice(row * table.side, (row + 1) * table.side));
    line.setAttribute("role", "row");
    return line;
  });
  find("grid").replaceChildren(...rows);
}

function marks(at) {
  const found = [];
  if (at === origin()) found.push("original");
  if (grid().predicted[at] !== grid().predicted[origin()]) found.push("changed");
  if (!grid().converged[at]) found.push("unconverged");
  return found;
}

const cells = () => [...find("grid").querySelectorAll('[role="gridcell"]')];

function moveTo(row, column, focus = false) {
  const last = state.table.side - 1;
  state.row = Math.min(Math.max(row, 0), last);
  state.column = Math.min(Math.max(column, 0), last);
  drawPoint();
  if (focus) cells()[point()].focus({ preventScroll: true });
}

function onKey(event) {
  const { row, column, table } = state;
  const moves = {
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    Home: [row, 0],
    End: [row, table.side - 1],
  };
  if (!(event.key in moves) || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  moveTo(...moves[event.key], true);
}

function onDrag(event) {
  if (event.type === "pointerdown") {
    event.preventDefault();
    find("grid").setPointerCapture(event.pointerId);
  } else if (!find("grid").hasPointerCapture(event.pointerId)) return;
  const frame = find("grid").getBoundingClientRect();
  const along = (from, size) => Math.floor((from / size) * state.table.side);
  const [row, column] = [along(event.clientY - frame.top, frame.height), along(event.clientX - frame.left, frame.width)];
  moveTo(row, column, true);
}

// --- the point --------------------------------------------------------------------------------------------------

function drawPoint() {
  const at = point();
  cells().forEach((cell, index) => {
    cell.tabIndex = index === at ? 0 : -1;
    cell.setAttribute("aria-selected", String(index === at));
  });
  const size = Math.min(180, Math.floor((find("sentence").clientWidth - 40) / 3));
  const label = className(state.table.images[state.image].label);
  const pictures = [
    ["original", origin(), false, `the original, of class ${label}`],
    ["picture", at, false, `the image at ${place()}`],
    ["change", at, true, "its change of brightness from the original"],
  ];
  for (const [id, where, change, text] of pictures) {
    show(find(id), state.image, where, change, size);
    find(id).setAttribute("aria-label", text);
  }
  find("sentence").textContent = sentence();
  drawValues(at);
  history.replaceState(null, "", `#${address().join("/")}`);
}

function drawValues(at) {
  const rows = state.table.quantities.map((quantity) => {
    const values = grid().values[quantity.name];
    const head = element("th", { scope: "row", textContent: quantityName(quantity) });
    head.append(element("span", { className: "unit", textContent: quantity.unit }));
    const cell = (value) => element("td", { className: "number", textContent: number(value) });
    const line = element("tr", {}, head, cell(values[origin()]), cell(values[at]), range(values, at, quantity));
    line.dataset.quantity = quantity.name;
    return line;
  });
  find("values").replaceChildren(...rows);
}

function range(values, at, quantity) {
  const known = quantity.name === "confidence" ? [0, 1] : values.filter((value) => value !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const strip = element("div", { className: "strip" });
  for (const [kind, value] of [["was", values[origin()]], ["is", values[at]]]) {
    if (value === null) continue;
    const mark = element("span", { className: kind });
    mark.style.left = `${high > low ? (100 * (value - low)) / (high - low) : 50}%`;
    strip.append(mark);
  }
  strip.setAttribute("aria-hidden", "true");
  const ends = (known.length ? [low, high] : []).map((value) => element("span", { textContent: number(value) }));
  return element("td", { className: "range" }, strip, element("div", { className: "ends" }, ...ends));
}

// --- the whole --------------------------------------------------------------------------------------------------

// What is shown, as the part of the address after #: a link to it shows the same.
function address() {
  const { table, kind, image, row, column } = state;
  return [table.study, table.classifier, table.layer, table.kinds[kind].name, table.images[image].id, row, column];
}

function fromAddress() {
  const [study, classifier, layer, kind, id, row, column] = location.hash.slice(1).split("/");
  const same = (table) => table.study === study && table.classifier === classifier && table.layer === layer;
  const table = TABLES.find(same);
  if (!table) return openLayer(TABLES[0]);
  const kinds = table.kinds.map((each) => each.name);
  const ids = table.images.map((each) => String(each.id));
  const inside = (value) => (/^\d+$/.test(value) && Number(value) < table.side ? Number(value) : middle(table));
  Object.assign(state, { table, kind: Math.max(kinds.indexOf(kind), 0), image: Math.max(ids.indexOf(id), 0) });
  openLayer(table, inside(row), inside(column));
}

// A layer; the image stays, if this one has it too.
function openLayer(table, row = middle(table), column = middle(table)) {
  const id = state.table?.study === table.study ? state.table.images[state.image].id : null;
  const found = table.images.findIndex((image) => image.id === id);
  const image = found >= 0 ? found : Math.min(state.image, table.images.length - 1);
  Object.assign(state, { table, row, column, image, kind: Math.min(state.kind, table.kinds.length - 1) });
  drawChoices();
  drawImages();
  drawGrid();
  drawPoint();
}

function redraw() {
  drawGrid();
  drawPoint();
}

let width = innerWidth;

// On a phone the height changes while one scrolls: then nothing need be drawn anew.
function onResize() {
  if (innerWidth === width) return;
  width = innerWidth;
  redraw();
}

function listen() {
  find("study").addEventListener("change", (event) => openLayer(TABLES.find((table) => table.study === event.target.value)));
  find("layer").addEventListener("change", (event) => openLayer(TABLES[event.target.value]));
  find("controls").addEventListener("change", (event) => {
    if (event.target.type !== "radio") return;
    state[event.target.name] = Number(event.target.value);
    redraw();
  });
  find("back").addEventListener("click", () => moveTo(middle(state.table), middle(state.table)));
  find("grid").addEventListener("keydown", onKey);
  for (const type of ["pointerdown", "pointermove"]) find("grid").addEventListener(type, onDrag);
  addEventListener("resize", onResize);
  addEventListener("hashchange", fromAddress);
}

find("explorer").hidden = !TABLES.length;
find("nothing").hidden = TABLES.length > 0;
if (TABLES.length) {
  listen();
  fromAddress();
}
