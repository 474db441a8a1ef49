// Runs the layers that dcgan_tf/pages/network.py describes; all values are float32.
"use strict";

// One function for each kind of layer: (layer, out, inputs...).  An image [H, W, C] lies row
// by row, its channels together; so do the outputs of a kernel [..., inputs, outputs].
const KINDS = {
  dense(layer, out, x) {
    begin(layer, out);
    addProducts(x, 0, x.length, layer.kernel, 0, out, 0, out.length);
  },

  // out[i] += in[i * stride + tap - before] K[tap]
  convolution(layer, out, x) {
    begin(layer, out);
    const [height, width, inputs] = layer.shape;
    const [outHeight, outWidth, outputs] = layer.to;
    const [stride, strideX] = layer.strides;
    forTaps(layer, (a, b, at) => {
      for (let i = 0; i < outHeight; i++) {
        const row = i * stride + a;
        if (row < 0 || row >= height) continue;
        for (let j = 0; j < outWidth; j++) {
          const column = j * strideX + b;
          if (column < 0 || column >= width) continue;
          addProducts(x, (row * width + column) * inputs, inputs, layer.kernel, at,
            out, (i * outWidth + j) * outputs, outputs);
        }
      }
    });
  },

  // out[i * stride + tap - before] += in[i] K[tap]
  transposed(layer, out, x) {
    begin(layer, out);
    const [height, width, inputs] = layer.shape;
    const [outHeight, outWidth, outputs] = layer.to;
    const [stride, strideX] = layer.strides;
    forTaps(layer, (a, b, at) => {
      for (let i = 0; i < height; i++) {
        const row = i * stride + a;
        if (row < 0 || row >= outHeight) continue;
        for (let j = 0; j < width; j++) {
          const column = j * strideX + b;
          if (column < 0 || column >= outWidth) continue;
          addProducts(x, (i * width + j) * inputs, inputs, layer.kernel, at,
            out, (row * outWidth + column) * outputs, outputs);
        }
      }
    });
  },

  // [H, W, (2, 2, C)] -> [2 H, 2 W, C]
  interleave(layer, out, x) {
    const [height, width, channels] = layer.to;
    let at = 0;
    for (let i = 0; i < height; i += 2) {
      for (let j = 0; j < width; j += 2) {
        for (let parity = 0; parity < 4; parity++, at += channels) {
          const place = (i + (parity >> 1)) * width + j + (parity & 1);
          out.set(x.subarray(at, at + channels), place * channels);
        }
      }
    }
  },

  repeat(layer, out, x) {
    const [height, width, channels] = layer.shape;
    const [times, timesX] = layer.times;
    let to = 0;
    for (let i = 0; i < height * times; i++) {
      for (let j = 0; j < width * timesX; j++, to += channels) {
        const at = (Math.floor(i / times) * width + Math.floor(j / timesX)) * channels;
        out.set(x.subarray(at, at + channels), to);
      }
    }
  },

  pad(layer, out, x) {
    const [height, width, channels] = layer.shape;
    const [top, left] = layer.before;
    out.fill(0);
    for (let i = 0; i < height; i++) {
      const row = x.subarray(i * width * channels, (i + 1) * width * channels);
      out.set(row, ((i + top) * layer.to[1] + left) * channels);
    }
  },

  scale(layer, out, x) {
    const { scale, offset } = layer;
    const channels = scale.length;
    for (let i = 0; i < out.length; i += channels) {
      for (let c = 0; c < channels; c++) out[i + c] = x[i + c] * scale[c] + offset[c];
    }
  },

  largest(layer, out, x) {
    for (let i = 0; i < out.length; i++) {
      out[i] = Math.max(...x.subarray(i * layer.of, (i + 1) * layer.of));
    }
  },

  dot(layer, out, x, y) {
    out[0] = x.reduce((sum, value, i) => sum + value * y[i], 0);
  },

  concatenate(layer, out, x, y) {
    out.set(x);
    out.set(y, x.length);
  },

  add(layer, out, x, y) {
    for (let i = 0; i < out.length; i++) out[i] = x[i] + y[i];
  },

  multiply(layer, out, x, y) {
    for (let i = 0; i < out.length; i++) out[i] = x[i] * y[i];
  },

  relu(layer, out, x) {
    for (let i = 0; i < out.length; i++) out[i] = x[i] > 0 ? x[i] : 0;
  },

  leaky(layer, out, x) {
    for (let i = 0; i < out.length; i++) out[i] = x[i] > 0 ? x[i] : layer.slope * x[i];
  },

  tanh(layer, out, x) {
    for (let i = 0; i < out.length; i++) out[i] = Math.tanh(x[i]);
  },

  sigmoid(layer, out, x) {
    for (let i = 0; i < out.length; i++) out[i] = 1 / (1 + Math.exp(-x[i]));
  },
};

function begin(layer, out) {
  if (!layer.bias) {
    out.fill(0);
    return;
  }
  for (let i = 0; i < out.length; i += layer.bias.length) out.set(layer.bias, i);
}

// Calls visit(row - before, column - before, where its [inputs, outputs] begin) for each tap.
function forTaps(layer, visit) {
  const [rows, columns] = layer.taps;
  const size = layer.shape[2] * layer.to[2];
  for (let a = 0; a < rows; a++) {
    for (let b = 0; b < columns; b++) {
      visit(a - layer.before[0], b - layer.before[1], (a * columns + b) * size);
    }
  }
}

// out[to ...] += x[from ...] times a kernel [inputs, outputs] that begins at `at`.  Many
// inputs are 0, behind a ReLU; of the others four at a time share each step over the outputs.
function addProducts(x, from, inputs, kernel, at, out, to, outputs) {
  let count = 0;
  for (let i = 0; i < inputs; i++) {
    if (x[from + i] === 0) continue;
    factors[count] = x[from + i];
    rows[count++] = at + i * outputs;
  }
  for (; count % 4; count++) {
    factors[count] = 0;
    rows[count] = at;
  }
  for (let i = 0; i < count; i += 4) {
    const a = factors[i], b = factors[i + 1], c = factors[i + 2], d = factors[i + 3];
    const k = rows[i], l = rows[i + 1], m = rows[i + 2], n = rows[i + 3];
    for (let o = 0; o < outputs; o++) {
      out[to + o] += a * kernel[k + o] + b * kernel[l + o] + c * kernel[m + o] + d * kernel[n + o];
    }
  }
}

const MOST_INPUTS = 1 << 16;
const factors = new Float64Array(MOST_INPUTS + 3);
const rows = new Int32Array(MOST_INPUTS + 3);

// A network from its description: (first input, class weights) -> {name: its output}, which
// the next call overwrites.
function makeNetwork(description) {
  const bytes = decode(description.weights);
  const layers = description.layers.map((described) => {
    const layer = { ...described, out: new Float32Array(described.size) };
    for (const [name, value] of Object.entries(layer)) {
      if (value.count) layer[name] = readWeights(bytes, value);
    }
    return layer;
  });
  return (first, classWeights) => {
    const values = [first, classWeights];
    for (const layer of layers) {
      KINDS[layer.kind](layer, layer.out, ...layer.read.map((number) => values[number]));
      values.push(layer.out);
    }
    const named = Object.entries(description.outputs);
    return Object.fromEntries(named.map(([name, number]) => [name, values[number]]));
  };
}

function decode(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes.buffer;
}

function readWeights(bytes, { at, count, half }) {
  if (!half) return new Float32Array(bytes, at, count);
  const halves = new Uint16Array(bytes, at, count);
  const weights = new Float32Array(count);
  for (let i = 0; i < count; i++) weights[i] = HALVES[halves[i]];
  return weights;
}

function readHalves(base64) {
  const bytes = decode(base64);
  return readWeights(bytes, { at: 0, count: bytes.byteLength / 2, half: true });
}

// The value of each of the 65,536 half-precision numbers (IEEE 754 binary16).
const HALVES = Float32Array.from({ length: 65536 }, (_, bits) => {
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  const sign = bits >> 15 ? -1 : 1;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction) : 2 ** -14 * fraction);
});
