// Batch normalisation and ReLU of maps, and their gradient, in as few passes as they need.
//
// y = act((x - mean) * scale + bias), scale = weight / sqrt(variance + eps). Sums are float within a
// block of pixels, or behind a pool within an image, and double beyond.

#pragma once

#include "lanes.h"

struct Line {  // of each lane: (x - mean) * scale + bias
  std::vector<float> mean, scale, bias;
};

template <int N, int U>
inline void load_line(const Line& line, long lane, Float<N>* mean, Float<N>* scale, Float<N>* bias) {
  for (int u = 0; u < U; ++u) {
    mean[u] = load<N>(line.mean.data() + lane + u * N);
    scale[u] = load<N>(line.scale.data() + lane + u * N);
    bias[u] = load<N>(line.bias.data() + lane + u * N);
  }
}

template <int N>
inline Float<N> positive(Float<N> value) {  // keeps what is no number
  return value < 0 ? Float<N>{} : value;
}

inline Line line_of(const Lanes& lanes, const float* mean, const float* inverse,
                    const float* weight, const float* bias) {
  std::vector<float> scale(lanes.channels);
  for (long channel = 0; channel < lanes.channels; ++channel)
    scale[channel] = weight[channel] * inverse[channel];
  return {lanes.spread(mean), lanes.spread(scale.data()), lanes.spread(bias)};
}

template <int N>
inline void add_to(double* totals, Float<N> sums) {
  for (int each = 0; each < N; ++each) totals[each] += sums[each];
}

// Sums of x - pivot and of its square.
template <class T>
inline void sum(const T* x, long pixels, const Lanes& lanes, const float* pivot, double* totals,
                double* squares) {
  lanes.blocks(pixels, [&](long first, long rows, long width) __attribute__((always_inline)) {
    const T* from = x + first * lanes.channels;
    across(width, [&]<int N, int U>(long lane) __attribute__((always_inline)) {
      Float<N> sums[U] = {}, more[U] = {}, pivots[U];
      for (int u = 0; u < U; ++u) pivots[u] = load<N>(pivot + lane + u * N);
      for (long row = 0; row < rows; ++row)
        for (int u = 0; u < U; ++u) {
          auto off = load<N>(from + row * width + lane + u * N) - pivots[u];
          sums[u] += off;
          more[u] += off * off;
        }
      for (int u = 0; u < U; ++u) {
        add_to<N>(totals + lane + u * N, sums[u]);
        add_to<N>(squares + lane + u * N, more[u]);
      }
    });
  });
}

template <class T>
inline void apply(const T* x, T* y, long pixels, const Lanes& lanes, const Line& line, bool relu) {
  lanes.blocks(pixels, [&](long first, long rows, long width) __attribute__((always_inline)) {
    const T* from = x + first * lanes.channels;
    T* to = y + first * lanes.channels;
    across(width, [&]<int N, int U>(long lane) __attribute__((always_inline)) {
      Float<N> mean[U], scale[U], bias[U];
      load_line<N, U>(line, lane, mean, scale, bias);
      for (long row = 0; row < rows; ++row)
        for (int u = 0; u < U; ++u) {
          long at = row * width + lane + u * N;
          auto value = (load<N>(from + at) - mean[u]) * scale[u] + bias[u];
          store<N>(to + at, relu ? positive<N>(value) : value);
        }
    });
  });
}

// Sums of the gradient before the ReLU, and of it times x - mean.
template <class T>
inline void sum_gradient(const T* x, const T* gradient, long pixels, const Lanes& lanes,
                         const Line& line, bool relu, double* totals, double* products) {
  lanes.blocks(pixels, [&](long first, long rows, long width) __attribute__((always_inline)) {
    const T* from = x + first * lanes.channels;
    const T* given = gradient + first * lanes.channels;
    across(width, [&]<int N, int U>(long lane) __attribute__((always_inline)) {
      Float<N> sums[U] = {}, more[U] = {}, mean[U], scale[U], bias[U];
      load_line<N, U>(line, lane, mean, scale, bias);
      for (long row = 0; row < rows; ++row)
        for (int u = 0; u < U; ++u) {
          long at = row * width + lane + u * N;
          auto off = load<N>(from + at) - mean[u];
          auto value = load<N>(given + at);
          if (relu) value = off * scale[u] + bias[u] <= 0 ? Float<N>{} : value;
          sums[u] += value;
          more[u] += value * off;
        }
      for (int u = 0; u < U; ++u) {
        add_to<N>(totals + lane + u * N, sums[u]);
        add_to<N>(products + lane + u * N, more[u]);
      }
    });
  });
}

struct Slope {  // of each lane: scale * gradient + by_x * (x - mean) + constant
  std::vector<float> by_x, constant;
};

template <class T>
inline void apply_gradient(const T* x, const T* gradient, T* found, long pixels, const Lanes& lanes,
                           const Line& line, const Slope& slope, bool relu) {
  lanes.blocks(pixels, [&](long first, long rows, long width) __attribute__((always_inline)) {
    const T* from = x + first * lanes.channels;
    const T* given = gradient + first * lanes.channels;
    T* to = found + first * lanes.channels;
    across(width, [&]<int N, int U>(long lane) __attribute__((always_inline)) {
      Float<N> mean[U], scale[U], bias[U], by_x[U], constant[U];
      load_line<N, U>(line, lane, mean, scale, bias);
      for (int u = 0; u < U; ++u) {
        by_x[u] = load<N>(slope.by_x.data() + lane + u * N);
        constant[u] = load<N>(slope.constant.data() + lane + u * N);
      }
      for (long row = 0; row < rows; ++row)
        for (int u = 0; u < U; ++u) {
          long at = row * width + lane + u * N;
          auto off = load<N>(from + at) - mean[u];
          auto value = load<N>(given + at);
          if (relu) value = off * scale[u] + bias[u] <= 0 ? Float<N>{} : value;
          store<N>(to + at, value * scale[u] + off * by_x[u] + constant[u]);
        }
    });
  });
}
