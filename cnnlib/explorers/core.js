// The arithmetic of every explorer, as `cnnlib.functional` and `cnnlib.shapes` define it (compared in tests/).
//
// A tensor is {shape, data}: `data` is a Float64Array, the last axis fastest. Images are (C, H, W), kernels
// (C_out, C_in / groups, kH, kW). A kernel size, stride, padding or dilation is a number or a [height, width] pair.
// No function changes its arguments. What fits nowhere throws a RangeError whose message says why.

export const pair = (value) => (Array.isArray(value) ? value : [value, value]);
export const count = (shape) => shape.reduce((product, size) => product * size, 1);
export const zeros = (shape) => ({ shape: [...shape], data: new Float64Array(count(shape)) });
export const copy = (x) => ({ shape: [...x.shape], data: x.data.slice() });
export const map = (x, f) => ({ shape: [...x.shape], data: x.data.map(f) });

/** A tensor of nested lists, or of what Python sends for large arrays: {shape, dtype, base64}. */
export function tensor(value) {
  if (value.data) return value;
  if (value.base64 !== undefined) {
    const bytes = Uint8Array.from(atob(value.base64), (c) => c.charCodeAt(0));
    const stored = {
      uint8: () => bytes,
      float16: () => halves(bytes),
      float32: () => new Float32Array(bytes.buffer),
      float64: () => new Float64Array(bytes.buffer),
    };
    return { shape: value.shape, data: Float64Array.from(stored[value.dtype]()) };
  }
  const shape = [];
  for (let part = value; Array.isArray(part); part = part[0]) shape.push(part.length);
  return { shape, data: Float64Array.from(value.flat(Infinity)) };
}

/** Numbers of IEEE 754's 16 bits: a sign, five bits of exponent, ten of fraction; few browsers have an array of them. */
function halves(bytes) {
  return Float64Array.from(new Uint16Array(bytes.buffer), (bits) => {
    const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, (bits & 1023) / 1024];
    return sign * (exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14);
  });
}

/** A tensor of whole numbers from 0 to 255 as Python's uint8 arrays travel. */
export function packed({ shape, data }) {
  const text = Array.from(data, (value) => String.fromCharCode(value)).join("");
  return { shape: [...shape], dtype: "uint8", base64: btoa(text) };
}

/** A tensor as nested lists: what Python receives. */
export function nested({ shape, data }) {
  let lists = Array.from(data);
  for (const size of shape.slice(1).reverse()) {
    lists = Array.from({ length: lists.length / size }, (_, i) => lists.slice(i * size, (i + 1) * size));
  }
  return lists;
}

/** Plane number c of a (C, H, W) tensor, as (H, W). */
export function plane({ shape, data }, c) {
  const [, height, width] = shape;
  return { shape: [height, width], data: data.slice(c * height * width, (c + 1) * height * width) };
}

/** Planes (H, W) of one size as one (C, H, W) tensor. */
export function stack(planes) {
  const result = zeros([planes.length, ...planes[0].shape]);
  planes.forEach((part, c) => result.data.set(part.data, c * part.data.length));
  return result;
}

// Sizes

/**
 * How many places a kernel has along one axis; throws where there is none, `missing` says how many pixels it lacks.
 * `unit` and `whole` are the words for them.
 */
export function outputSize(size, kernelSize, stride = 1, padding = 0, dilation = 1, unit = "pixels", whole = "axis") {
  const reach = dilation * (kernelSize - 1) + 1;
  const length = size + 2 * padding;
  if (reach > length) {
    const said = `Nothing fits: the kernel reaches over ${reach} ${unit}, the padded ${whole} has ${length}.`;
    throw Object.assign(new RangeError(said), { missing: reach - length });
  }
  return Math.floor((length - reach) / stride) + 1;
}

/** How many windows read each pixel of one axis, padding left out. */
export function reads(size, kernelSize, stride = 1, padding = 0, dilation = 1) {
  const times = new Array(size).fill(0);
  const places = outputSize(size, kernelSize, stride, padding, dilation);
  for (let place = 0; place < places; place++) {
    for (let tap = 0; tap < kernelSize; tap++) {
      const pixel = place * stride + tap * dilation - padding;
      if (pixel >= 0 && pixel < size) times[pixel]++;
    }
  }
  return times;
}

/** The pixels of one axis, counted from 0, that no window reads. */
export function unread(...axis) {
  return reads(...axis).flatMap((times, pixel) => (times ? [] : [pixel]));
}

/** How many input pixels in a row one output depends on; layers are [kernelSize, stride], the first layer first. */
export function receptiveField(layers) {
  let [field, jump] = [1, 1];
  for (const [kernelSize, stride] of layers) {
    field += (kernelSize - 1) * jump;
    jump *= stride;
  }
  return field;
}

export function conv2dParams(inChannels, outChannels, kernelSize, groups = 1, bias = true) {
  const [height, width] = pair(kernelSize);
  return outChannels * (inChannels / groups) * height * width + (bias ? outChannels : 0);
}

export function conv2dMacs(inChannels, outChannels, kernelSize, outSize, groups = 1) {
  return conv2dParams(inChannels, outChannels, kernelSize, groups, false) * count(pair(outSize));
}

// Stacks of layers

/** The settings of each layer that torch need not be told; a pooling's stride is its kernel_size. */
export const LAYER_DEFAULTS = {
  Conv2d: { stride: 1, padding: 0, dilation: 1, groups: 1 },
  ReLU: {},
  MaxPool2d: { stride: null, padding: 0 },
  AvgPool2d: { stride: null, padding: 0 },
  AdaptiveAvgPool2d: {},
  BatchNorm2d: {},
  Flatten: {},
  Linear: {},
};

const mapsOf = ([channels, height, width]) => `${channels} ${channels > 1 ? "maps" : "map"} of ${height} × ${width}`;

/** One layer that slides over maps: its output, where each value of it looks, and how many weights it uses. */
function slidingCost(from, name, settings) {
  const { shape: [channels, ...sides], field, jump } = from;
  const { kernel_size: k, stride: own, padding: p, dilation: d = 1, groups = 1 } = settings;
  const stride = own ?? k;
  const [reach, most] = [d * (k - 1) + 1, Math.floor(k / 2)];
  if (name !== "Conv2d" && p > most) {
    throw new RangeError(`the padding may be at most half of the kernel size, here ${most}, but it is ${p}`);
  }
  if (reach > Math.min(...sides) + 2 * p) {
    const padded = sides.map((side) => side + 2 * p).join(" × ");
    const what = p ? "padded map" : "map";
    throw new RangeError(`the kernel reaches over ${reach} × ${reach} pixels, but the ${what} has ${padded}`);
  }
  if (channels % groups || settings.out_channels % groups) {
    const both = `${channels} channels in and ${settings.out_channels} out`;
    throw new RangeError(`${groups} groups cannot share ${both}: both must be divisible by ${groups}`);
  }
  const size = sides.map((side) => outputSize(side, k, stride, p, d));
  const conv = name === "Conv2d";
  return {
    shape: [conv ? settings.out_channels : channels, ...size],
    parameters: conv ? conv2dParams(channels, settings.out_channels, k, groups) : 0,
    macs: conv ? conv2dMacs(channels, settings.out_channels, k, size, groups) : 0,
    field: field.map((pixels, axis) => pixels + (reach - 1) * jump[axis]),
    jump: jump.map((pixels) => pixels * stride),
  };
}

/**
 * What one layer makes of `from` and costs for one image; throws a RangeError that says why it cannot.
 *
 * Both are {shape, field, jump, whole}: the shape without the batch, (C, H, W) or (features); how many pixels of the
 * image one value depends on, and how far neighbours' are apart, for height and width; and, behind a Flatten, the
 * pixels that all values together depend on. The result has `parameters`, `macs` and the `bytes` of the output too.
 */
export function layerCost(from, { layer: name, ...given }) {
  const settings = { ...LAYER_DEFAULTS[name], ...given };
  const { shape, field, jump } = from;
  const same = { ...from, parameters: 0, macs: 0 };
  const all = () => field.map((pixels, axis) => pixels + (shape[axis + 1] - 1) * jump[axis]);
  const flat = shape.length === 1;
  let result;
  if (name === "ReLU") {
    result = same;
  } else if (name === "Flatten") {
    // The same numbers where they are: nothing is copied.
    return { ...same, shape: [count(shape)], whole: flat ? from.whole : all(), bytes: 0 };
  } else if (name === "Linear") {
    if (!flat) {
      throw new RangeError(`it expects one row of numbers, and here come ${mapsOf(shape)}: put a Flatten before it`);
    }
    const [inputs, outputs] = [shape[0], settings.out_features];
    const parameters = (inputs + 1) * outputs;
    result = { ...same, shape: [outputs], parameters, macs: inputs * outputs, field: from.whole };
  } else if (flat) {
    const row = `behind a Flatten there is only a row of ${shape[0]} numbers`;
    throw new RangeError(`it expects maps, and ${row}: put it before`);
  } else if (name === "AdaptiveAvgPool2d") {
    result = { ...same, shape: [shape[0], 1, 1], field: all() };
  } else if (name === "BatchNorm2d") {
    result = { ...same, parameters: 2 * shape[0] };
  } else {
    result = slidingCost(from, name, settings);
  }
  return { ...result, bytes: 4 * count(result.shape) };
}

/** The costs of a stack, the image first, up to the layer that cannot follow; `problem` is "" or says why. */
export function stackCosts(inShape, layers) {
  const rows = [{ shape: inShape, parameters: 0, macs: 0, bytes: 4 * count(inShape), field: [1, 1], jump: [1, 1] }];
  let problem = "";
  for (const layer of layers) {
    try {
      rows.push(layerCost(rows.at(-1), layer));
    } catch (error) {
      problem = error.message;
      break;
    }
  }
  const total = (name) => rows.reduce((sum, row) => sum + row[name], 0);
  return { rows, problem, parameters: total("parameters"), macs: total("macs"), bytes: total("bytes") };
}

// Convolution and pooling

/** For each index of a padded axis the index it is copied from, -1 where it is a constant. */
function sources(size, [before, after], mode) {
  return Array.from({ length: size + before + after }, (_, index) => {
    const i = index - before;
    if (i >= 0 && i < size) return i;
    if (mode === "replicate") return i < 0 ? 0 : size - 1;
    if (mode === "circular") return (i + size) % size;
    if (mode === "reflect") return i < 0 ? -i : 2 * (size - 1) - i;
    return -1;
  });
}

/**
 * Padding pixels on each side of the last two axes of (C, H, W); modes as nn.Conv2d's padding_mode. An axis may have
 * its own [before, after] instead of one number.
 */
export function pad(input, padding, mode = "zeros", value = 0) {
  const [channels, height, width] = input.shape;
  const [pH, pW] = pair(padding).map(pair);
  const most = { reflect: [height - 1, width - 1], circular: [height, width] }[mode] ?? [Infinity, Infinity];
  if (Math.max(...pH) > most[0] || Math.max(...pW) > most[1]) {
    throw new RangeError(`Mode ${mode} can pad this image by at most ${most[0]} × ${most[1]} pixels.`);
  }
  const rows = sources(height, pH, mode);
  const columns = sources(width, pW, mode);
  const result = zeros([channels, rows.length, columns.length]);
  let at = 0;
  for (let c = 0; c < channels; c++) {
    for (const row of rows) {
      const start = (c * height + row) * width;
      for (const column of columns) result.data[at++] = row < 0 || column < 0 ? value : input.data[start + column];
    }
  }
  return result;
}

/** Cross-correlation with a bias per output channel, as torch's conv2d: (C_in, H, W) -> (C_out, H', W'). */
export function conv2d(input, weight, bias = null, options = {}) {
  const { stride = 1, padding = 0, dilation = 1, groups = 1, mode = "zeros" } = options;
  const padded = pad(input, padding, mode);
  const [, height, width] = padded.shape;
  const [outChannels, inChannels, kH, kW] = weight.shape;
  const [[sH, sW], [dH, dW]] = [pair(stride), pair(dilation)];
  const outH = outputSize(height, kH, sH, 0, dH, "rows", "image");
  const outW = outputSize(width, kW, sW, 0, dW, "columns", "image");
  const result = zeros([outChannels, outH, outW]);
  const [places, taps, each] = [outH * outW, inChannels * kH * kW, outChannels / groups];
  if (bias) for (let o = 0; o < outChannels; o++) result.data.fill(bias.data[o], o * places, (o + 1) * places);
  const windows = new Float64Array(places * taps); // one row per place, as im2col
  for (let group = 0; group < groups; group++) {
    let at = 0;
    for (let y = 0; y < outH; y++) {
      for (let x = 0; x < outW; x++) {
        for (let c = group * inChannels; c < (group + 1) * inChannels; c++) {
          for (let i = 0; i < kH; i++) {
            let from = (c * height + y * sH + i * dH) * width + x * sW;
            for (let j = 0; j < kW; j++, from += dW) windows[at++] = padded.data[from];
          }
        }
      }
    }
    addProducts(weight.data, windows, result.data, group * each, (group + 1) * each, taps);
  }
  return result;
}

/** Adds to out (rows, places) each of the rows first to end - 1 of weight (rows, taps) times windows (places, taps). */
function addProducts(weight, windows, out, first, end, taps) {
  const places = windows.length / taps;
  let row = first;
  for (; row + 3 < end; row += 4) {
    // Four rows at once, so that each number of a window is fetched once for four products.
    const [a, b, c, d] = [row * taps, (row + 1) * taps, (row + 2) * taps, (row + 3) * taps];
    for (let place = 0, at = 0; place < places; place++, at += taps) {
      let [s, t, u, v] = [0, 0, 0, 0];
      for (let k = 0; k < taps; k++) {
        const value = windows[at + k];
        s += weight[a + k] * value;
        t += weight[b + k] * value;
        u += weight[c + k] * value;
        v += weight[d + k] * value;
      }
      out[row * places + place] += s;
      out[(row + 1) * places + place] += t;
      out[(row + 2) * places + place] += u;
      out[(row + 3) * places + place] += v;
    }
  }
  for (; row < end; row++) {
    for (let place = 0; place < places; place++) {
      let sum = 0;
      for (let k = 0; k < taps; k++) sum += weight[row * taps + k] * windows[place * taps + k];
      out[row * places + place] += sum;
    }
  }
}

/** The gradient of conv2d's weight at stride 1 without padding: grad (C_out, H', W') -> (C_out, C_in, kH, kW). */
export function conv2dWeightGrad(grad, input) {
  const [outChannels, outH, outW] = grad.shape;
  const [inChannels, height, width] = input.shape;
  const [kH, kW] = [height - outH + 1, width - outW + 1];
  const result = zeros([outChannels, inChannels, kH, kW]);
  for (let o = 0; o < outChannels; o++) {
    // The gradient of one kernel is the image correlated with the gradient of that kernel's map.
    const gradient = { shape: [1, 1, outH, outW], data: grad.data.slice(o * outH * outW, (o + 1) * outH * outW) };
    for (let c = 0; c < inChannels; c++) {
      const image = { shape: [1, height, width], data: plane(input, c).data };
      result.data.set(conv2d(image, gradient).data, (o * inChannels + c) * kH * kW);
    }
  }
  return result;
}

/** The mean squared error of a response, and its gradient: what the later layers tell a convolution. */
export function squaredError(output, target) {
  const error = { shape: [...output.shape], data: output.data.map((value, i) => value - target.data[i]) };
  const size = error.data.length;
  return {
    loss: error.data.reduce((sum, value) => sum + value * value, 0) / size,
    error,
    grad: map(error, (value) => (2 * value) / size),
  };
}

/** Transposed convolution, as torch's: every pixel stamps its kernel; weight is (C_in, C_out, kH, kW). */
export function convTranspose2d(input, weight, bias = null, { stride = 1, padding = 0 } = {}) {
  const [inChannels, height, width] = input.shape;
  const [, outChannels, kH, kW] = weight.shape;
  const [[sH, sW], [pH, pW]] = [pair(stride), pair(padding)];
  const [outH, outW] = [(height - 1) * sH + kH - 2 * pH, (width - 1) * sW + kW - 2 * pW];
  const result = zeros([outChannels, outH, outW]);
  if (bias) for (let o = 0; o < outChannels; o++) result.data.fill(bias.data[o], o * outH * outW, (o + 1) * outH * outW);
  // All stamps at once, (outChannels, kH, kW) of them for each pixel, then each to its place.
  const places = height * width;
  const turned = (data, rows) => new Float64Array(data.length).map((_, i) => data[(i % rows) * (data.length / rows) + Math.floor(i / rows)]);
  const stamps = new Float64Array(outChannels * kH * kW * places);
  addProducts(turned(weight.data, inChannels), turned(input.data, inChannels), stamps, 0, outChannels * kH * kW, inChannels);
  let at = 0;
  for (let o = 0; o < outChannels; o++) {
    for (let i = 0; i < kH; i++) {
      for (let j = 0; j < kW; j++) {
        for (let y = 0; y < height; y++) {
          const row = y * sH + i - pH;
          for (let x = 0; x < width; x++, at++) {
            const column = x * sW + j - pW;
            if (row < 0 || row >= outH || column < 0 || column >= outW) continue;
            result.data[(o * outH + row) * outW + column] += stamps[at];
          }
        }
      }
    }
  }
  return result;
}

function pool2d(input, kernelSize, stride, padding, border, start, step, end) {
  const [kH, kW] = pair(kernelSize);
  const [sH, sW] = pair(stride ?? kernelSize);
  const padded = pad(input, padding, "zeros", border);
  const [channels, height, width] = padded.shape;
  const [outH, outW] = [outputSize(height, kH, sH), outputSize(width, kW, sW)];
  const result = zeros([channels, outH, outW]);
  let at = 0;
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < outH; y++) {
      for (let x = 0; x < outW; x++) {
        let value = start;
        for (let i = 0; i < kH; i++) {
          const from = (c * height + y * sH + i) * width + x * sW;
          for (let j = 0; j < kW; j++) value = step(value, padded.data[from + j]);
        }
        result.data[at++] = end(value, kH * kW);
      }
    }
  }
  return result;
}

/** The largest value of every window; padding never wins. */
export function maxPool2d(input, kernelSize, stride = null, padding = 0) {
  return pool2d(input, kernelSize, stride, padding, -Infinity, -Infinity, (a, b) => (b > a ? b : a), (a) => a);
}

/** The mean of every window; padding counts as zeros. */
export function avgPool2d(input, kernelSize, stride = null, padding = 0) {
  return pool2d(input, kernelSize, stride, padding, 0, 0, (a, b) => a + b, (sum, n) => sum / n);
}

export const globalAvgPool = (x) => avgPool2d(x, x.shape.slice(1));
export const globalMaxPool = (x) => maxPool2d(x, x.shape.slice(1));

/** The rows and columns [first, last] of (..., H, W), with zeros for what lies outside. */
function cut(x, [[top, bottom], [left, right]]) {
  const [height, width] = x.shape.slice(-2);
  const before = x.shape.slice(0, -2);
  const [rows, columns] = [bottom - top + 1, right - left + 1];
  const result = zeros([...before, rows, columns]);
  const [from, to] = [Math.max(0, left), Math.min(width - 1, right) + 1];
  for (let c = 0; from < to && c < count(before); c++) {
    for (let row = Math.max(0, top); row <= Math.min(height - 1, bottom); row++) {
      const start = (c * height + row) * width;
      result.data.set(x.data.subarray(start + from, start + to), (c * rows + row - top) * columns + from - left);
    }
  }
  return result;
}

/** Planes on a black canvas of `size` with their top left corner at [row, column]; what lies outside is lost. */
export function placed(x, [row, column], [height, width]) {
  return cut(x, [[-row, height - 1 - row], [-column, width - 1 - column]]);
}

/** Planes moved down and to the right by whole pixels, filled with zeros. */
export const shifted = (x, by) => placed(x, by, x.shape.slice(-2));

/** Planes cut, or filled up with zeros, to size × size around their middle. */
export function resized(x, size) {
  return placed(x, x.shape.slice(-2).map((side) => Math.trunc((size - side) / 2)), [size, size]);
}

/** How many places are equal among those where either is not 0: {equal, counted}. */
export function agreement(before, after) {
  const counted = [...before.data.keys()].filter((i) => before.data[i] !== 0 || after.data[i] !== 0);
  return { equal: counted.filter((i) => before.data[i] === after.data[i]).length, counted: counted.length };
}

/** Nearest-neighbour upsampling of the last two axes by a whole factor. */
export function upsampleNearest(input, factor) {
  const [channels, height, width] = input.shape;
  const result = zeros([channels, height * factor, width * factor]);
  let at = 0;
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height * factor; y++) {
      const start = (c * height + Math.floor(y / factor)) * width;
      for (let x = 0; x < width * factor; x++) result.data[at++] = input.data[start + Math.floor(x / factor)];
    }
  }
  return result;
}

// The other layers

export const relu = (x) => map(x, (value) => (value > 0 ? value : 0));

/** weight (out, in), bias (out) or null; the input is read flat. */
export function linear(input, weight, bias = null) {
  const [rows, columns] = weight.shape;
  const result = zeros([rows]);
  for (let row = 0; row < rows; row++) {
    let sum = bias ? bias.data[row] : 0;
    for (let column = 0; column < columns; column++) sum += weight.data[row * columns + column] * input.data[column];
    result.data[row] = sum;
  }
  return result;
}

/** Batch normalisation as in eval mode: with the running mean and variance. */
export function batchNorm2d(input, weight, bias, mean, variance, eps = 1e-5) {
  const size = input.shape[1] * input.shape[2];
  const result = copy(input);
  for (let c = 0; c < input.shape[0]; c++) {
    const scale = (weight ? weight.data[c] : 1) / Math.sqrt(variance.data[c] + eps);
    const shift = (bias ? bias.data[c] : 0) - mean.data[c] * scale;
    for (let i = c * size; i < (c + 1) * size; i++) result.data[i] = input.data[i] * scale + shift;
  }
  return result;
}

export function softmax({ shape, data }) {
  const most = Math.max(...data);
  const exps = data.map((value) => Math.exp(value - most));
  const sum = exps.reduce((a, b) => a + b, 0);
  return { shape: [...shape], data: exps.map((value) => value / sum) };
}

/** For scores (K, H, W) the most probable class of each pixel and its probability, (H, W) each. */
export function labelMap({ shape: [classes, height, width], data }) {
  const [labels, chances] = [zeros([height, width]), zeros([height, width])];
  const size = height * width;
  for (let i = 0; i < size; i++) {
    let best = 0;
    for (let k = 1; k < classes; k++) if (data[k * size + i] > data[best * size + i]) best = k;
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += Math.exp(data[k * size + i] - data[best * size + i]);
    labels.data[i] = best;
    chances.data[i] = 1 / sum;
  }
  return { labels, chances };
}

export function argmax(data) {
  let best = 0;
  for (let i = 1; i < data.length; i++) if (data[i] > data[best]) best = i;
  return best;
}

// Nets: layers in order, as cnnlib/explorers/nets.py sends them

const LAYERS = {
  Conv2d: (x, layer) => conv2d(x, layer.weight, layer.bias, layer),
  ConvTranspose2d: (x, layer) => convTranspose2d(x, layer.weight, layer.bias, layer),
  ReLU: (x) => relu(x),
  MaxPool2d: (x, { kernel_size, stride, padding }) => maxPool2d(x, kernel_size, stride, padding),
  AvgPool2d: (x, { kernel_size, stride, padding }) => avgPool2d(x, kernel_size, stride, padding),
  AdaptiveAvgPool2d: (x) => globalAvgPool(x),
  AdaptiveMaxPool2d: (x) => globalMaxPool(x),
  BatchNorm2d: (x, { weight, bias, mean, variance, eps }) => batchNorm2d(x, weight, bias, mean, variance, eps),
  Flatten: (x) => ({ shape: [x.data.length], data: x.data.slice() }),
  Linear: (x, { weight, bias }) => linear(x, weight, bias),
  LogSoftmax: (x) => map(softmax(x), Math.log),
};

/** A net whose weights are decoded, once. */
export function readNet(layers) {
  const decoded = (value) => (value?.base64 === undefined ? value : tensor(value));
  return layers.map((layer) => Object.fromEntries(Object.entries(layer).map(([name, v]) => [name, decoded(v)])));
}

/** The outputs of all layers for one image (C, H, W), the net's answer last. */
export function forward(net, image) {
  const outputs = [];
  for (const layer of net) outputs.push(LAYERS[layer.kind](outputs.at(-1) ?? image, layer));
  return outputs;
}

/** The rows or columns of a layer's output, [first, last], that depend on some of its input; `size` bounds them. */
function reachedBy(layer, axis, [first, last], size) {
  const stride = pair(layer.stride ?? 1)[axis];
  const padding = pair(pair(layer.padding ?? 0)[axis])[0];
  const kernel = layer.kernel_size ? pair(layer.kernel_size)[axis] : layer.weight?.shape[2 + axis];
  const reach = pair(layer.dilation ?? 1)[axis] * (kernel - 1);
  let range = [Math.ceil((first + padding - reach) / stride), Math.floor((last + padding) / stride)];
  if (layer.kind === "ReLU" || layer.kind === "BatchNorm2d") range = [first, last];
  if (layer.kind === "ConvTranspose2d") range = [first * stride - padding, last * stride - padding + reach];
  return [Math.max(0, range[0]), Math.min(size - 1, range[1])];
}

/** Whether a layer's output at one place needs its input near that place only, with zeros around. */
function isLocal({ kind, mode, padding, stride, weight }) {
  if (kind === "ConvTranspose2d") return [0, 1].every((axis) => weight.shape[2 + axis] >= pair(stride)[axis]);
  if (kind === "MaxPool2d" || kind === "AvgPool2d") return pair(padding).every((n) => n === 0);
  return kind === "ReLU" || kind === "BatchNorm2d" || (kind === "Conv2d" && mode === "zeros");
}

/**
 * What `forward` gives after only `window` of the image has changed: elsewhere it is what it was `before`.
 *
 * Layer by layer, only the output that the change reaches is computed, of the input that this part needs.
 */
export function forwardAround(net, image, before, window) {
  if (!net.every(isLocal)) return forward(net, image);
  let changed = [[window.row, window.row + window.height - 1], [window.column, window.column + window.width - 1]];
  const outputs = [];
  net.forEach((layer, index) => {
    const input = outputs.at(-1) ?? image;
    const result = copy(before[index]);
    outputs.push(result);
    const reached = changed.map((range, axis) => reachedBy(layer, axis, range, result.shape[axis + 1]));
    changed = reached;
    if (reached.some(([first, last]) => last < first)) return;
    const needed = reached.map((range, axis) => readBy(layer, axis, range));
    const part = LAYERS[layer.kind](cut(input, needed), { ...layer, padding: 0 });
    // Stamps of a transposed convolution begin where the part begins, windows of the others at what was reached.
    const skipped = reached.map(([first], axis) => layer.kind === "ConvTranspose2d"
      ? first + pair(layer.padding)[axis] - needed[axis][0] * pair(layer.stride)[axis]
      : 0);
    paste(part, skipped, result, reached);
  });
  return outputs;
}

/** Writes into `target` the rows and columns `range` from `part`, leaving out as many of it as `skipped` says. */
function paste(part, [down, across], target, [[top, bottom], [left, right]]) {
  const [channels, height, width] = target.shape;
  for (let c = 0; c < channels; c++) {
    for (let row = top; row <= bottom; row++) {
      const from = (c * part.shape[1] + row - top + down) * part.shape[2] + across;
      target.data.set(part.data.subarray(from, from + right - left + 1), (c * height + row) * width + left);
    }
  }
}

/** The part of one axis of the input, [first, last], on which pixels first to last of a layer's output depend. */
function readBy(layer, axis, [first, last]) {
  const { kind, weight } = layer;
  const [stride, dilation] = [pair(layer.stride ?? 1)[axis], pair(layer.dilation ?? 1)[axis]];
  const padding = pair(pair(layer.padding ?? 0)[axis])[0];
  const size = layer.kernel_size ? pair(layer.kernel_size)[axis] : weight?.shape[2 + axis];
  if (kind === "ReLU" || kind === "BatchNorm2d") return [first, last];
  if (kind === "ConvTranspose2d") {
    return [Math.ceil((first + padding - size + 1) / stride), Math.floor((last + padding) / stride)];
  }
  if (!size) return [-Infinity, Infinity]; // Flatten, Linear, global pooling
  return [first * stride - padding, last * stride - padding + dilation * (size - 1)];
}

/** The receptive field of one unit of layer number `index`, as far as it lies in the image of `size`. */
export function receptiveWindow(net, index, place, size) {
  const [rows, columns] = place.map((at, axis) => {
    let range = [at, at];
    for (const layer of net.slice(0, index + 1).reverse()) range = readBy(layer, axis, range);
    return [Math.max(0, range[0]), Math.min(size[axis] - 1, range[1])];
  });
  return { row: rows[0], column: columns[0], height: rows[1] - rows[0] + 1, width: columns[1] - columns[0] + 1 };
}

/**
 * Maps (C, H, W) side by side, `columns` in a row, with a frame of NaN: `values` (H', W'); `at(row, column)` gives the
 * {map, place} that lies there, null on a frame, and `place` goes back.
 */
export function tiled(maps, columns) {
  const [count, height, width] = maps.shape;
  const values = zeros([Math.ceil(count / columns) * (height + 1) + 1, columns * (width + 1) + 1]);
  values.data.fill(NaN);
  const place = ({ map: c, place: [row, column] }) => ({
    row: Math.floor(c / columns) * (height + 1) + 1 + row,
    column: (c % columns) * (width + 1) + 1 + column,
  });
  for (let c = 0; c < count; c++) {
    for (let i = 0; i < height; i++) {
      const { row, column } = place({ map: c, place: [i, 0] });
      const from = (c * height + i) * width;
      values.data.set(maps.data.subarray(from, from + width), row * values.shape[1] + column);
    }
  }
  const at = (row, column) => {
    const [i, j] = [(row - 1) % (height + 1), (column - 1) % (width + 1)];
    const c = Math.floor((row - 1) / (height + 1)) * columns + Math.floor((column - 1) / (width + 1));
    return row > 0 && column > 0 && i < height && j < width && c < count ? { map: c, place: [i, j] } : null;
  };
  return { values, at, place };
}

// Drawing, and MNIST's form of a digit; as cnnlib.data.to_mnist

/** (H, W) of 0 to 255 with a stroke of a round brush from one [row, column] to another; its edge is one pixel soft. */
export function brushed(x, [top, left], [bottom, right], radius) {
  const [down, across] = [bottom - top, right - left];
  const length = down * down + across * across;
  const result = copy(x);
  const [height, width] = x.shape;
  const reach = Math.ceil(radius);
  const last = [Math.min(height - 1, Math.max(top, bottom) + reach), Math.min(width - 1, Math.max(left, right) + reach)];
  for (let row = Math.max(0, Math.min(top, bottom) - reach); row <= last[0]; row++) {
    for (let column = Math.max(0, Math.min(left, right) - reach); column <= last[1]; column++) {
      const along = length ? ((row - top) * down + (column - left) * across) / length : 0;
      const t = Math.min(1, Math.max(0, along));
      const distance = Math.hypot(row - top - t * down, column - left - t * across);
      const ink = Math.round(255 * Math.min(1, Math.max(0, radius + 0.5 - distance)));
      const at = row * width + column;
      if (ink > result.data[at]) result.data[at] = ink;
    }
  }
  return result;
}

/** The smallest window {row, column, height, width} that holds all pixels of (H, W) above 0; null if there are none. */
export function inkWindow({ shape: [height, width], data }) {
  let [top, left, bottom, right] = [height, width, -1, -1];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      if (!(data[row * width + column] > 0)) continue;
      [top, bottom] = [Math.min(top, row), row];
      [left, right] = [Math.min(left, column), Math.max(right, column)];
    }
  }
  return bottom < 0 ? null : { row: top, column: left, height: bottom - top + 1, width: right - left + 1 };
}

/** (H, W) resized: every new pixel is the mean of the area it covers. */
export function areaResize(x, height, width) {
  const share = (size, length) =>
    Array.from({ length }, (_, i) => {
      const [from, to] = [(i * size) / length, ((i + 1) * size) / length];
      const first = Math.floor(from);
      const parts = [];
      for (let j = first; j < Math.min(size, Math.ceil(to)); j++) {
        parts.push([j, ((Math.min(to, j + 1) - Math.max(from, j)) * length) / size]);
      }
      return parts;
    });
  const [rows, columns] = [share(x.shape[0], height), share(x.shape[1], width)];
  const result = zeros([height, width]);
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      let sum = 0;
      for (const [row, a] of rows[i]) for (const [column, b] of columns[j]) sum += a * b * x.data[row * x.shape[1] + column];
      result.data[i * width + j] = sum;
    }
  }
  return result;
}

/** The steps from ink (H, W) to MNIST's form: {window, cropped, scaled, corner, image}; without ink only the image. */
export function toMnist(ink) {
  const window = inkWindow(ink);
  if (!window) return { window, image: zeros([28, 28]) };
  const { row, column, height, width } = window;
  const cropped = cut(ink, [[row, row + height - 1], [column, column + width - 1]]);
  const longer = Math.max(...cropped.shape);
  const nearest = (value) => Math.floor(value + 0.5 + 1e-6); // a tie goes up, whatever the last bit says
  const size = cropped.shape.map((n) => Math.max(1, nearest((n * 20) / longer)));
  const scaled = areaResize(cropped, ...size);
  let [mass, down, across] = [0, 0, 0];
  scaled.data.forEach((value, i) => {
    mass += value;
    down += value * Math.floor(i / size[1]);
    across += value * (i % size[1]);
  });
  // MNIST's centres of mass lie at pixel 14, counted from 0.
  const corner = [down / mass, across / mass].map((at, axis) =>
    Math.min(28 - size[axis], Math.max(0, nearest(14 - at))));
  return { window, cropped, scaled, corner, image: placed(scaled, corner, [28, 28]) };
}

// Random numbers that are the same on every machine

/** A function that gives uniform numbers in [0, 1); mulberry32 by Tommy Ettinger, in the public domain. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A tensor of normal numbers drawn with `uniform`; source: Box and Muller 1958. */
export function normal(shape, uniform, deviation = 1) {
  return map(zeros(shape), () => {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    return deviation * radius * Math.cos(2 * Math.PI * uniform());
  });
}

// Colour

/** One colour, or grey checks of `side` pixels where `colour` is null, as an image (H, W, 3) from 0 to 255. */
export function ground(height, width, colour, side = 4) {
  const result = zeros([height, width, 3]);
  for (let i = 0; i < result.data.length; i++) {
    const [row, column] = [Math.floor(i / 3 / width), Math.floor(i / 3) % width];
    const light = (Math.floor(row / side) + Math.floor(column / side)) % 2 === 0;
    result.data[i] = colour ? colour[i % 3] : light ? 255 : 204;
  }
  return result;
}

/**
 * An image (H, W, 3 or 4) from 0 to 255 with its channels scaled (they stop at 255), exchanged if `order` is "BGR",
 * and laid on a background (H, W, 3) by its fourth channel times `opacity`; rounded, a half upwards.
 */
export function mixChannels(image, scale, order, opacity, background) {
  const [height, width, channels] = image.shape;
  const result = zeros([height, width, 3]);
  for (let pixel = 0; pixel < height * width; pixel++) {
    const share = opacity * (channels === 4 ? image.data[4 * pixel + 3] / 255 : 1);
    for (let c = 0; c < 3; c++) {
      const from = order === "BGR" ? 2 - c : c;
      const colour = Math.min(255, scale[from] * image.data[channels * pixel + from]);
      const mixture = share * colour + (1 - share) * background.data[3 * pixel + c];
      result.data[3 * pixel + c] = Math.floor(mixture + 0.5);
    }
  }
  return result;
}

// Orders

/** The numbers 0 to n - 1 in an order drawn with `uniform`: by the size of n uniform numbers. */
export function randomOrder(n, uniform) {
  const keys = Float64Array.from({ length: n }, uniform);
  return Array.from(keys.keys()).sort((a, b) => keys[a] - keys[b]);
}

/** A permutation that moves the first `moved` places of `order` around in a ring and leaves the others. */
export function ring(order, moved) {
  const permutation = Array.from(order.keys());
  for (let i = 0; i < moved; i++) permutation[order[i]] = order[(i + 1) % moved];
  return permutation;
}

/** `out[i] = data[permutation[i]]`. */
export const permuted = (data, permutation) => data.map((_, i) => data[permutation[i]]);

export function squaredDistance(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum;
}

// Filters

/** A kernel less its mean: its numbers sum to 0. */
export function lessMean(x) {
  const mean = x.data.reduce((sum, value) => sum + value, 0) / x.data.length;
  return map(x, (value) => value - mean);
}

/** The response of a kernel (kH, kW) at every place of an image (H, W) where it fits. */
export function responseMap(image, kernel) {
  const [input, weight] = [{ ...image, shape: [1, ...image.shape] }, { ...kernel, shape: [1, 1, ...kernel.shape] }];
  return plane(conv2d(input, weight), 0);
}

// A deep net

/** The first weights of `layers` layers, each (width, width): "small" is normal with 0.01, "default" torch's. */
export function firstWeights(init, layers, width, seed) {
  const uniform = random(seed);
  const shape = [layers, width, width];
  // torch's nn.Linear draws evenly between ±1/√width, He and others 2015 normally with √(2/width).
  if (init === "default") return map(zeros(shape), () => (2 * uniform() - 1) / Math.sqrt(width));
  return normal(shape, uniform, init === "he" ? Math.sqrt(2 / width) : 0.01);
}

/** Each column of a (samples, width) block less its mean, over its deviation, in place; returns the deviations. */
function standardise(block, samples, width, eps = 1e-5) {
  const deviations = new Float64Array(width);
  for (let unit = 0; unit < width; unit++) {
    let [mean, variance] = [0, 0];
    for (let at = unit; at < block.length; at += width) mean += block[at] / samples;
    for (let at = unit; at < block.length; at += width) variance += (block[at] - mean) ** 2 / samples;
    deviations[unit] = Math.sqrt(variance + eps);
    for (let at = unit; at < block.length; at += width) block[at] = (block[at] - mean) / deviations[unit];
  }
  return deviations;
}

/** The gradient through `standardise`, in place; `block` is what it returned. */
function standardiseGrad(grad, block, deviations, samples, width) {
  for (let unit = 0; unit < width; unit++) {
    let [mean, along] = [0, 0];
    for (let at = unit; at < grad.length; at += width) {
      mean += grad[at] / samples;
      along += (grad[at] * block[at]) / samples;
    }
    for (let at = unit; at < grad.length; at += width) {
      grad[at] = (grad[at] - mean - block[at] * along) / deviations[unit];
    }
  }
}

/** How much a unit changes from sample to sample: its standard deviation, averaged over the units. */
function spread(block, samples, width) {
  const copied = block.slice();
  return standardise(copied, samples, width, 0).reduce((sum, deviation) => sum + deviation, 0) / width;
}

const rms = (block) => Math.sqrt(block.reduce((sum, value) => sum + value * value, 0) / block.length);

/**
 * Signal and gradient in a net of layers x → ReLU(W x), with `norm` x → ReLU(norm(W x)) as batch normalisation in
 * training, with `skip` the layer's input added. `input` and `grad`, the gradient at the output, are (samples, width);
 * weights (layers, width, width). Both curves begin at the input: [layers + 1].
 */
export function signalAndGradient(input, grad, weights, { norm = false, skip = false } = {}) {
  const [samples, width] = input.shape;
  const [layers] = weights.shape;
  const steps = [];
  let x = input.data;
  const signal = [spread(x, samples, width)];
  for (let layer = 0; layer < layers; layer++) {
    const w = weights.data.subarray(layer * width * width, (layer + 1) * width * width);
    const z = new Float64Array(x.length);
    for (let s = 0; s < x.length; s += width) {
      for (let o = 0; o < width; o++) {
        let sum = 0;
        for (let i = 0, at = o * width; i < width; i++, at++) sum += w[at] * x[s + i];
        z[s + o] = sum;
      }
    }
    const deviations = norm ? standardise(z, samples, width) : null;
    x = skip ? x.map((value, i) => value + Math.max(0, z[i])) : z.map((value) => Math.max(0, value));
    steps.push({ w, z, deviations });
    signal.push(spread(x, samples, width));
  }
  let back = grad.data;
  const gradient = [rms(back)];
  for (const { w, z, deviations } of steps.reverse()) {
    const inside = back.map((value, i) => (z[i] > 0 ? value : 0));
    if (norm) standardiseGrad(inside, z, deviations, samples, width);
    back = skip ? back.slice() : new Float64Array(back.length);
    for (let s = 0; s < back.length; s += width) {
      for (let o = 0; o < width; o++) {
        const value = inside[s + o];
        if (value === 0) continue;
        for (let i = 0, at = o * width; i < width; i++, at++) back[s + i] += value * w[at];
      }
    }
    gradient.unshift(rms(back));
  }
  return { signal, gradient };
}
