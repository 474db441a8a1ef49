// Runs the layers that dcgan_tf/pages/playground.py describes; all values are float32.
"use strict";

// One function for each kind of layer: (layer, out, inputs...).  An image [H, W, C] lies row
// by row, its channels together; so do the outputs of a kernel [..., inputs, outputs].
const KINDS = {
  dense(layer, out, x) {
    out.fill(0);
    addProducts(x, 0, x.length, layer.kernel, 0, out, 0, out.length);
  },

  // out[i * stride + tap - before] += in[i] K[tap]
  transposed(layer, out, x) {
    const [height, width, inputs] = layer.shape;
    const [outHeight, outWidth, outputs] = layer.to;
    const { taps, stride } = layer;
    // TensorFlow pads both sides alike, the end by one more where the sum is odd.
    const before = Math.floor((taps - stride) / 2);
    out.fill(0);
    for (let tap = 0; tap < taps * taps; tap++) {
      const [down, across] = [Math.floor(tap / taps) - before, (tap % taps) - before];
      for (let i = 0; i < height; i++) {
        const row = i * stride + down;
        if (row < 0 || row >= outHeight) continue;
        for (let j = 0; j < width; j++) {
          const column = j * stride + across;
          if (column < 0 || column >= outWidth) continue;
          addProducts(x, (i * width + j) * inputs, inputs, layer.kernel, tap * inputs * outputs,
            out, (row * outWidth + column) * outputs, outputs);
        }
      }
    }
    if (layer.bias) out.forEach((value, i) => (out[i] = value + layer.bias[i % outputs]));
  },

  scale({ scale, offset }, out, x) {
    const channels = scale.length;
    for (let i = 0; i < out.length; i += channels) {
      for (let c = 0; c < channels; c++) out[i + c] = x[i + c] * scale[c] + offset[c];
    }
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

  tanh(layer, out, x) {
    for (let i = 0; i < out.length; i++) out[i] = Math.tanh(x[i]);
  },
};

const MOST_INPUTS = 1 << 16;
const factors = new Float64Array(MOST_INPUTS + 3);
const rows = new Int32Array(MOST_INPUTS + 3);

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

// A network from its description: (latents, class weights) -> the last layer's outputs,
// which the next call overwrites.
function makeNetwork(description) {
  const layers = description.map((described) => {
    const layer = { ...described, out: new Float32Array(described.size) };
    for (const [name, value] of Object.entries(described)) {
      if (value.base64) layer[name] = unpacked(value);
    }
    return layer;
  });
  return (latents, classWeights) => {
    const values = [latents, classWeights];
    for (const layer of layers) {
      KINDS[layer.kind](layer, layer.out, ...layer.read.map((number) => values[number]));
      values.push(layer.out);
    }
    return values.at(-1);
  };
}

function unpacked({ half, base64 }) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer;
  return half ? Float32Array.from(new Uint16Array(bytes), (bits) => HALVES[bits])
    : new Float32Array(bytes);
}

// The value of each of the 65,536 half-precision numbers (IEEE 754 binary16).
const HALVES = Float32Array.from({ length: 65536 }, (_, bits) => {
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  const sign = bits >> 15 ? -1 : 1;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction) : 2 ** -14 * fraction);
});
