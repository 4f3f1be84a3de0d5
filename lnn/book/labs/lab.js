// Laboratories: pictures of the book that compute and draw in the page itself.
//
// One module, without dependencies, for every host: the static page, where the build has put a
// <figure class="lnn-lab"> with its state as JSON, and notebooks, where anywidget calls `render`.
// Bounds, labels and defaults come from the traits of the Python class; nothing here repeats them.
//
//   1 words       numbers as they are read
//   2 numbers     matrices, networks, descent, closed forms; tested against `lnn`
//   3 drawing     scales, axes, curves, as SVG text
//   4 interface   controls, handles, the address, buttons
//   5 laboratories, one function each
//   6 predictions: a choice, a sketch
//   7 hosts

// 1 Words ----------------------------------------------------------------------------------------

const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
const LOWERED = "₀₁₂₃₄₅₆₇₈₉";
const raised = (n) => [...String(n)].map((c) => RAISED[c]).join("");
const lowered = (n) => [...String(n)].map((c) => LOWERED[c]).join("");
const minus = (s) => String(s).replace("-", "−");

// A number with a few significant digits, as a reader writes it.
function words(value, digits = 3) {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "not finite";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e5 && size >= 1e-3) return minus(Number(value.toPrecision(digits)));
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  const factor = Number(mantissa);
  const power = `10${raised(Number(exponent))}`;
  if (factor === 1) return power;
  return factor === -1 ? `−${power}` : `${minus(factor)} · ${power}`;
}

const times = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;
const escaped = (s) =>
  String(s).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

// 2 Numbers --------------------------------------------------------------------------------------

// out (n, m) = a (n, k) b (k, m); all matrices are rows one after another.
function multiply(a, b, n, k, m, out = new Float64Array(n * m)) {
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) sum += a[i * k + l] * b[l * m + j];
      out[i * m + j] = sum;
    }
  return out;
}

// out (n, m) = aᵀ b with a (k, n), b (k, m).
function multiplyTransposed(a, b, n, k, m, out = new Float64Array(n * m)) {
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) sum += a[l * n + i] * b[l * m + j];
      out[i * m + j] = sum;
    }
  return out;
}

// out (n, m) += scale · a bᵀ with a (n, k), b (m, k).
function addOuter(a, b, n, k, m, out, scale = 1) {
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) sum += a[i * k + l] * b[j * k + l];
      out[i * m + j] += scale * sum;
    }
  return out;
}

// Eigenvalues of a symmetric (n, n) matrix, descending, by Jacobi's rotations.
function eigenvalues(matrix, n) {
  const a = Float64Array.from(matrix);
  for (let sweep = 0; sweep < 40; sweep++) {
    let off = 0, all = 0;
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        all += a[i * n + j] ** 2;
        if (i !== j) off += a[i * n + j] ** 2;
      }
    if (!(off > 1e-32 * all)) break;
    for (let p = 0; p < n - 1; p++)
      for (let q = p + 1; q < n; q++) {
        const apq = a[p * n + q];
        if (apq === 0) continue;
        const theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1), s = t * c;
        for (let k = 0; k < n; k++) {
          const x = a[k * n + p], y = a[k * n + q];
          a[k * n + p] = c * x - s * y;
          a[k * n + q] = s * x + c * y;
        }
        for (let k = 0; k < n; k++) {
          const x = a[p * n + k], y = a[q * n + k];
          a[p * n + k] = c * x - s * y;
          a[q * n + k] = s * x + c * y;
        }
      }
  }
  return Array.from({ length: n }, (_, i) => a[i * n + i]).sort((x, y) => y - x);
}

// Scalar layers, L = (s − w_N ⋯ w_1)²: the gradient, and the largest eigenvalue of the Hessian.
function chainSlope(w, s) {
  const product = w.reduce((p, x) => p * x, 1);
  return w.map((_, i) => -2 * (s - product) * w.reduce((p, x, k) => (k === i ? p : p * x), 1));
}

function chainSharpness(w, s) {
  const n = w.length;
  const without = (i, j) => w.reduce((p, x, k) => (k === i || k === j ? p : p * x), 1);
  const error = s - w.reduce((p, x) => p * x, 1);
  const h = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      h[i * n + j] = 2 * without(i, i) * without(j, j);
      if (i !== j) h[i * n + j] -= 2 * error * without(i, j);
    }
  if (n > 2) return eigenvalues(h, n)[0];
  return (h[0] + h[3]) / 2 + Math.hypot((h[0] - h[3]) / 2, h[1]);
}

// Gradient descent on scalar layers; every step kept. It stops where `lnn.descend` calls it
// diverged: a loss above 10⁸ times the larger of the first loss and s².
function chainDescent(start, s, eta, steps) {
  const path = [start.slice()], losses = [], sharpness = [];
  const error = (w) => s - w.reduce((p, x) => p * x, 1);
  const ceiling = 1e8 * Math.max(error(start) ** 2, s * s);
  let diverged = false;
  for (let k = 0; ; k++) {
    const w = path[k], loss = error(w) ** 2;
    losses.push(loss);
    sharpness.push(chainSharpness(w, s));
    diverged = !(loss <= ceiling);
    if (diverged || k === steps) break;
    const slope = chainSlope(w, s);
    path.push(w.map((x, i) => x - eta * slope[i]));
  }
  return { path, losses, sharpness, diverged };
}

// 3 Drawing --------------------------------------------------------------------------------------

const px = (x) => (Math.round(x * 10) / 10).toString();

function linear(low, high, start, end) {
  const scale = (v) => start + ((v - low) / (high - low)) * (end - start);
  scale.invert = (p) => low + ((p - start) / (end - start)) * (high - low);
  scale.ticks = (count) => {
    const rough = (high - low) / count, base = 10 ** Math.floor(Math.log10(rough));
    const step = base * [1, 2, 5, 10].find((m) => m * base >= rough * 0.999);
    const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
    return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
  };
  scale.domain = [low, high];
  return scale;
}

function logarithmic(low, high, start, end) {
  const inner = linear(Math.log10(low), Math.log10(high), start, end);
  const scale = (v) => inner(Math.log10(Math.max(v, Number.MIN_VALUE)));
  scale.invert = (p) => 10 ** inner.invert(p);
  scale.ticks = (count) => {
    const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
    const every = Math.max(1, Math.ceil((last - first + 1) / count));
    const found = [];
    for (let e = last; e >= first; e -= every) found.unshift(10 ** e);
    return found;
  };
  scale.domain = [low, high];
  scale.log = true;
  return scale;
}

const tick = (value, log) => (log ? `10${raised(Math.round(Math.log10(value)))}` : words(value, 4));

// Clip paths need names; the same picture has the same ones.
const clips = { of: "lnn", count: 0 };
const nameClips = (of) => Object.assign(clips, { of, count: 0 });

// A rectangle with axes. `x`, `y` are domains; the returned scales map them to pixels.
function panel({ left, top, width, height, x, y, logX, logY, title, xLabel, xTicks = 5, yTicks = 4, pad }) {
  const inside = { left: 40, right: 12, top: title ? 22 : 8, bottom: xLabel ? 34 : 18, ...pad };
  const x0 = left + inside.left, x1 = left + width - inside.right;
  const y0 = top + height - inside.bottom, y1 = top + inside.top;
  const sx = (logX ? logarithmic : linear)(...x, x0, x1);
  const sy = (logY ? logarithmic : linear)(...y, y0, y1);
  const clip = `${clips.of}-clip-${++clips.count}`;
  let back = `<clipPath id="${clip}"><rect x="${px(x0)}" y="${px(y1)}" width="${px(x1 - x0)}" height="${px(y0 - y1)}"/></clipPath>`;
  for (const v of sx.ticks(xTicks))
    back += `<path class="grid" d="M${px(sx(v))} ${px(y0)}V${px(y1)}"/><text class="tick" x="${px(sx(v))}" y="${px(y0 + 14)}" text-anchor="middle">${tick(v, logX)}</text>`;
  for (const v of sy.ticks(yTicks))
    back += `<path class="grid" d="M${px(x0)} ${px(sy(v))}H${px(x1)}"/><text class="tick" x="${px(x0 - 5)}" y="${px(sy(v) + 4)}" text-anchor="end">${tick(v, logY)}</text>`;
  back += `<path class="axis" d="M${px(x0)} ${px(y1)}V${px(y0)}H${px(x1)}"/>`;
  if (title) back += `<text class="title" x="${px(left + 2)}" y="${px(top + 14)}">${escaped(title)}</text>`;
  if (xLabel) back += `<text class="label" x="${px((x0 + x1) / 2)}" y="${px(y0 + 29)}" text-anchor="middle">${escaped(xLabel)}</text>`;
  const within = (markup) => `<g clip-path="url(#${clip})">${markup}</g>`;
  return { sx, sy, x0, x1, y0, y1, back, within };
}

function polyline(xs, ys, sx, sy) {
  let d = "";
  let pen = "M";
  for (let i = 0; i < xs.length; i++) {
    const x = sx(xs[i]), y = sy(ys[i]);
    if (!Number.isFinite(x) || !Number.isFinite(y)) { pen = "M"; continue; }
    d += `${pen}${px(clamp(x, -1e4, 1e4))} ${px(clamp(y, -1e4, 1e4))}`;
    pen = "L";
  }
  return d;
}

const clamp = (v, low, high) => Math.min(Math.max(v, low), high);
const curve = (name, d) => `<path class="${name}" d="${d}"/>`;
const label = (x, y, text, options = "") =>
  `<text class="note" x="${px(x)}" y="${px(y)}" ${options}>${escaped(text)}</text>`;

// 4 Interface ------------------------------------------------------------------------------------

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

// Jupyter's shortcuts would take the arrow keys.
const focusable = { "data-lm-suppress-shortcuts": "true" };
let made = 0;

// What a parameter may be; anything else gives undefined.
function valid(parameter, value) {
  if (parameter.type === "list") {
    if (!Array.isArray(value)) return undefined;
    const items = value.map((v) => valid({ ...parameter, type: "float" }, v));
    const { least, most } = parameter;
    return items.includes(undefined) || items.length < least || items.length > most ? undefined : items;
  }
  if (parameter.type === "choice") return parameter.options.find((o) => String(o.value) === String(value))?.value;
  if (parameter.type === "text")
    return new RegExp(`^(?:${parameter.pattern})$`).test(value) ? String(value) : undefined;
  const number = value === "" ? NaN : Number(value);
  if (!Number.isFinite(number)) return undefined;
  const bounded = clamp(number, parameter.min, parameter.max);
  return parameter.type === "int" ? Math.round(bounded) : bounded;
}

const encoded = (value) => (Array.isArray(value) ? value.join(",") : String(value));
const decoded = (parameter, value) => valid(parameter, parameter.type === "list" ? value.split(",") : value);

// The state in the page's address: only what differs from the placement's own state, only after
// the reader has touched something, and rarely, since browsers ration it. Keys begin with the
// name of the place, so that several laboratories share one address, and section links still work.
class Address {
  constructor(place, parameters, home) {
    Object.assign(this, { place, parameters, home });
  }

  read() {
    const query = new URLSearchParams(location.search), found = {};
    for (const p of this.parameters) {
      const value = query.get(`${this.place}.${p.name}`);
      const checked = value === null ? undefined : decoded(p, value);
      found[p.name] = checked ?? this.home[p.name];
    }
    return found;
  }

  write(state) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const query = new URLSearchParams(location.search);
      for (const p of this.parameters) {
        const key = `${this.place}.${p.name}`, value = encoded(state[p.name]);
        if (value === encoded(this.home[p.name])) query.delete(key);
        else query.set(key, value);
      }
      const text = query.toString().replaceAll("%2C", ",").replaceAll("%2F", "/");
      history.replaceState(history.state, "", `${location.pathname}${text && "?"}${text}${location.hash}`);
    }, 300);
  }
}

// A laboratory's body: controls from the description, a stage to draw on, words, buttons.
//
// `kind(ui)` returns {draw, code}: draw(width) gives {height, markup, words} for ui.state.
function interfaceOf({ el, model, description, kind, address }) {
  const { parameters } = description;
  const home = { ...description.state };
  const named = Object.fromEntries(parameters.map((p) => [p.name, p]));
  const key = `lnn-lab-${++made}`;
  const state = {};
  for (const p of parameters) state[p.name] = valid(p, model.get(p.name)) ?? home[p.name];
  const undo = []; // what to do when the laboratory goes
  const listen = (target, name, f, options) => {
    target.addEventListener(name, f, options);
    undo.push(() => target.removeEventListener(name, f, options));
  };

  const stage = make("div", { class: "lnn-stage" });
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-labelledby", `${key}-words`);
  stage.append(drawing);
  const controls = make("div", { class: "lnn-lab-controls" });
  const said = make("p", { class: "lnn-words", id: `${key}-words` });
  const live = make("span", { class: "lnn-heard", "aria-live": "polite" });
  const buttons = make("div", { class: "lnn-buttons" });
  const code = make("pre", { class: "lnn-code", tabindex: "0", hidden: true, "aria-label": "The code for this state" });
  el.append(controls, stage, said, buttons, code, live);

  const ui = { state, home, named, stage, drawing, touched: false, listen, undo, key };

  // Every change goes through here, from whatever it comes.
  ui.set = (changes, { from = "reader" } = {}) => {
    let changed = false;
    for (const [name, value] of Object.entries(changes)) {
      const checked = valid(named[name], value);
      if (checked === undefined || encoded(checked) === encoded(state[name])) continue;
      state[name] = checked;
      changed = true;
      if (from !== "model") model.set(name, checked);
    }
    if (!changed) return;
    if (from === "reader") {
      ui.touched = true;
      address?.write(state);
      save();
      hear();
    }
    for (const refresh of ui.refreshers) refresh();
    if (!code.hidden) showCode();
    ui.redraw();
  };
  ui.refreshers = [];

  let saving;
  const save = () => {
    saving ??= setTimeout(() => {
      saving = undefined;
      model.save_changes();
    }, 120);
  };
  let hearing;
  const hear = () => {
    clearTimeout(hearing);
    hearing = setTimeout(() => { live.textContent = said.textContent; }, 800);
  };
  undo.push(() => { clearTimeout(hearing); clearTimeout(saving); });

  // At most one drawing a frame.
  let frame;
  ui.redraw = () => {
    frame ??= requestAnimationFrame(() => {
      frame = undefined;
      ui.drawNow();
    });
  };
  undo.push(() => cancelAnimationFrame(frame));
  ui.drawNow = () => {
    const width = Math.max(280, Math.round(stage.clientWidth || 600));
    nameClips(key);
    const picture = part.draw(width);
    drawing.setAttribute("viewBox", `0 0 ${width} ${Math.round(picture.height)}`);
    drawing.setAttribute("width", width);
    drawing.setAttribute("height", Math.round(picture.height));
    drawing.innerHTML = picture.markup;
    said.textContent = picture.words;
    stage.dataset.drawn = Number(stage.dataset.drawn || 0) + 1;
  };

  // Something to be dragged: an HTML element of 44 pixels, since SVG has no sliders.
  ui.handle = ({ label: name, move, keys }) => {
    const element = make("div", {
      class: "lnn-handle", role: "slider", tabindex: "0", "aria-label": name,
      "aria-roledescription": "handle in two dimensions", ...focusable,
    });
    let grip;
    const where = (event) => {
      const box = drawing.getBoundingClientRect();
      const zoom = box.width / drawing.viewBox.baseVal.width || 1;
      return [(event.clientX - box.left) / zoom, (event.clientY - box.top) / zoom];
    };
    element.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      const [x, y] = where(event);
      grip = [x - element.at[0], y - element.at[1]];
      element.setPointerCapture(event.pointerId);
      element.focus({ preventScroll: true });
      event.preventDefault();
    });
    element.addEventListener("pointermove", (event) => {
      if (!grip) return;
      const [x, y] = where(event);
      move(x - grip[0], y - grip[1]);
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"])
      element.addEventListener(end, () => { grip = undefined; });
    element.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      keys(way[0], way[1], event.shiftKey ? 10 : 1);
    });
    element.place = (x, y, value, text, low, high) => {
      element.at = [x, y];
      element.style.transform = `translate(${px(x)}px, ${px(y)}px)`;
      element.setAttribute("aria-valuenow", value);
      element.setAttribute("aria-valuemin", low);
      element.setAttribute("aria-valuemax", high);
      element.setAttribute("aria-valuetext", text);
    };
    element.place(0, 0, 0, "", 0, 0);
    stage.append(element);
    return element;
  };

  ui.button = (text, act, attributes = {}) => {
    const button = make("button", { type: "button", onclick: act, ...focusable, ...attributes }, text);
    buttons.append(button);
    return button;
  };

  for (const p of parameters) {
    if (p.control === "none") continue;
    (p.control === "data" ? folded() : controls).append(...control(p));
  }

  function folded() {
    let box = controls.querySelector("details > div");
    if (!box) {
      box = make("div");
      controls.append(make("details", {}, make("summary", { ...focusable }, "More settings"), box));
    }
    return box;
  }

  function control(p) {
    if (p.type === "list")
      return Array.from({ length: p.most }, (_, i) =>
        range({ ...p, label: `${p.label}${lowered(i + 1)}`, name: `${p.name}-${i}` },
          () => state[p.name][i],
          (v) => ui.set({ [p.name]: state[p.name].map((old, k) => (k === i ? v : old)) }),
          () => i < state[p.name].length));
    if (p.type === "choice") return [select(p)];
    return [range(p, () => state[p.name], (v) => ui.set({ [p.name]: v }), () => true)];
  }

  function range(p, get, put, there) {
    const low = p.log ? Math.log10(p.min) : p.min, high = p.log ? Math.log10(p.max) : p.max;
    const step = p.type === "int" && !p.log ? 1 : (high - low) / 200;
    const id = `${key}-${p.name}`;
    const input = make("input", {
      type: "range", id, min: low, max: high, step: p.type === "int" && !p.log ? 1 : "any", autocomplete: "off",
      "data-parameter": p.name, ...focusable,
    });
    const output = make("output", { for: id, "aria-live": "off" });
    const row = make("div", { class: "lnn-row" }, make("label", { for: id }, p.label), output, input);
    const read = () => {
      const value = p.log ? 10 ** Number(input.value) : Number(input.value);
      return p.type === "int" ? Math.round(value) : Number(value.toPrecision(3));
    };
    const refresh = () => {
      row.hidden = !there();
      if (row.hidden) return;
      const value = get();
      const text = `${words(value)}${p.unit ? ` ${p.unit}` : ""}`;
      const at = p.log ? Math.log10(value) : value;
      if (Math.abs(Number(input.value) - at) > 1e-12) input.value = at;
      input.setAttribute("aria-valuetext", text);
      output.textContent = text;
    };
    input.addEventListener("input", () => put(read()));
    // "any" has no step for the keys.
    input.addEventListener("keydown", (event) => {
      const notches = {
        ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -20, PageUp: 20,
        Home: -Infinity, End: Infinity,
      }[event.key];
      if (notches === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      const size = p.type === "int" && !p.log ? Math.sign(notches) * Math.ceil(Math.min(Math.abs(notches), (high - low) / 5 + 1)) : notches * step;
      const from = p.log ? Math.log10(get()) : get();
      const target = Number.isFinite(notches) ? clamp(from + size, low, high) : notches < 0 ? low : high;
      let value = p.log ? 10 ** target : target;
      value = p.type === "int" ? Math.round(value) : Number(value.toPrecision(3));
      if (p.type === "int" && value === get() && Number.isFinite(notches)) value += Math.sign(notches);
      put(value);
    });
    // A finger that swipes up or down over a slider scrolls: the browser then cancels the touch.
    let before;
    input.addEventListener("pointerdown", () => { before = get(); });
    input.addEventListener("pointercancel", () => { if (before !== undefined) put(before); });
    ui.refreshers.push(refresh);
    return row;
  }

  function select(p) {
    const id = `${key}-${p.name}`;
    const options = p.options.map((o) => make("option", { value: o.value }, o.label));
    const box = make("select", { id, "data-parameter": p.name, ...focusable }, ...options);
    box.addEventListener("change", () => ui.set({ [p.name]: box.value }));
    ui.refreshers.push(() => { box.value = state[p.name]; });
    return make("div", { class: "lnn-row lnn-choice" }, make("label", { for: id }, p.label), box);
  }

  // Play: one parameter runs from where it stands to its end. Only a click starts it; a reader who
  // wants less motion gets ten jumps.
  const clock = parameters.find((p) => p.play);
  if (clock) {
    let timer, began, from;
    const end = () => (clock.ends ? state[clock.ends] : clock.max);
    const pause = () => {
      cancelAnimationFrame(timer);
      timer = undefined;
      play.textContent = "Play";
    };
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    const advance = (now) => {
      began ??= now;
      let share = Math.min(1, (now - began) / (1000 * clock.play));
      if (calm.matches) share = Math.floor(share * 10) / 10;
      const value = from + (end() - from) * share;
      ui.set({ [clock.name]: clock.type === "int" ? Math.round(value) : value });
      if (share >= 1) pause();
      else timer = requestAnimationFrame(advance);
    };
    const play = ui.button("Play", () => {
      if (timer) return pause();
      from = state[clock.name] >= end() ? clock.min : state[clock.name];
      began = undefined;
      play.textContent = "Pause";
      timer = requestAnimationFrame(advance);
    });
    ui.button("Step", () => {
      pause();
      const size = Math.max(1, Math.round((clock.notch ?? 0) * end()));
      ui.set({ [clock.name]: state[clock.name] >= end() ? clock.min : Math.min(end(), state[clock.name] + size) });
    });
    undo.push(pause);
    ui.pause = pause;
  }
  ui.button("Reset", () => {
    ui.pause?.();
    ui.set(home);
  });
  const copy = ui.button("Copy the lnn code", async () => {
    code.hidden = false;
    showCode();
    const text = code.textContent;
    try {
      await navigator.clipboard.writeText(text);
      live.textContent = "The code is copied.";
      copy.textContent = "Copied";
    } catch {
      live.textContent = "The code is shown below: select it and copy.";
      getSelection().selectAllChildren(code);
      copy.textContent = "Shown below";
    }
    setTimeout(() => { copy.textContent = "Copy the lnn code"; }, 2000);
  });
  const showCode = () => { code.textContent = part.code(); };

  const part = kind(ui);
  for (const refresh of ui.refreshers) refresh();
  for (const p of parameters) {
    const follow = () => ui.set({ [p.name]: model.get(p.name) }, { from: "model" });
    model.on(`change:${p.name}`, follow);
    undo.push(() => model.off(`change:${p.name}`, follow));
  }
  if (address) listen(window, "popstate", () => ui.set(address.read(), { from: "address" }));
  let last = 0;
  const watch = new ResizeObserver(() => {
    if (stage.clientWidth && stage.clientWidth !== last) {
      last = stage.clientWidth;
      ui.redraw();
    }
  });
  watch.observe(stage);
  undo.push(() => watch.disconnect());
  ui.drawNow();
  return () => undo.splice(0).forEach((f) => f());
}

// 5 Laboratories ---------------------------------------------------------------------------------

const LABORATORIES = {};

// The valley: L = (s − w₂w₁)², or (s − w₃w₂w₁)² on the plane w₃ = w₂, which descent never leaves.
const SPAN = 2.6;

function valleyRun({ layers, target, w1, w2, step, steps }) {
  const start = layers === 2 ? [w1, w2] : [w1, w2, w2];
  return chainDescent(start, target, step, steps);
}

// What became of a run, and the sentence that says so.
function valleyVerdict(state, run) {
  const { layers, target, step, steps } = state;
  const { path, losses, sharpness, diverged } = run;
  const edge = 2 / step, scale = target ** 2, last = losses.length - 1;
  const least = 2 * layers * target ** (2 - 2 / layers);
  const errors = path.map((w) => target - w.reduce((p, x) => p * x, 1));
  let bounces = 0;
  for (let k = 1; k <= last; k++) if (errors[k] * errors[k - 1] < 0) bounces++;
  const end = path[last], at = `w₁ = ${words(end[0])}, w₂ = ${words(end[1])}`;
  if (diverged) {
    const why = edge < least
      ? `No minimizer is flat enough: the flattest has sharpness ${words(least)}, and 2/η is ${words(edge)}.`
      : `2/η is ${words(edge)}, but the start has sharpness ${words(sharpness[0])}.`;
    return ["diverges", `The run leaps out of the valley and its loss blows up at step ${last}. ${why}`];
  }
  if (losses[last] <= 1e-8 * scale) {
    const when = losses.findIndex((loss) => loss <= 1e-8 * scale);
    const there = `after ${times(when, "step")}, at ${at}`;
    const flat = `its sharpness ${words(sharpness[last])} is below 2/η = ${words(edge)}`;
    if (sharpness.some((value) => value > edge) && bounces > 2)
      return ["edge", `At the edge of stability: where the valley is sharper than 2/η the run bounces from side to side and is driven to flatter ground. It settles ${there}; ${flat}.`];
    if (bounces > 2) return ["bounces", `The run bounces from side to side of the valley and settles ${there}; ${flat}.`];
    return ["glides", `The run glides down and settles ${there}; ${flat}.`];
  }
  const slope = Math.hypot(...chainSlope(end, target));
  if (slope < 1e-3 * scale)
    return ["saddle", `The run rests on a saddle, at ${at}: the gradient vanishes there and the loss is still ${words(losses[last])}.`];
  const tail = losses.slice(-20);
  if (tail.length === 20 && tail.some((loss, k) => k && loss > tail[k - 1] + 1e-9 * scale)) {
    const why = edge < least
      ? `even the flattest minimizer has sharpness ${words(least)}, above 2/η = ${words(edge)}`
      : `the sharpness around it is ${words(sharpness[last])}, and 2/η is ${words(edge)}`;
    return ["oscillates", `After ${times(steps, "step")} the run still leaps from side to side: ${why}.`];
  }
  return ["underway", `After ${times(steps, "step")} the run is still on its way, at ${at} with loss ${words(losses[last])}.`];
}

LABORATORIES.valley = (ui) => {
  const { state } = ui;
  let plane;
  const name3 = () => (state.layers === 3 ? "w₂ = w₃" : "w₂");
  const put = (x, y) => ui.set({ w1: Number(plane.sx.invert(x).toFixed(2)), w2: Number(plane.sy.invert(y).toFixed(2)) });
  const handle = ui.handle({
    label: "Start of the run",
    move: put,
    keys: (dx, dy, big) =>
      ui.set({
        w1: Number((state.w1 + 0.02 * dx * big).toFixed(4)),
        w2: Number((state.w2 + 0.02 * dy * big).toFixed(4)),
      }),
  });
  // A mouse may also press anywhere in the plane; a finger there scrolls the page.
  let dragging = false;
  const inPlane = (event) => {
    const box = ui.drawing.getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    return x >= plane.x0 && x <= plane.x1 && y >= plane.y1 && y <= plane.y0 ? [x, y] : undefined;
  };
  ui.drawing.addEventListener("pointerdown", (event) => {
    const at = event.pointerType === "mouse" && !event.button && inPlane(event);
    if (!at) return;
    dragging = true;
    put(...at);
  });
  ui.listen(window, "pointermove", (event) => {
    if (!dragging) return;
    const box = ui.drawing.getBoundingClientRect();
    put(event.clientX - box.left, event.clientY - box.top);
  });
  ui.listen(window, "pointerup", () => { dragging = false; });

  function terrain() {
    const { layers, target } = state, { sx, sy } = plane;
    // Where the product is p: w₁ = p / w₂^{N−1}, one curve for w₂ > 0 and one for w₂ < 0.
    const heights = [];
    for (let i = 0; i <= 60; i++) heights.push(SPAN * 1.02 * (i / 60) ** 2);
    const along = (p, sign) => heights.map((v) => [clamp(p / (sign * v) ** (layers - 1), -60, 60) || 0, sign * v]);
    const trace = (points) => points.map(([x, y]) => `${px(sx(x))} ${px(sy(y))}`).join("L");
    let markup = "";
    for (const root of [2.6, 2, 1.5, 1, 0.7, 0.45, 0.2]) {
      const high = target + root * target, low = target - root * target;
      for (const sign of [1, -1])
        markup += curve("band", `M${trace(along(low, sign))}L${trace(along(high, sign).reverse())}Z`);
    }
    for (const sign of [1, -1]) markup += curve("floor", `M${trace(along(target, sign).slice(1))}`);
    return markup;
  }

  function draw(width) {
    const wide = width >= 560;
    const size = wide ? Math.min(0.53 * width, 420) : Math.min(width, 430);
    const { layers, target, step, steps } = state;
    const run = valleyRun(state), { path, losses, sharpness } = run;
    const last = losses.length - 1;
    plane = panel({
      left: 0, top: 0, width: size, height: size, x: [-SPAN, SPAN], y: [-SPAN, SPAN],
      xLabel: "w₁", xTicks: 5, yTicks: 5, pad: { left: 34, top: 22 }, title: name3(),
    });
    const { sx, sy } = plane;
    const shown = path.filter((w) => Math.abs(w[0]) < 50 && Math.abs(w[1]) < 50);
    let inside = terrain();
    // The flow from the same start keeps w₂² − w₁²: a hyperbola.
    const c = state.w2 ** 2 - state.w1 ** 2;
    const ts = Array.from({ length: 81 }, (_, i) => -SPAN + (2 * SPAN * i) / 80);
    const upright = c >= 0, side = upright ? Math.sign(state.w2) || 1 : Math.sign(state.w1) || 1;
    const other = ts.map((t) => side * Math.sqrt(t * t + Math.abs(c)));
    inside += curve("flow", upright ? polyline(ts, other, sx, sy) : polyline(other, ts, sx, sy));
    inside += curve("path", polyline(shown.map((w) => w[0]), shown.map((w) => w[1]), sx, sy));
    if (shown.length <= 150)
      inside += shown.slice(1).map((w) => `<circle class="dot" cx="${px(sx(w[0]))}" cy="${px(sy(w[1]))}" r="2.4"/>`).join("");
    const end = path[last];
    if (Math.abs(end[0]) < SPAN && Math.abs(end[1]) < SPAN)
      inside += `<circle class="end" cx="${px(sx(end[0]))}" cy="${px(sy(end[1]))}" r="5"/>`;
    inside += `<path class="cross" d="M${px(sx(0) - 5)} ${px(sy(0))}h10M${px(sx(0))} ${px(sy(0) - 5)}v10"/>`;
    inside += label(sx(0) + 9, sy(0) + 15, "saddle");
    const low = target / (-0.78 * SPAN) ** (layers - 1);
    inside += label(sx(low) + (low < 0 ? 8 : -8), sy(-0.78 * SPAN), "minima", low < 0 ? "" : 'text-anchor="end"');
    let markup = plane.back + plane.within(inside);
    markup += `<circle class="grip" cx="${px(sx(state.w1))}" cy="${px(sy(state.w2))}" r="9"/>`;
    handle.place(sx(state.w1), sy(state.w2), state.w1, `w₁ = ${words(state.w1)}, ${name3()} = ${words(state.w2)}`, ui.named.w1.min, ui.named.w1.max);

    const column = wide
      ? { left: size + 10, width: width - size - 10, top: 0, each: size / 3 }
      : { left: 0, width, top: size + 8, each: 124 };
    const ks = losses.map((_, k) => k);
    const charts = [
      (box) => {
        const top = Math.min(Math.max(...losses.filter(Number.isFinite), target ** 2), 1e8);
        const low = Math.max(1e-12, Math.min(...losses.filter((l) => l > 0), top / 100));
        const p = panel({ ...box, title: "Loss", logY: true, y: [low / 2, top * 2], yTicks: 3 });
        return p.back + p.within(curve("path", polyline(ks, losses.map((l) => Math.max(l, 1e-300)), p.sx, p.sy)));
      },
      (box) => {
        const edge = 2 / step, seen = Math.max(...sharpness.filter(Number.isFinite).map((v) => Math.min(v, 2.2 * edge)));
        const far = edge > 2 * seen;
        const p = panel({ ...box, title: "Sharpness", y: [0, far ? seen * 1.35 : Math.max(edge, seen) * 1.25], yTicks: 3 });
        let inner = curve("path", polyline(ks, sharpness, p.sx, p.sy));
        if (!far) inner += curve("limit", `M${px(p.x0)} ${px(p.sy(edge))}H${px(p.x1)}`);
        const note = far ? `2/η = ${words(edge)}, far above` : `2/η = ${words(edge)}`;
        return p.back + p.within(inner) + label(p.x1 - 2, far ? p.y1 + 8 : Math.max(p.sy(edge) - 5, p.y1 + 8), note, 'text-anchor="end"');
      },
      (box) => {
        const values = path.map((w) => w[1] ** 2 - w[0] ** 2);
        const near = values.map((v) => clamp(v, c - 8, c + 8));
        const low = Math.min(...near, c - 0.5), high = Math.max(...near, c + 0.5);
        const p = panel({ ...box, title: "Imbalance w₂² − w₁²", xLabel: "step", y: [low - 0.1 * (high - low), high + 0.25 * (high - low)], yTicks: 3 });
        return p.back + p.within(curve("flow", `M${px(p.x0)} ${px(p.sy(c))}H${px(p.x1)}`) + curve("path", polyline(ks, values, p.sx, p.sy)));
      },
    ];
    charts.forEach((chart, i) => {
      const extra = i === 2 ? 16 : 0, taken = wide ? -5 : 0;
      markup += chart({ left: column.left, width: column.width, x: [0, Math.max(steps, 1)], xTicks: 4,
        top: column.top + i * (column.each + taken), height: column.each + taken + extra });
    });
    const [kind, sentence] = valleyVerdict(state, run);
    ui.stage.dataset.verdict = kind;
    const drift = values2(path[last]) - c;
    const kept = run.diverged ? "" :
      ` The imbalance ${Math.abs(drift) < 0.005 ? `stays at ${words(c)}` : `drifts from ${words(c)} to ${words(c + drift)}`}.`;
    const aside = kind === "saddle" && layers === 3 && state.w1 < 0
      ? " Within this plane it cannot leave; a push that makes w₂ and w₃ differ would." : "";
    return {
      height: wide ? Math.max(size, 3 * (column.each - 5) + 16) : column.top + 3 * column.each + 16,
      markup,
      words: `Step size ${words(step)} from w₁ = ${words(state.w1)}, ${name3()} = ${words(state.w2)}. ${sentence}${aside}${kept}`,
    };
  }
  const values2 = (w) => w[1] ** 2 - w[0] ** 2;

  function code() {
    const { layers, target, w1, w2, step, steps } = state;
    const run = valleyRun(state);
    const factors = [w1, w2, w2].slice(0, layers).map((w) => `np.array([[${w}]])`);
    const lines = [
      "import numpy as np",
      "import lnn",
      "",
      `# L = (${target} - ${["w3", "w2", "w1"].slice(3 - layers).join(" ")})^2`,
      `problem = lnn.Problem([[1.0]], [[${target}]])`,
      `start = (${factors.join(", ")})`,
      `run = lnn.descend(start, problem, step_size=${step}, steps=${steps})`,
      "print(run.stop.name, run.losses[-1])",
    ];
    if (!run.diverged) lines.push(`print(lnn.sharpness(run.weights, problem), 2 / ${step})`);
    return lines.join("\n");
  }
  return { draw, code };
};

// 6 Predictions ----------------------------------------------------------------------------------

// An answer that the reader gives before the picture: its element says whether it is given, and
// the style sheet, or the page's own folded part, keeps covered what comes after.
function committed(el, covered) {
  el.dataset.committed = "true";
  for (const fold of covered) fold.open = true;
}

function choice({ el, description, covered = [] }) {
  const { options, answer, because } = description;
  const name = `lnn-choice-${++made}`;
  const verdict = make("p", { class: "lnn-words", "aria-live": "polite" });
  const show = make("button", { type: "button", disabled: true, ...focusable }, "This is my answer");
  const rows = options.map((text, i) => {
    const input = make("input", { type: "radio", name, value: i, ...focusable, onchange: () => { show.disabled = false; } });
    return make("label", { class: "lnn-option" }, input, make("span", {}, text));
  });
  const group = make("div", { role: "radiogroup", "aria-label": description.question }, ...rows);
  show.addEventListener("click", () => {
    const chosen = rows.findIndex((row) => row.firstChild.checked);
    rows.forEach((row, i) => {
      row.firstChild.disabled = true;
      if (i === answer) row.dataset.mark = "right";
      else if (i === chosen) row.dataset.mark = "yours";
    });
    show.remove();
    const right = chosen === answer ? "Yes." : "Not so.";
    verdict.textContent = `${right} ${because}`.trim();
    committed(el, covered);
  });
  el.append(group, make("div", { class: "lnn-buttons" }, show), verdict);
  return () => {};
}

const KNOTS = 33;

function sketch({ el, description, covered = [] }) {
  const { x, y, because, log_x: logX, log_y: logY, x_label: xLabel, y_label: yLabel, y_range: range } = description;
  const stage = make("div", { class: "lnn-stage" });
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawing.setAttribute("role", "img");
  stage.append(drawing);
  const verdict = make("p", { class: "lnn-words", "aria-live": "polite" }, "Draw across the axes, or use the arrow keys on the handle.");
  const show = make("button", { type: "button", disabled: true, ...focusable }, "Compare with the curve");
  const again = make("button", { type: "button", ...focusable }, "Start again");
  const drawn = new Array(KNOTS).fill(undefined);
  let open = false, area, at = 0, last;

  const handle = make("div", { class: "lnn-handle lnn-pen", role: "slider", tabindex: "0", "aria-label": "Pen", ...focusable });
  stage.append(handle);
  const place = (i) => area.x0 + ((area.x1 - area.x0) * i) / (KNOTS - 1);

  const key = `lnn-sketch-${++made}`;

  function paint() {
    nameClips(key);
    const width = Math.max(280, Math.round(stage.clientWidth || 600)), height = Math.min(300, 0.62 * width);
    area = panel({ left: 0, top: 0, width, height, x: [x[0], x[x.length - 1]], y: range, logX, logY, xLabel, title: yLabel, pad: { left: 50 } });
    const points = drawn.map((v, i) => [place(i), v]).filter(([, v]) => v !== undefined);
    const d = points.map(([a, v], i) => `${i ? "L" : "M"}${px(a)} ${px(area.sy(v))}`).join("");
    let inner = curve("sketched", d);
    if (open) inner += curve("path", polyline(x, y, area.sx, area.sy));
    drawing.setAttribute("viewBox", `0 0 ${width} ${Math.round(height)}`);
    drawing.setAttribute("width", width);
    drawing.setAttribute("height", Math.round(height));
    drawing.setAttribute("aria-label", open ? "Your sketch and the curve" : `Empty axes: ${yLabel} over ${xLabel}`);
    const notes = open && points.length
      ? label(points[points.length - 1][0] - 4, clamp(area.sy(points[points.length - 1][1]) - 8, area.y1 + 10, area.y0 - 6), "your sketch", 'text-anchor="end"') : "";
    drawing.innerHTML = area.back + area.within(inner) + notes;
    const value = drawn[at] ?? area.sy.invert((area.y0 + area.y1) / 2);
    handle.style.transform = `translate(${px(place(at))}px, ${px(area.sy(value))}px)`;
    handle.hidden = open;
    handle.setAttribute("aria-valuemin", range[0]);
    handle.setAttribute("aria-valuemax", range[1]);
    handle.setAttribute("aria-valuenow", value);
    handle.setAttribute("aria-valuetext", `${xLabel} ${words(area.sx.invert(place(at)))}, ${drawn[at] === undefined ? "not drawn" : `${yLabel} ${words(value)}`}`);
    show.disabled = points.length < KNOTS / 3;
  }

  // Set the knots between the last place of the pen and this one.
  function pen(px_, py_) {
    const i = clamp(Math.round(((px_ - area.x0) / (area.x1 - area.x0)) * (KNOTS - 1)), 0, KNOTS - 1);
    const v = area.sy.invert(clamp(py_, area.y1, area.y0));
    const from = last ?? { i, v }, way = Math.sign(i - from.i) || 1;
    for (let k = from.i; ; k += way) {
      const share = i === from.i ? 1 : (k - from.i) / (i - from.i);
      drawn[k] = area.sy.invert(area.sy(from.v) + share * (area.sy(v) - area.sy(from.v)));
      if (k === i) break;
    }
    last = { i, v };
    at = i;
    paint();
  }
  const where = (event) => {
    const box = drawing.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const inside = ([a, b]) => a >= area.x0 - 12 && a <= area.x1 + 12 && b >= area.y1 - 12 && b <= area.y0 + 12;
  let drawing_ = false;
  stage.addEventListener("pointerdown", (event) => {
    if (open || event.button || !inside(where(event))) return;
    drawing_ = true;
    last = undefined;
    stage.setPointerCapture(event.pointerId);
    handle.focus({ preventScroll: true });
    event.preventDefault();
    pen(...where(event));
  });
  stage.addEventListener("pointermove", (event) => { if (drawing_) pen(...where(event)); });
  for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, () => { drawing_ = false; });
  handle.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way) return;
    event.preventDefault();
    event.stopPropagation();
    const height = drawn[at] === undefined ? (area.y0 + area.y1) / 2 : area.sy(drawn[at]);
    const next = clamp(at + way[0], 0, KNOTS - 1);
    last = undefined;
    pen(place(next), height + way[1] * 0.04 * (area.y0 - area.y1));
  });
  show.addEventListener("click", () => {
    open = true;
    stage.classList.add("lnn-open");
    show.remove();
    again.remove();
    verdict.textContent = because;
    paint();
    committed(el, covered);
  });
  again.addEventListener("click", () => {
    drawn.fill(undefined);
    at = 0;
    paint();
  });
  el.append(stage, make("div", { class: "lnn-buttons" }, show, again), verdict);
  let seen = 0;
  const watch = new ResizeObserver(() => {
    if (stage.clientWidth !== seen) { seen = stage.clientWidth; paint(); }
  });
  watch.observe(stage);
  paint();
  return () => watch.disconnect();
}

const PREDICTIONS = { choice, sketch };

// 7 Hosts ----------------------------------------------------------------------------------------

// The page's stand-in for a widget's model.
class PageModel {
  constructor(state) {
    this.state = { ...state };
    this.listeners = new EventTarget();
    this.known = new Map();
  }
  get(name) { return this.state[name]; }
  set(name, value) {
    this.state[name] = value;
    this.listeners.dispatchEvent(new Event(`change:${name}`));
  }
  on(name, f) {
    this.known.set(f, () => f());
    this.listeners.addEventListener(name, this.known.get(f));
  }
  off(name, f) { this.listeners.removeEventListener(name, this.known.get(f)); }
  save_changes() {}
}

function start(parts) {
  const { description } = parts;
  if (PREDICTIONS[description.kind]) return PREDICTIONS[description.kind](parts);
  return interfaceOf({ ...parts, kind: LABORATORIES[description.kind] });
}

// A notebook: anywidget calls this for each view.
function render({ model, el }) {
  const description = model.get("description");
  const box = make("div", { class: "lnn-lab", "data-kind": description.kind });
  if (PREDICTIONS[description.kind]) box.classList.add("lnn-predict");
  if (description.covers) box.dataset.covers = description.covers;
  box.append(make("p", { class: "lnn-question" }, description.question));
  el.append(box);
  return start({ el: box, model, description });
}

// A page: each figure brings its description, and the picture that stood in for it goes.
function enliven(figure) {
  if (figure.dataset.alive) return;
  figure.dataset.alive = "true";
  const description = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  const predicts = Boolean(PREDICTIONS[description.kind]);
  const body = make("div", { class: "lnn-body" });
  for (const old of [...figure.children]) if (old.tagName !== "FIGCAPTION") old.remove();
  figure.append(body);
  const covered = [...document.querySelectorAll(`details.lnn-covered[data-by="${figure.id}"]`)];
  for (const fold of covered) fold.classList.add("lnn-waiting");
  const address = predicts ? undefined : new Address(figure.id, description.parameters, description.state);
  const model = predicts ? undefined : new PageModel(address.read());
  start({ el: body, model, description, address, covered });
}

if (typeof document !== "undefined")
  document.querySelectorAll("figure.lnn-lab").forEach(enliven);

// Exports: what tests call, and what anywidget calls.
export { chainDescent, chainSharpness, chainSlope, eigenvalues, valleyRun, valleyVerdict, words };
export default { render };
