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

// The singular values of an (n, m) matrix, descending: one-sided rotations, small ones exact too.
function singularValues(matrix, n, m) {
  const tall = n >= m, rows = tall ? n : m, columns = tall ? m : n;
  const c = Array.from({ length: columns }, (_, j) =>
    Float64Array.from({ length: rows }, (_, i) => (tall ? matrix[i * m + j] : matrix[j * m + i])));
  for (let sweep = 0, turned = true; turned && sweep < 40; sweep++) {
    turned = false;
    for (let p = 0; p < columns - 1; p++)
      for (let q = p + 1; q < columns; q++) {
        const x = c[p], y = c[q];
        let a = 0, b = 0, g = 0;
        for (let i = 0; i < rows; i++) { a += x[i] * x[i]; b += y[i] * y[i]; g += x[i] * y[i]; }
        if (!(Math.abs(g) > 1e-15 * Math.sqrt(a * b))) continue;
        turned = true;
        const zeta = (b - a) / (2 * g), t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(zeta, 1));
        const cos = 1 / Math.hypot(t, 1), sin = t * cos;
        for (let i = 0; i < rows; i++) {
          const u = x[i], v = y[i];
          x[i] = cos * u - sin * v;
          y[i] = sin * u + cos * v;
        }
      }
  }
  return c.map((x) => Math.sqrt(x.reduce((s, v) => s + v * v, 0))).sort((x, y) => y - x);
}

// The largest eigenvalue of a symmetric tridiagonal matrix: halving, with Sturm's count of signs.
function topOfTridiagonal(diagonal, beside) {
  const n = diagonal.length;
  const reach = Math.max(...diagonal.map((d, i) => Math.abs(d) + Math.abs(beside[i - 1] ?? 0) + (i < n - 1 ? Math.abs(beside[i]) : 0)));
  const below = (x) => {
    let q = diagonal[0] - x;
    for (let i = 1; i < n && q < 0; i++) q = diagonal[i] - x - beside[i - 1] ** 2 / q;
    return q < 0;
  };
  let low = -reach, high = reach * (1 + 1e-12) + Number.MIN_VALUE;
  for (let i = 0; i < 100 && high - low > 1e-15 * reach; i++) {
    const middle = (low + high) / 2;
    if (below(middle)) high = middle;
    else low = middle;
  }
  return high;
}

// A network with whitened inputs, Σ_XX = I, and the targets T = diag(spectrum): its loss is
// ‖T − W_N ⋯ W_1‖², W_j of shape (widths[j], widths[j − 1]).
class Network {
  constructor(widths, spectrum) {
    this.widths = widths;
    this.depth = widths.length - 1;
    this.inputs = widths[0];
    this.outputs = widths[this.depth];
    this.target = new Float64Array(this.outputs * this.inputs);
    spectrum.forEach((s, i) => { this.target[i * this.inputs + i] = s; });
    this.scale = spectrum.reduce((sum, s) => sum + s * s, 0);
    this.right = widths.slice(1).map((d) => new Float64Array(d * this.inputs)); // W_j ⋯ W_1
    this.back = widths.map((d) => new Float64Array(d * this.inputs));
  }

  forward(w) {
    const { widths, right, inputs } = this;
    right[0].set(w[0]);
    for (let j = 1; j < this.depth; j++) multiply(w[j], right[j - 1], widths[j + 1], widths[j], inputs, right[j]);
    return right[this.depth - 1];
  }

  loss(w) {
    const product = this.forward(w);
    let sum = 0;
    for (let i = 0; i < product.length; i++) sum += (this.target[i] - product[i]) ** 2;
    return sum;
  }

  // ∇_{W_j} L = 2 (W_N ⋯ W_{j+1})ᵀ (W − T) (W_{j−1} ⋯ W_1)ᵀ; the caller has called forward(w).
  gradient(w, out = w.map((x) => new Float64Array(x.length))) {
    const { widths, right, back, inputs, depth } = this;
    const error = back[depth], product = right[depth - 1];
    for (let i = 0; i < error.length; i++) error[i] = 2 * (product[i] - this.target[i]);
    for (let j = depth - 1; j > 0; j--) {
      addOuter(back[j + 1], right[j - 1], widths[j + 1], inputs, widths[j], out[j].fill(0));
      multiplyTransposed(w[j], back[j + 1], widths[j], widths[j + 1], inputs, back[j]);
    }
    out[0].set(back[1]);
    return out;
  }

  // The Hessian times v: the derivative of the gradient along v. The caller has called forward(w).
  hessianVector(w, v) {
    const { widths, inputs, depth, right } = this;
    const plus = (a, b) => { for (let i = 0; i < a.length; i++) a[i] += b[i]; return a; };
    const moved = [v[0]]; // the derivatives of the right products
    for (let j = 1; j < depth; j++)
      moved.push(plus(multiply(w[j], moved[j - 1], widths[j + 1], widths[j], inputs),
        multiply(v[j], right[j - 1], widths[j + 1], widths[j], inputs)));
    let back = right[depth - 1].map((x, i) => 2 * (x - this.target[i])), turned = moved[depth - 1].map((x) => 2 * x);
    const out = new Array(depth);
    for (let j = depth - 1; j > 0; j--) {
      const g = addOuter(turned, right[j - 1], widths[j + 1], inputs, widths[j], new Float64Array(w[j].length));
      out[j] = addOuter(back, moved[j - 1], widths[j + 1], inputs, widths[j], g);
      turned = plus(multiplyTransposed(w[j], turned, widths[j], widths[j + 1], inputs),
        multiplyTransposed(v[j], back, widths[j], widths[j + 1], inputs));
      back = multiplyTransposed(w[j], back, widths[j], widths[j + 1], inputs);
    }
    out[0] = turned;
    return out;
  }

  // The largest eigenvalue of the Hessian by Lanczos' method, kept orthogonal: exact after as many
  // products as there are distinct eigenvalues.
  sharpness(w) {
    this.forward(w);
    const sizes = w.map((x) => x.length), total = sizes.reduce((a, b) => a + b, 0);
    const apply = (x) => {
      let from = 0;
      const v = sizes.map((n) => x.subarray(from, (from += n)));
      const out = new Float64Array(total);
      from = 0;
      for (const part of this.hessianVector(w, v)) { out.set(part, from); from += part.length; }
      return out;
    };
    const dot = (a, b) => { let t = 0; for (let i = 0; i < total; i++) t += a[i] * b[i]; return t; };
    let x = Float64Array.from({ length: total }, (_, i) => Math.sin(1 + i * 1.7) + 0.3); // any direction
    let size = Math.sqrt(dot(x, x)), scale = 0;
    const basis = [], diagonal = [], beside = [];
    while (basis.length < total && size > 1e-12 * scale) {
      x = x.map((value) => value / size);
      basis.push(x);
      const y = apply(x);
      diagonal.push(dot(x, y));
      for (let pass = 0; pass < 2; pass++)
        for (const q of basis) { const t = dot(q, y); for (let i = 0; i < total; i++) y[i] -= t * q[i]; }
      size = Math.sqrt(dot(y, y));
      beside.push(size);
      scale = Math.max(scale, Math.abs(diagonal[diagonal.length - 1]), size);
      x = y;
    }
    return topOfTridiagonal(diagonal, beside);
  }

  // W_j ← W_j − η ∇_{W_j} L, as `lnn.descend`: loss and, if wanted, weights every so many steps.
  descend(start, eta, steps, { every = 1, keep = () => {} } = {}) {
    const w = start.map((x) => x.slice()), slope = start.map((x) => new Float64Array(x.length));
    const ceiling = 1e8 * Math.max(this.loss(w), this.scale);
    const recorded = [], losses = [];
    let diverged = false;
    for (let k = 0; k <= steps; k++) {
      this.forward(w);
      if (k % every === 0 || k === steps) {
        const loss = this.loss(w);
        diverged = !(Math.abs(loss) <= ceiling);
        recorded.push(k);
        losses.push(diverged ? Infinity : loss);
        keep(w, k);
        if (diverged) break;
      }
      if (k === steps) break;
      this.gradient(w, slope);
      for (let j = 0; j < w.length; j++) {
        const x = w[j], g = slope[j];
        for (let i = 0; i < x.length; i++) x[i] -= eta * g[i];
      }
    }
    return { weights: w, recorded, losses, diverged };
  }
}

// `numpy.random.default_rng(seed).standard_normal`, so that a state has the same weights in Python:
// SeedSequence, PCG64 (128 bits, XSL-RR) and the ziggurat of Marsaglia and Tsang with 256 strips.
function normals(seed) {
  const u = (x) => x >>> 0;
  let hash = 0x43b0d7e5;
  const hashed = (value) => {
    let v = u(value ^ hash);
    hash = u(Math.imul(hash, 0x931e8875));
    v = u(Math.imul(v, hash));
    return u(v ^ (v >>> 16));
  };
  const mixed = (x, y) => {
    const v = u(Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y));
    return u(v ^ (v >>> 16));
  };
  const pool = [hashed(seed), hashed(0), hashed(0), hashed(0)];
  for (let i = 0; i < 4; i++) for (let j = 0; j < 4; j++) if (i !== j) pool[j] = mixed(pool[j], hashed(pool[i]));
  hash = 0x8b51f9dd;
  const word = Array.from({ length: 8 }, (_, i) => {
    let v = u(pool[i % 4] ^ hash);
    hash = u(Math.imul(hash, 0x58f38ded));
    v = u(Math.imul(v, hash));
    return BigInt(u(v ^ (v >>> 16)));
  });
  const long = (i) => word[2 * i] | (word[2 * i + 1] << 32n);
  const all128 = (1n << 128n) - 1n, all64 = (1n << 64n) - 1n;
  const increment = ((((long(2) << 64n) | long(3)) << 1n) | 1n) & all128;
  let state = 0n;
  const advance = () => { state = (state * 0x2360ed051fc65da44385df649fccf645n + increment) & all128; };
  advance();
  state = (state + ((long(0) << 64n) | long(1))) & all128;
  advance();
  const bits = () => {
    advance();
    const folded = ((state >> 64n) ^ state) & all64, turn = state >> 122n;
    return ((folded >> turn) | (folded << (64n - turn))) & all64;
  };
  const uniform = () => Number(bits() >> 11n) * 2 ** -53;
  const { k, w, f, r } = ziggurat();
  return () => {
    for (;;) {
      const drawn = bits(), strip = Number(drawn & 0xffn), place = Number((drawn >> 9n) & 0xfffffffffffffn);
      const x = ((drawn >> 8n) & 1n ? -1 : 1) * place * w[strip];
      if (place < k[strip]) return x;
      if (strip === 0)
        for (;;) {
          const a = -Math.log1p(-uniform()) / r, b = -Math.log1p(-uniform());
          if (2 * b > a * a) return (drawn >> 17n) & 1n ? -(r + a) : r + a;
        }
      if ((f[strip - 1] - f[strip]) * uniform() + f[strip] < Math.exp(-0.5 * x * x)) return x;
    }
  };
}

let strips;
function ziggurat() {
  if (strips) return strips;
  const r = 3.6541528853610088, area = 0.00492867323397465524494, parts = 2 ** 52;
  const k = new Float64Array(256), w = new Float64Array(256), f = new Float64Array(256);
  let x1 = r;
  f[255] = Math.exp(-0.5 * r * r);
  w[255] = r / parts;
  k[0] = ((r * f[255]) / area) * parts;
  w[0] = area / f[255] / parts;
  f[0] = 1;
  for (let i = 254; i > 0; i--) {
    const x = Math.sqrt(-2 * Math.log(area / x1 + f[i + 1]));
    k[i + 1] = (x / x1) * parts;
    w[i] = x / parts;
    f[i] = Math.exp(-0.5 * x * x);
    x1 = x;
  }
  strips = { k, w, f, r };
  return strips;
}

// `lnn.gaussian(widths, numpy.random.default_rng(seed), std=scale)`, or `lnn.aligned`: every layer
// has `scale` on its diagonal.
function startOf({ widths, start, scale, seed }) {
  const normal = start === "gaussian" ? normals(seed) : undefined;
  return widths.slice(1).map((rows, j) => {
    const columns = widths[j], w = new Float64Array(rows * columns);
    if (normal) for (let i = 0; i < w.length; i++) w[i] = scale * normal();
    else for (let i = 0; i < Math.min(...widths); i++) w[i * columns + i] = scale;
    return w;
  });
}

// When a chain of N equal scalar layers has the product p, from wherever it came (curvature 1):
// with w = p^{1/N} and x = w / s^{1/N}, dp/dt = 2 N p^{2−2/N} (s − p) integrates to elementary
// functions, since 1 / (w^{N−1} (s − w^N)) = (w^{1−N} + w / (s − w^N)) / s.
function modeClock(p, s, depth) {
  if (depth === 1) return -Math.log1p(-p / s) / 2;
  const w = p ** (1 / depth), top = s ** (1 / depth), x = w / top;
  const slow = depth === 2 ? Math.log(w) : w ** (2 - depth) / (2 - depth);
  let fast = 0;
  for (let j = 0; j < depth; j++) {
    const angle = (2 * Math.PI * j) / depth;
    const re = 1 - x * Math.cos(angle), im = -x * Math.sin(angle);
    const log = j === 0 ? Math.log1p(-x) : Math.log(Math.hypot(re, im));
    fast -= (Math.cos(2 * angle) * log + Math.sin(2 * angle) * Math.atan2(im, re)) / depth;
  }
  return (slow + top ** (2 - depth) * fast) / (2 * s);
}

// The least loss of a map of each rank, and the least sharpness of a global minimizer.
const floors = (spectrum) => {
  const squares = [...spectrum].sort((a, b) => b - a).map((s) => s * s);
  return Array.from({ length: squares.length + 1 }, (_, r) => squares.slice(r).reduce((a, b) => a + b, 0));
};
const leastSharpness = (spectrum, depth) => 2 * depth * Math.max(...spectrum) ** (2 - 2 / depth);

// The balancedness constant: the largest ‖W_{j+1}ᵀ W_{j+1} − W_j W_jᵀ‖₂.
function balancedness(w, widths) {
  let worst = 0;
  for (let j = 1; j < w.length; j++) {
    const d = widths[j];
    const a = multiplyTransposed(w[j], w[j], d, widths[j + 1], d);
    addOuter(w[j - 1], w[j - 1], d, widths[j - 1], d, a, -1);
    const values = eigenvalues(a, d);
    worst = Math.max(worst, Math.abs(values[0]), Math.abs(values[d - 1]));
  }
  return worst;
}

// Nguegnang, Rauhut and Terstiege's step size for the loss without ½, as `lnn.convergence_bound`;
// δ is their choice, or twice the balancedness constant where that is larger.
function convergenceBound(network, w, spectrum) {
  const n = network.depth, top = Math.max(...spectrum);
  const loss = network.loss(w), unbalanced = balancedness(w, network.widths);
  const bound = Math.sqrt(loss) + top;
  const delta = Math.max(bound ** (2 / n) / (n * (n + 1) ** 2), 2 * unbalanced);
  const room = delta - unbalanced, K = bound ** (2 / n) + (n + 1) ** 2 * delta;
  const B = 2 * Math.E * n * K ** (n - 1) + Math.sqrt(Math.E) * n * K ** (n / 2 - 1) * top;
  return { step: room / (2 * loss + room * B), delta };
}

// The step size below which these weights certainly run to a global minimizer, 0 where nothing is
// proved: as `lnn.trapping_bound`.
function trappingBound(network, w) {
  const { widths, depth, inputs, outputs } = network;
  const e = Math.sqrt(network.loss(w));
  if (!(e < 1e30)) return 0;
  // K Kᵀ = Σ_j P_j P_jᵀ ⊗ Q_jᵀ Q_j.
  const identity = (d) => Float64Array.from({ length: d * d }, (_, i) => (i % (d + 1) ? 0 : 1));
  const left = [identity(outputs)];
  for (let j = depth - 1; j > 0; j--) left.unshift(multiply(left[0], w[j], outputs, widths[j + 1], widths[j]));
  const size = outputs * inputs, gram = new Float64Array(size * size);
  for (let j = 0; j < depth; j++) {
    const rows = addOuter(left[j], left[j], outputs, widths[j + 1], outputs, new Float64Array(outputs ** 2));
    const q = j ? network.right[j - 1] : identity(inputs);
    const columns = multiplyTransposed(q, q, inputs, widths[j], inputs);
    for (let a = 0; a < outputs; a++) for (let b = 0; b < outputs; b++)
      for (let c = 0; c < inputs; c++) for (let d = 0; d < inputs; d++)
        gram[(a * inputs + c) * size + b * inputs + d] += rows[a * outputs + b] * columns[c * inputs + d];
  }
  const spectrum = eigenvalues(gram, size);
  const low = Math.sqrt(Math.max(spectrum[size - 1], 0)), high = Math.sqrt(spectrum[0]);
  const norms = w.map((x, j) => singularValues(x, widths[j + 1], widths[j])[0]);
  const bend = (radius) => {
    const c = new Float64Array(depth * depth);
    for (let i = 0; i < depth; i++) for (let j = 0; j < depth; j++)
      if (i !== j) c[i * depth + j] = norms.reduce((p, n, k) => (k === i || k === j ? p : p * (n + radius)), 1);
    const values = eigenvalues(c, depth);
    return Math.max(Math.abs(values[0]), Math.abs(values[depth - 1]));
  };
  const longest = depth > 1 ? low / bend(0) : (1e9 * e) / low;
  let best = 0;
  if (!Number.isFinite(longest)) return 0;
  for (let i = 0; i <= 90; i++) {
    const radius = longest * 10 ** (-9 + i / 10), g = bend(radius), sigma = low - g * radius;
    const curvature = 2 * (high + g * radius) ** 2 + 2 * e * g;
    const step = (2 / curvature) * (1 - e / (radius * sigma));
    if (sigma > 0 && step > best) best = step;
  }
  return best;
}

// A critical point as strings on the ring of layers: `gates[q][h]` tells whether mode q passes
// layer h + 1. All targets are distinct and positive, so the data close every ring. A mode that
// passes all layers is learned; one that is stopped by a single layer leaves a gradient there.
function ringPoint(gates, sigma) {
  const depth = gates[0].length, modes = gates.map((_, q) => q);
  const closed = gates.map((row) => row.flatMap((open, h) => (open ? [] : [h])));
  const learned = modes.filter((q) => closed[q].length === 0), rest = modes.filter((q) => closed[q].length);
  const blocked = depth > 1 ? rest.filter((q) => closed[q].length === 1) : rest;
  // Strings: between two closed layers of a mode, the nodes they join; node h stands after layer h.
  const strings = [];
  for (const q of rest)
    closed[q].forEach((h, i) => {
      const next = closed[q][(i + 1) % closed[q].length];
      strings.push({ mode: q, begin: h, end: next }); // from the node after layer h to the one before `next`
    });
  const swaps = learned.flatMap((s) => rest.filter((q) => sigma[q] > sigma[s]).map((q) => [s, q]));
  // Whether a string runs from the node after layer `from` to the one before layer `to`.
  const runs = (s, from, to) => {
    const on = (a, b) => (b - a + depth) % depth || depth; // layers from a to b, a turn if equal
    return (from === s.begin ? 0 : on(s.begin, from)) + on(from, to) <= on(s.begin, s.end);
  };
  // Two strings cover the ring if each begins at or before the end of the other.
  const pairs = [];
  strings.forEach((a, i) => strings.slice(i + 1).forEach((b) => {
    if (a.end !== b.end && runs(a, b.end, a.end) && runs(b, a.end, b.end))
      pairs.push({ gaps: [b.end, a.end], through: [a, b] });
  }));
  // The fewest strings that cover it: gaps between whose neighbours some string runs through.
  let cover;
  if (rest.length && !blocked.length)
    for (let set = 1; set < 1 << depth; set++) {
      const gaps = [...Array(depth).keys()].filter((h) => set & (1 << h));
      if (gaps.length < 2 || (cover && gaps.length >= cover.gaps.length)) continue;
      const through = gaps.map((h, i) => strings.find((s) => runs(s, h, gaps[(i + 1) % gaps.length])));
      if (!through.includes(undefined)) cover = { gaps, through };
    }
  const full = learned.length === gates.length;
  const index = swaps.length + pairs.length;
  const kind = blocked.length ? "not critical" : full ? "global minimizer" : index ? "strict saddle" : "non-strict saddle";
  const order = kind === "non-strict saddle" ? cover.gaps.length : kind === "strict saddle" ? 2 : undefined;
  return { depth, learned, rest, blocked, strings, swaps, pairs, cover, index, kind, order };
}

// Its weights: σ^{1/N} along learned modes, 1 where a gate is open.
function ringWeights(gates, sigma) {
  const n = sigma.length, depth = gates[0].length;
  return Array.from({ length: depth }, (_, h) => {
    const w = new Float64Array(n * n);
    gates.forEach((row, q) => {
      if (row.every(Boolean)) w[q * n + q] = sigma[q] ** (1 / depth);
      else if (row[h]) w[q * n + q] = 1;
    });
    return w;
  });
}

// A direction in which the loss falls fastest in order: entries [layer, row, column, value].
function ringEscape(gates, sigma, point = ringPoint(gates, sigma)) {
  const { depth, swaps, pairs, cover, kind } = point;
  if (kind === "global minimizer" || kind === "not critical") return [];
  if (swaps.length) {
    const [s, q] = swaps[0];
    return [[depth - 1, q, s, Math.SQRT1_2], [0, s, q, Math.SQRT1_2]];
  }
  // Strings joined at the gaps, end to end around the ring.
  const joined = pairs[0] ?? cover;
  const m = joined.gaps.length;
  return joined.gaps.map((h, i) => [h, joined.through[i].mode, joined.through[(i + m - 1) % m].mode, 1 / Math.sqrt(m)]);
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
  const inside = { left: 40, right: 17, top: title ? 22 : 8, bottom: xLabel ? 34 : 18, ...pad };
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

  // At most one drawing per frame. The stage is busy until nothing more is to be drawn.
  let frame;
  ui.redraw = () => {
    stage.dataset.busy = "true";
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
    if (frame === undefined) delete stage.dataset.busy;
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

  ui.button = (text, act, place = "append") => {
    const button = make("button", { type: "button", onclick: act, ...focusable }, text);
    buttons[place](button);
    return button;
  };

  const folded = make("div");
  for (const p of parameters) {
    if (p.control === "none") continue;
    (p.control === "data" ? folded : controls).append(...control(p));
  }
  if (folded.children.length)
    controls.append(make("details", {}, make("summary", { ...focusable }, "More settings"), folded));


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
      if (p.ends) input.max = state[p.ends];
      const text = `${words(p.ends ? Math.min(value, state[p.ends]) : value)}${p.unit ? ` ${p.unit}` : ""}`;
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

// Where 400 runs from all over the plane have settled, as `Valley.ends`: the third weight is the
// second throughout, so that two numbers are enough.
function valleyEnds({ layers, target, step, steps }) {
  const ends = [], ceiling = 1e8 * target ** 2;
  let gone = 0;
  for (let i = 0; i < 400; i++) {
    let x = -2.5 + 0.25 * (Math.floor(i / 20) + 0.5), y = -2.5 + 0.25 * ((i % 20) + 0.5) + 0.05;
    const most = Math.max(ceiling, 1e8 * (target - (layers === 2 ? y * x : y * y * x)) ** 2);
    let e = 0;
    for (let k = 0; ; k++) {
      const rest = layers === 2 ? 1 : y;
      e = target - y * rest * x;
      if (k === steps || !(e * e <= most) || e * e < 1e-26 * target ** 2) break; // at the limit, gone, there
      const slope = 2 * step * e;
      [x, y] = [x + slope * y * rest, y + slope * rest * x];
    }
    if (!(e * e <= most)) gone++;
    else if (e * e <= 1e-8 * target ** 2) ends.push([x, y]);
  }
  return { ends, gone };
}

// The sharpness of the minimizer with this second weight.
const floorSharpness = (y, s, layers) =>
  2 * s * s * ((y ** (layers - 1) / s) ** 2 + (layers - 1) / y ** 2);

// The sentence about them.
function valleyCrowd(state, { ends, gone }) {
  const { layers, target, step, steps } = state, edge = 2 / step;
  const within = `2/η = ${words(edge)}`;
  const flat = edge > leastSharpness([target], layers)
    ? `Minimizers flatter than ${within} are marked.`
    : `No minimizer is flatter than ${within}.`;
  const rest = `${gone} have blown up`;
  if (!ends.length) return `${flat} Of 400 runs from all over the plane none has settled after ${times(steps, "step")}; ${rest}.`;
  const sharp = ends.map(([, y]) => floorSharpness(y, target, layers));
  return `${flat} Of 400 runs from all over the plane ${ends.length} have settled after ${times(steps, "step")}, at sharpness ${words(Math.min(...sharp))} to ${words(Math.max(...sharp))}; ${rest}.`;
}

// What became of a run, and the sentence that says so.
function valleyVerdict(state, run) {
  const { layers, target, step, steps } = state;
  const { path, losses, sharpness, diverged } = run;
  const edge = 2 / step, scale = target ** 2, last = losses.length - 1;
  const least = leastSharpness([target], layers);
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
    if (state.shows === "ends") {
      const far = Array.from({ length: 400 }, (_, i) => SPAN * 1.02 * ((i + 1) / 400) ** 2);
      for (const sign of [1, -1]) {
        const flat = far.map((v) => (floorSharpness(v, target, layers) < 2 / state.step ? sign * v : NaN));
        markup += curve("flat", polyline(flat.map((v) => target / v ** (layers - 1)), flat, sx, sy));
      }
    }
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
    const crowd = state.shows === "ends" ? crowdOf() : undefined;
    for (const [x, y] of crowd?.ends ?? []) inside += `<circle class="settled" cx="${px(sx(x))}" cy="${px(sy(y))}" r="2.6"/>`;
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
      words: `Step size ${words(step)} from w₁ = ${words(state.w1)}, ${name3()} = ${words(state.w2)}. ${sentence}${aside}${kept}${crowd ? ` ${valleyCrowd(state, crowd)}` : ""}`,
    };
  }
  // The crowd does not see where the one run starts.
  let memory = {};
  function crowdOf() {
    const { layers, target, step, steps } = state, key = [layers, target, step, steps].join();
    if (memory.key !== key) memory = { key, crowd: valleyEnds(state) };
    return memory.crowd;
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
    if (state.shows === "ends")
      lines.push(
        "",
        "# 400 runs from all over the plane",
        "cells = -2.5 + 0.25 * (np.arange(20) + 0.5)",
        "w1, w2 = (w.reshape(400, 1, 1) for w in np.meshgrid(cells, cells + 0.05))",
        `runs = lnn.descend((${["w1", "w2", "w2"].slice(0, layers).join(", ")}), problem, step_size=${step}, steps=${steps}, record_every=${steps})`,
        `settled = runs.losses[:, -1] <= ${1e-8 * target ** 2}`,
        ...(layers === 3 ? ["settled &= abs(runs.weights[2] - runs.weights[1])[:, 0, 0] < 1e-6  # in the plane"] : []),
        'print(settled.sum(), "settled")',
      );
    return lines.join("\n");
  }
  return { draw, code };
};

// The staircase: a network learns one singular mode after another.

function staircaseWidths({ layers, width, spectrum }) {
  const d = spectrum.length;
  return [d, ...new Array(layers - 1).fill(width), d];
}

function staircaseRun(state) {
  const { spectrum, step, steps } = state, widths = staircaseWidths(state);
  const network = new Network(widths, spectrum), d = spectrum.length;
  const every = [1, 2, 5, 10, 20].find((n) => steps / n <= 400), values = [];
  const keep = (w) => { values.push(singularValues(network.right[network.depth - 1], d, d)); };
  const run = network.descend(startOf({ ...state, widths }), step, steps, { every, keep });
  return { ...run, values, widths, targets: [...spectrum].sort((a, b) => b - a), levels: floors(spectrum) };
}

// The closed form of each mode as [step, value]: exact for the aligned start; for a random one it
// has no free choice but when, and is put where the run crosses half the target.
function staircaseTheory(state, run) {
  const { layers, step, start, scale } = state;
  const most = Math.min(...run.widths);
  return run.targets.slice(0, most).map((s, i) => {
    let shift;
    if (start === "aligned") {
      const p = scale ** layers;
      if (!(p < s)) return [];
      shift = -modeClock(p, s, layers);
    } else {
      const k = run.values.findIndex((v) => v[i] >= s / 2);
      if (k < 1) return [];
      const [a, b] = [run.values[k - 1][i], run.values[k][i]], share = (s / 2 - a) / (b - a);
      const when = run.recorded[k - 1] + share * (run.recorded[k] - run.recorded[k - 1]);
      shift = when * step - modeClock(s / 2, s, layers);
    }
    const points = [];
    for (let z = -9; z <= 7; z += 0.25) {
      const p = s / (1 + Math.exp(-z));
      points.push([(modeClock(p, s, layers) + shift) / step, p]);
    }
    return points;
  });
}

// The steps at which the modes are half learned, between two recorded ones; NaN where it is later.
function staircaseHalves({ values, recorded, targets, widths }) {
  return targets.slice(0, Math.min(...widths)).map((s, i) => {
    const k = values.findIndex((v) => v[i] >= s / 2);
    if (k < 1) return NaN;
    const share = (s / 2 - values[k - 1][i]) / (values[k][i] - values[k - 1][i]);
    return recorded[k - 1] + share * (recorded[k] - recorded[k - 1]);
  });
}

LABORATORIES.staircase = (ui) => {
  const { state } = ui;
  let memory = {};
  const current = () => {
    const key = JSON.stringify({ ...state, at: 0 });
    if (memory.key !== key) {
      const run = staircaseRun(state);
      memory = { key, run, theory: staircaseTheory(state, run) };
    }
    return memory;
  };

  function pipes(box, run, learned) {
    const { widths, targets } = run, most = Math.max(...widths);
    const left = box.left + 16, right = box.left + box.width - 16, middle = box.top + 14 + (box.height - 34) / 2;
    const unit = (box.height - 40) / most;
    const xs = widths.map((_, j) => left + ((right - left) * j) / (widths.length - 1));
    const wall = (sign) => widths.map((d, j) => {
      const y = middle + (sign * d * unit) / 2;
      if (j === 0) return `${px(xs[0])} ${px(y)}`;
      const half = (xs[j] + xs[j - 1]) / 2, before = middle + (sign * widths[j - 1] * unit) / 2;
      return `C${px(half)} ${px(before)} ${px(half)} ${px(y)} ${px(xs[j])} ${px(y)}`;
    });
    const top = `M${wall(-1).join("")}`, bottom = `M${wall(1).join("")}`;
    let markup = `<path class="wall" d="${top}"/><path class="wall" d="${bottom}"/>`;
    const open = learned.map((v, i) => clamp(v / targets[i], 0, 1)), all = open.reduce((a, b) => a + b, 0);
    let y = middle - (all * unit) / 2;
    open.forEach((share, i) => {
      if (share * unit > 0.3)
        markup += `<rect class="flowing" data-mode="${i + 1}" x="${px(left)}" y="${px(y)}" width="${px(right - left)}" height="${px(share * unit)}"/>`;
      if (share * unit > 13)
        markup += `<text class="inpipe" x="${px(left + 8)}" y="${px(y + (share * unit) / 2 + 4)}">mode ${i + 1}</text>`;
      y += share * unit;
    });
    widths.forEach((d, j) => {
      markup += `<path class="axis" d="M${px(xs[j])} ${px(middle - (d * unit) / 2)}V${px(middle + (d * unit) / 2)}"/>`;
      const anchor = j === 0 ? "start" : j === widths.length - 1 ? "end" : "middle";
      markup += `<text class="tick" x="${px(xs[j] + (j === 0 ? -10 : j === widths.length - 1 ? 10 : 0))}" y="${px(box.top + box.height - 4)}" text-anchor="${anchor}">d${lowered(j)} = ${d}</text>`;
    });
    return `<text class="title" x="${px(box.left + 2)}" y="${px(box.top + 12)}">The network as a pipe: what passes</text>` + markup;
  }

  function draw(width) {
    const { run, theory } = current(), { recorded, losses, values, targets, levels, widths } = run;
    const wide = width >= 560, half = wide ? width / 2 - 5 : width, tall = wide ? 230 : 190;
    const now = Math.min(state.at, state.steps);
    const at = Math.max(0, recorded.findLastIndex((k) => k <= now));
    const most = Math.min(...widths), learned = values[at], rank = learned.filter((v, i) => v > targets[i] / 2).length;
    const x = [0, state.steps];
    const seen = losses.filter(Number.isFinite), high = Math.min(Math.max(...seen, levels[0]) * 1.6, 1e6);
    const low = levels[most] > 0 ? levels[most] / 2 : levels[most - 1] / 100;
    const a = panel({ left: 0, top: 0, width: half, height: tall, x, y: [low, high], logY: true, title: "Loss", xLabel: "step", xTicks: 4 });
    let inner = "", notes = "";
    levels.slice(0, most + 1).forEach((level, r) => {
      if (level < low) return;
      inner += curve("level", `M${px(a.x0)} ${px(a.sy(level))}H${px(a.x1)}`);
      const free = r === 0 || a.sy(level) - a.sy(levels[r - 1]) > 13;
      if (free) notes += label(a.x1 - 3, a.sy(level) - 3, `rank ${r}`, 'text-anchor="end"');
    });
    inner += curve("path", polyline(recorded, losses, a.sx, a.sy));
    const cursor = (p) => curve("cursor", `M${px(p.sx(now))} ${px(p.y0)}V${px(p.y1)}`);
    inner += cursor(a);
    if (Number.isFinite(losses[at])) inner += `<circle class="end" cx="${px(a.sx(now))}" cy="${px(a.sy(losses[at]))}" r="5"/>`;
    let markup = a.back + a.within(inner) + notes;

    const b = panel({ left: wide ? half + 10 : 0, top: wide ? 0 : tall + 8, width: wide ? width - half - 10 : width, height: tall, x, y: [0, targets[0] * 1.12], title: "Singular values", xLabel: "step", xTicks: 4 });
    inner = "";
    targets.forEach((s, i) => { inner += `<path class="line" data-mode="${i + 1}" d="${polyline(recorded, values.map((v) => v[i]), b.sx, b.sy)}"/>`; });
    theory.forEach((points) => { inner += curve("theory", polyline(points.map((p) => p[0]), points.map((p) => p[1]), b.sx, b.sy)); });
    inner += cursor(b);
    markup += b.back + b.within(inner);
    const under = { left: 0, width, top: (wide ? tall : 2 * tall + 8) + 10, height: wide ? 170 : 150 };
    markup += pipes(under, run, learned);

    const loss = losses[at];
    const resting = levels.findIndex((level, r) => r <= most && Math.abs(loss - level) < 0.03 * Math.max(level, levels[0] / 1000));
    const best = 2 / leastSharpness(state.spectrum, state.layers);
    let sentence;
    if (run.diverged && at === recorded.length - 1)
      sentence = `The loss blows up at step ${recorded[at]}. Above η = ${words(best)} no minimizer is stable.`;
    else {
      const where = resting >= 0
        ? resting === most
          ? ` That is the least loss of rank ${most}, all that ${most === state.spectrum.length ? "there is to learn" : "the narrowest layer lets through"}.`
          : ` The run rests on the plateau of rank ${resting}, whose least loss is ${words(levels[resting])}.`
        : " It is on its way from one plateau to the next.";
      sentence = `At step ${recorded[at]} the loss is ${words(loss)} and the network has learned ${times(rank, "mode")} of ${targets.length}.${where}`;
    }
    const shape = theory.some((points) => points.length)
      ? state.start === "aligned"
        ? " The dotted curves are the closed form of gradient flow from this start."
        : " The dotted curves are the closed form, each put where its mode is half-way."
      : "";
    const halves = staircaseHalves(run).filter(Number.isFinite).map((k) => String(Math.round(k)));
    const clock = halves.length > 1
      ? ` The modes are half learned at the steps ${halves.slice(0, -1).join(", ")} and ${halves.at(-1)}.` : "";
    return { height: under.top + under.height, markup, words: sentence + clock + shape };
  }

  function code() {
    const { layers, spectrum, step, steps, scale, seed, start } = state;
    const d = spectrum.length, widths = `(${staircaseWidths(state).join(", ")})`;
    const run = current().run;
    const lines = [
      "import numpy as np",
      "import lnn",
      start === "aligned" && layers > 1 ? "from lnn.dynamics import aligned" : "",
      "",
      `problem = lnn.Problem(np.eye(${d}), np.diag([${spectrum.map((s) => s.toFixed(3).replace(/0+$/, "0")).join(", ")}]))`,
      start === "aligned" && layers === 1
        ? `start = (${scale} * np.eye(${d}),)`
        : start === "aligned"
        ? `start = aligned(problem, ${widths}, [${scale}] * ${Math.min(...run.widths)})`
        : `start = lnn.gaussian(${widths}, np.random.default_rng(${seed}), std=${scale})`,
      `run = lnn.descend(start, problem, step_size=${step}, steps=${steps})`,
      "print(run.stop.name, run.losses[-1])",
      run.diverged ? "" : "print(np.linalg.svd(lnn.product(run.weights), compute_uv=False))",
    ];
    return lines.filter((line, i) => line || i === 3).join("\n");
  }
  return { draw, code };
};

// How large a step? One network, every step size.
const MARKS = [
  ["proved", "proved beforehand"],
  ["sufficient", "sufficient, known on arrival"],
  ["edge", "2/sharpness where small steps lead"],
  ["none", "no minimizer is stable above"],
];

function stepWorld(state) {
  const { spectrum, layers } = state, widths = staircaseWidths(state);
  const network = new Network(widths, spectrum), start = startOf({ ...state, widths });
  const none = 2 / leastSharpness(spectrum, layers), floor = floors(spectrum)[Math.min(...widths)];
  const bound = convergenceBound(network, start, spectrum);
  return { network, start, floor, delta: bound.delta, marks: { proved: bound.step, none } };
}

// What takes long is done in pieces, a few per frame, so that a drag stays smooth: the marks of the
// minimizer to which small steps lead from this start.
function* findArrival(world) {
  const { network, start, floor, marks } = world;
  let w = start, careful = marks.none / 2, near = false;
  for (let block = 0; block < 40 && !near; block++) {
    const run = network.descend(w, careful, 250, { every: 250 });
    if (run.diverged) careful /= 2;
    w = run.diverged ? start : run.weights;
    near = network.loss(w) - floor < 1e-10 * network.scale;
    yield;
  }
  if (!near) return;
  marks.edge = 2 / network.sharpness(w);
  yield;
  network.forward(w);
  const sufficient = trappingBound(network, w);
  if (sufficient > 0) marks.sufficient = sufficient;
}

// The final loss of runs over a grid of step sizes, the coarse ones first.
function* findEnds(world, grid, ends, steps) {
  const coarse = (i) => [8, 4, 2, 1].findIndex((n) => i % n === 0);
  const order = grid.map((_, i) => i).sort((x, y) => coarse(x) - coarse(y) || x - y);
  for (const i of order) {
    const run = world.network.descend(world.start, grid[i], steps, { every: steps });
    ends[i] = run.diverged ? Infinity : Math.max(run.losses.at(-1) - world.floor, ROUNDING);
    yield;
  }
}

// From which step on a run is certain to arrive: the first iterate that passes the test. Passing
// need not be monotone; the pass that is found by halving is a true one.
function* findCertain(world, eta, steps, found) {
  const passes = (k) => {
    const w = world.network.descend(world.start, eta, k, { every: k || 1 }).weights;
    world.network.forward(w);
    return trappingBound(world.network, w) > eta;
  };
  let low = 0, high = steps;
  const last = passes(high);
  yield;
  if (!last) return;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (passes(middle)) high = middle;
    else low = middle;
    yield;
  }
  found.at = high;
}

// Advance generators, one after another, for so many milliseconds; tell whether all are done.
function workOff(tasks, budget) {
  const until = performance.now() + budget;
  while (tasks.length && performance.now() < until) if (tasks[0].next().done) tasks.shift();
  return tasks.length === 0;
}

function stepRun(world, eta, steps) {
  return world.network.descend(world.start, eta, steps);
}

const ROUNDING = 1.5e-16; // what is left of the loss of a run that has arrived

LABORATORIES.step = (ui) => {
  const { state } = ui;
  let memory = {}, a;

  function current() {
    const key = JSON.stringify({ ...state, step: 0 });
    if (memory.key !== key) {
      const world = stepWorld(state), { none, proved } = world.marks;
      const from = Math.min(proved / 2, none / 50), to = none * 6, ends = [];
      // Most runs are made where something happens.
      const grid = [];
      for (let i = 0; i < 18; i++) grid.push(from * (none / 20 / from) ** (i / 18));
      for (let i = 0; i < 72; i++) grid.push((none / 20) * 120 ** (i / 71));
      const tasks = [findEnds(world, grid, ends, state.steps), findArrival(world)];
      memory = { key, world, from, to, grid, ends, tasks };
    }
    if (memory.step !== state.step) {
      memory.step = state.step;
      memory.certain = {};
      memory.search = [findCertain(memory.world, state.step, state.steps, memory.certain)];
    }
    return memory;
  }

  const handle = ui.handle({
    label: "Step size η",
    move: (x) => ui.set({ step: Number(a.sx.invert(x).toPrecision(3)) }),
    keys: (dx, dy, big) => ui.set({ step: Number((state.step * 1.02 ** ((dx || dy) * big)).toPrecision(4)) }),
  });
  handle.setAttribute("aria-roledescription", "handle");

  function draw(width) {
    const { world, from, to, grid, ends, tasks, search, certain } = current(), { marks, floor } = world;
    const run = stepRun(world, state.step, state.steps);
    const done = workOff(tasks, 3) && (run.diverged || workOff(search, 3));
    if (!done) ui.redraw();
    const excess = run.losses.map((l) => Math.max(l - floor, ROUNDING));
    const wide = width >= 560, top = 92;
    a = panel({ left: 0, top: top - 22, width, height: wide ? 250 : 230, x: [from, to], logX: true, y: [ROUNDING, 1e3], logY: true, title: " ", xLabel: "step size η", xTicks: wide ? 8 : 5, yTicks: 4, pad: { left: 46 } });
    let inner = "";
    const shown = grid.map((eta, i) => [eta, ends[i]]).filter(([, e]) => e !== undefined);
    const finite = shown.map(([eta, e]) => [eta, Number.isFinite(e) ? e : NaN]);
    inner += curve("path", polyline(finite.map((p) => p[0]), finite.map((p) => p[1]), a.sx, (v) => a.sy(v)));
    for (const [eta, e] of shown)
      if (!Number.isFinite(e)) { const x = px(a.sx(eta)); inner += curve("burst", `M${x} ${px(a.y1 + 4)}l6 6m0 -6l-6 6`); }
    const first = shown.find(([, e]) => !Number.isFinite(e));
    let lines = "", heads = `<text class="title" x="2" y="14">Loss above its minimum after ${state.steps} steps</text>`;
    MARKS.forEach(([name, text], i) => {
      if (!(name in marks)) return;
      const x = a.sx(marks[name]), y = 32 + 15 * i;
      lines += `<path class="mark" data-mark="${i + 1}" d="M${px(x)} ${px(y + 3)}V${px(a.y0)}"/>`;
      const end = x > width * 0.55;
      heads += label(x + (end ? 3 : -3), y, `${text}: ${words(marks[name])}`, end ? 'text-anchor="end"' : "");
    });
    if (first) heads += label(a.x1 - 2, a.y1 + 24, "blows up", 'text-anchor="end"');
    const x = clamp(a.sx(state.step), a.x0, a.x1), last = excess[excess.length - 1];
    inner += curve("cursor strong", `M${px(x)} ${px(a.y0)}V${px(a.y1)}`);
    if (!run.diverged) inner += `<circle class="end" cx="${px(x)}" cy="${px(clamp(a.sy(last), a.y1, a.y0))}" r="5"/>`;
    let markup = a.back + a.within(inner) + lines + heads + `<circle class="grip" cx="${px(x)}" cy="${px(a.y0)}" r="9"/>`;
    handle.place(x, a.y0, state.step, `η = ${words(state.step)}`, ui.named.step.min, ui.named.step.max);

    const b = panel({ left: 0, top: a.y0 + 40, width, height: wide ? 190 : 170, x: [0, state.steps], y: [ROUNDING, 1e3], logY: true, title: `The run with η = ${words(state.step)}`, xLabel: "step", yTicks: 4, xTicks: 5, pad: { left: 46 } });
    inner = curve("path", polyline(run.recorded, excess, b.sx, b.sy));
    const sure = run.diverged ? undefined : certain.at;
    if (sure !== undefined)
      inner += `<circle class="end" cx="${px(b.sx(sure))}" cy="${px(clamp(b.sy(excess[sure]), b.y1, b.y0))}" r="5"/>`;
    markup += b.back + b.within(inner);
    if (sure !== undefined) markup += label(b.sx(sure) + 9, clamp(b.sy(excess[sure]) - 6, b.y1 + 10, b.y0 - 4), "from here proved", b.sx(sure) > width * 0.7 ? 'text-anchor="end" dx="-18"' : "");
    return { height: b.y0 + 36, markup, words: verdict(world, run, excess, sure) };
  }

  function verdict(world, run, excess, sure) {
    const { marks } = world, eta = state.step, last = excess[excess.length - 1];
    const times_ = words(eta / marks.proved, 2);
    const relation = eta <= marks.proved
      ? "It is within the bound that is proved before the run"
      : `It is ${times_} times the bound that is proved before the run`;
    if (run.diverged) return `Step size ${words(eta)}: the loss blows up at step ${run.recorded[run.recorded.length - 1]}. ${relation}${eta > marks.none ? ", and above the limit where some minimizer is stable" : ""}.`;
    const tail = run.losses.slice(-20);
    const rises = tail.some((l, k) => k && l > tail[k - 1] + 1e-9 * world.network.scale);
    const outcome = last < 1e-8 * world.network.scale
      ? `the run reaches the minimum to ${words(last, 2)}`
      : rises ? `the run is still leaping to and fro, ${words(last)} above the minimum`
      : `the run is still on its way, ${words(last)} above the minimum`;
    const proof = sure === undefined ? "" : ` From step ${sure} on its arrival is certain.`;
    return `Step size ${words(eta)}: after ${times(state.steps, "step")} ${outcome}. ${relation}.${proof}`;
  }

  function code() {
    const { spectrum, step, steps, scale, seed, start } = state;
    const world = current().world, widths = staircaseWidths(state), d = spectrum.length;
    const run = stepRun(world, step, steps);
    return [
      "import numpy as np",
      "import lnn",
      ...(start === "aligned" ? ["from lnn.dynamics import aligned"] : []),
      "",
      `problem = lnn.Problem(np.eye(${d}), np.diag([${spectrum.map((s) => Number(s).toFixed(3)).join(", ")}]))`,
      `widths = (${widths.join(", ")})`,
      start === "aligned"
        ? `start = aligned(problem, widths, [${scale}] * ${Math.min(...widths)})`
        : `start = lnn.gaussian(widths, np.random.default_rng(${seed}), std=${scale})`,
      `print("proved before", lnn.convergence_bound(start, problem, delta=${world.delta}).step_size)`,
      'print("no minimizer is stable above", lnn.divergence_bound(problem, widths))',
      `run = lnn.descend(start, problem, step_size=${step}, steps=${steps})`,
      "print(run.stop.name, run.losses[-1])",
      ...(run.diverged ? [] : ['print("2/sharpness at the end", lnn.stability_limit(run.weights, problem))']),
    ].join("\n");
  }
  return { draw, code };
};

// Saddles on the ring: open and close the strings of a critical point.
const RING_TARGETS = [3, 2, 1];

function ringGates(text) {
  return text.split("/").map((row) => [...row].map((c) => c === "1"));
}

function ringLoss(weights, sigma) {
  const n = sigma.length;
  const product = weights.reduce((p, w) => multiply(w, p, n, n, n), Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) ? 0 : 1)));
  let sum = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) sum += ((i === j ? sigma[i] : 0) - product[i * n + j]) ** 2;
  return sum;
}

// The loss along the direction, for the given sizes.
function ringFall(gates, sigma, escape, sizes) {
  const n = sigma.length, weights = ringWeights(gates, sigma), base = ringLoss(weights, sigma);
  return sizes.map((t) => {
    const moved = weights.map((w) => w.slice());
    for (const [h, row, column, value] of escape) moved[h][row * n + column] += t * value;
    return ringLoss(moved, sigma) - base;
  });
}

LABORATORIES.ring = (ui) => {
  const { state } = ui, sigma = RING_TARGETS;
  const buttons = new Map();
  const gate = (q, h) => {
    const id = `${q}-${h}`;
    if (!buttons.has(id)) {
      const button = make("button", { type: "button", class: "lnn-gate", "data-mode": q + 1, ...focusable, onclick: () => toggle(q, h) });
      ui.stage.append(button);
      buttons.set(id, button);
    }
    return buttons.get(id);
  };
  const rows = () => {
    const given = ringGates(state.gates);
    return given.map((row) => Array.from({ length: state.layers }, (_, h) => row[h] ?? row.every(Boolean)));
  };
  const write = (gates) => gates.map((row) => row.map((open) => (open ? "1" : "0")).join("")).join("/");
  function toggle(q, h) {
    const gates = rows();
    gates[q][h] = !gates[q][h];
    ui.set({ gates: write(gates) });
  }
  ui.button("Close all", () => ui.set({ gates: write(rows().map((row) => row.map(() => false))) }), "prepend");

  function draw(width) {
    const wide = width >= 560, size = Math.min(wide ? width * 0.56 : width, 400);
    const gates = rows(), depth = state.layers, point = ringPoint(gates, sigma), escape = ringEscape(gates, sigma, point);
    const centre = size / 2, outer = size / 2 - 42, gap = Math.min(44, (outer - 40) / 2);
    // The data stand at the top; layer 1 to their right, and on around the ring.
    const angle = (position) => -Math.PI / 2 + (2 * Math.PI * position) / (depth + 1);
    const radius = (q) => outer - q * gap;
    const spot = (q, position) => [centre + radius(q) * Math.cos(angle(position)), centre + radius(q) * Math.sin(angle(position))];
    const arc = (q, from, to) => {
      const [x0, y0] = spot(q, from), [x1, y1] = spot(q, to), r = radius(q);
      return `M${px(x0)} ${px(y0)}A${px(r)} ${px(r)} 0 ${to - from > (depth + 1) / 2 ? 1 : 0} 1 ${px(x1)} ${px(y1)}`;
    };
    let markup = "";
    const cut = new Set(escape.map(([h]) => h));
    // A ray through each layer that the escape moves.
    for (const h of cut) {
      const a = angle(h + 1);
      markup += curve("moved", `M${px(centre + 30 * Math.cos(a))} ${px(centre + 30 * Math.sin(a))}L${px(centre + (outer + 24) * Math.cos(a))} ${px(centre + (outer + 24) * Math.sin(a))}`);
    }
    const used = new Set(point.pairs.length ? point.pairs[0].through : point.cover && point.kind === "non-strict saddle" ? point.cover.through : []);
    gates.forEach((row, q) => {
      const ring = row.every(Boolean);
      for (let h = 0; h <= depth; h++) markup += curve("track", arc(q, h, h + 1));
      // From position h (layer h, or the data at 0) to h + 1 the signal flows where it comes from
      // an open place: draw the strings as arcs between closed layers.
      if (ring) for (let h = 0; h <= depth; h++) markup += `<path class="string full" data-mode="${q + 1}" d="${arc(q, h, h + 1)}"/>`;
    });
    for (const s of point.strings) {
      // Past layer begin + 1 as far as layer end + 1, through the data at 0 if that is on the way.
      const from = s.begin + 1.26, to = s.end + 0.74 + (s.end <= s.begin ? depth + 1 : 0);
      markup += `<path class="string${used.has(s) ? " used" : ""}" data-mode="${s.mode + 1}" d="${arc(s.mode, from, to)}"/>`;
    }
    const [kx, ky] = [centre, centre - outer + gap];
    markup += `<rect class="data" x="${px(kx - 17)}" y="${px(centre - outer - 17)}" width="34" height="${px(2 * gap + 34)}" rx="8"/><text class="onring" x="${px(kx)}" y="${px(centre - outer - 20)}" text-anchor="middle">data</text>`;
    gates.forEach((_, q) => { markup += `<text class="onring" x="${px(kx)}" y="${px(centre - radius(q) + 4)}" text-anchor="middle">${sigma[q]}</text>`; });
    for (const [id, button] of buttons) if (Number(id.split("-")[1]) >= depth) button.hidden = true;
    for (let h = 0; h < depth; h++) {
      const a = angle(h + 1), r = outer + 30;
      markup += `<text class="onring${cut.has(h) ? " strong" : ""}" x="${px(centre + r * Math.cos(a))}" y="${px(centre + r * Math.sin(a) + 4)}" text-anchor="middle">W${lowered(h + 1)}</text>`;
      gates.forEach((row, q) => {
        const button = gate(q, h), [x, y] = spot(q, h + 1);
        button.hidden = false;
        button.style.transform = `translate(${px(x)}px, ${px(y)}px)`;
        button.setAttribute("aria-pressed", row[h]);
        button.setAttribute("aria-label", `Mode ${q + 1} through layer ${h + 1}`);
      });
    }
    ui.stage.dataset.kind = point.kind;

    // The loss along the escape.
    const sizes = Array.from({ length: 41 }, (_, i) => 10 ** (-2 + (1.9 * i) / 40));
    const box = wide
      ? { left: size + 10, top: 6, width: width - size - 10, height: Math.min(300, size) }
      : { left: 0, top: size + 6, width, height: 230 };
    const falls = ringFall(gates, sigma, escape, sizes).map((f) => (f < 0 ? -f : NaN));
    const low = escape.length ? 10 ** Math.floor(Math.log10(falls[0]) - 0.5) : 1e-5;
    const b = panel({ ...box, x: [0.01, 0.8], logX: true, y: [low, 10], logY: true, title: headline(point), xLabel: "distance t along the escape", xTicks: 3, yTicks: 4 });
    markup += b.back;
    if (escape.length) {
      let inner = "";
      const { order } = point, anchor = falls[8] / sizes[8] ** order;
      inner += curve("limit", polyline(sizes, sizes.map((t) => anchor * t ** order), b.sx, b.sy));
      inner += curve("path", polyline(sizes, falls, b.sx, b.sy));
      markup += b.within(inner) + label(b.x0 + 8, b.y1 + 16, `the loss falls like t${raised(order)}`);
    } else markup += label((b.x0 + b.x1) / 2, (b.y0 + b.y1) / 2, point.kind === "not critical" ? "the gradient is not zero" : "there is no way down", 'text-anchor="middle"');
    return { height: wide ? Math.max(size, box.height) : box.top + box.height, markup, words: sentence(point, gates) };
  }

  const headline = ({ kind, index, order }) => {
    const name = kind[0].toUpperCase() + kind.slice(1);
    if (kind === "strict saddle") return `${name}, index ${index}`;
    return kind === "non-strict saddle" ? `${name}, order ${order}` : name;
  };

  function sentence(point, gates) {
    const { kind, learned, blocked, swaps, pairs, cover, index, order } = point;
    const list = (modes) => modes.map((q) => q + 1).join(" and ");
    const set = learned.length ? `The product holds ${learned.length === 1 ? "mode" : "modes"} ${list(learned)}.` : "The product is zero.";
    if (kind === "not critical")
      return `${set} This is no critical point: mode ${blocked[0] + 1} is stopped by one layer alone, so the gradient in that layer is not zero. Close a second layer, or open the last.`;
    if (kind === "global minimizer") return `${set} Every mode passes every layer: a global minimizer, index 0.`;
    const reasons = [];
    if (swaps.length) reasons.push(`${times(swaps.length, "smaller mode")} in it could be exchanged for a larger one`);
    // Each mode is drawn on a ring of its own: say whose strings a pair joins.
    const joined = pairs.map(({ through }) => through.map((string) => string.mode + 1).sort())
      .map(([a, b]) => (a === b ? `two of mode ${a}` : `one of mode ${a}, one of mode ${b}`));
    const whose = pairs.length > 3 ? "" : ` (${joined.join("; ")})`;
    if (pairs.length) reasons.push(`${times(pairs.length, "pair")} of strings ${pairs.length === 1 ? "covers" : "cover"} the ring${whose}`);
    if (kind === "strict saddle")
      return `${set} A strict saddle of index ${index}: ${reasons.join(", and ")}. The loss falls like t² when layers ${layersOf(gates, point)} move together.`;
    return `${set} A non-strict saddle: no two strings cover the ring, so the Hessian has no negative eigenvalue. It takes ${cover.gaps.length} strings, and the loss falls like t${raised(order)}, when layers ${layersOf(gates, point)} move together.`;
  }
  const layersOf = (gates, point) =>
    [...new Set(ringEscape(gates, sigma, point).map(([h]) => h + 1))].sort().join(", ").replace(/, (\d+)$/, " and $1");

  function code() {
    const gates = rows(), depth = state.layers, weights = ringWeights(gates, sigma);
    const show = (w) => {
      const d = sigma.map((_, q) => w[q * sigma.length + q]);
      return d.map((v, q) => (v === 0 || v === 1 ? String(v) : `${sigma[q]} ** (1 / ${depth})`)).join(", ");
    };
    return [
      "import numpy as np",
      "import lnn",
      "",
      `problem = lnn.Problem(np.eye(3), np.diag([${sigma.map((s) => `${s}.0`).join(", ")}]))`,
      "weights = (",
      ...weights.map((w) => `    np.diag([${show(w)}]),`),
      ")",
      "point = lnn.classify(weights, problem)",
      "print(point.kind.name)",
      "spectrum = np.linalg.eigvalsh(lnn.hessian(weights, problem))",
      'print("index", int((spectrum < -1e-9 * spectrum[-1]).sum()))',
    ].join("\n");
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
    const level = (v) => (logY ? Math.log10(v) : v); // a slider's numbers have no powers of ten
    handle.setAttribute("aria-valuemin", level(range[0]));
    handle.setAttribute("aria-valuemax", level(range[1]));
    handle.setAttribute("aria-valuenow", level(value));
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
export {
  Network, balancedness, chainDescent, chainSharpness, chainSlope, convergenceBound, eigenvalues,
  findArrival, findCertain, floors, leastSharpness, modeClock, normals, ringEscape, ringFall,
  floorSharpness, ringPoint, ringWeights, singularValues, staircaseHalves, staircaseRun,
  staircaseTheory, startOf, stepRun, stepWorld, trappingBound, valleyCrowd, valleyEnds, valleyRun,
  valleyVerdict, words,
};
export default { render };
