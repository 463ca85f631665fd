// Batch normalisation, a maximum over windows and ReLU of maps, and their gradient.
//
// y = act(max((x - mean) * scale + bias)): a ReLU commutes with a maximum. The map before the pool is
// never written, and a byte is kept for each maximum.

#pragma once

#include <limits>

#include "norm.h"

// What a pool's windows are, and which of them see a row or a column of the map.
struct Window {
  long size, stride, padding, out_height, out_width;

  long first(long at) const { return std::max(0L, (at + padding - size + stride) / stride); }
  long last(long at, long count) const { return std::min(count - 1, (at + padding) / stride); }

  struct Place {
    long top, left;                    // of the window, which may begin in the padding
    long above, below, before, after;  // its rows and columns within the map, the ends excluded
  };

  Place at(long down, long aside, const Shape& shape) const {
    long top = down * stride - padding, left = aside * stride - padding;
    return {top, left, std::max(0L, -top), std::min(size, shape.height - top),
            std::max(0L, -left), std::min(size, shape.width - left)};
  }
};

constexpr int IDLE = 255;  // the place of a maximum that the ReLU sets to zero: no gradient

// The line and a maximum over windows; `places` tells which pixel of its window each one is.
template <class T>
inline void apply_pooled(const T* x, T* y, uint8_t* places, const Shape& shape,
                         const Window& window, const Line& line, bool relu) {
  long row = shape.width * shape.channels, outputs = window.out_height * window.out_width;
  for (long image = 0; image < shape.images; ++image)
    across(shape.channels, [&]<int N, int U>(long lane) __attribute__((always_inline)) {
      Float<N> mean[U], scale[U], bias[U];
      load_line<N, U>(line, lane, mean, scale, bias);
      const T* from = x + image * shape.height * row + lane;
      long out = image * outputs * shape.channels + lane;
      for (long down = 0; down < window.out_height; ++down)
        for (long aside = 0; aside < window.out_width; ++aside, out += shape.channels) {
          auto [top, left, above, below, before, after] = window.at(down, aside, shape);
          Float<N> best[U];
          Int<N> place[U];
          for (int u = 0; u < U; ++u) {
            best[u] = Float<N>{} - std::numeric_limits<float>::infinity();
            place[u] = Int<N>{} + int32_t(above * window.size + before);
          }
          for (long y = above; y < below; ++y)
            for (long x = before; x < after; ++x) {
              auto here = Int<N>{} + int32_t(y * window.size + x);
              for (int u = 0; u < U; ++u) {
                auto off = load<N>(from + (top + y) * row + (left + x) * shape.channels + u * N);
                auto value = (off - mean[u]) * scale[u] + bias[u];
                auto better = (value > best[u]) | (value != value);
                best[u] = better ? value : best[u];
                place[u] = better ? here : place[u];
              }
            }
          for (int u = 0; u < U; ++u) {
            if (relu) place[u] = best[u] <= 0 ? Int<N>{} + IDLE : place[u];
            store<N>(y + out + u * N, relu ? positive<N>(best[u]) : best[u]);
            if (places) store_bytes<N>(places + out + u * N, place[u]);
          }
        }
    });
}

// Of a pooled map, sums of the gradient, and of it times x - mean at the maximum.
template <class T>
inline void sum_pooled(const T* x, const T* gradient, const uint8_t* places, const Shape& shape,
                       const Window& window, const Line& line, double* totals, double* products) {
  long row = shape.width * shape.channels, outputs = window.out_height * window.out_width;
  for (long image = 0; image < shape.images; ++image)
    across(shape.channels, [&]<int N, int U>(long lane) __attribute__((always_inline)) {
      Float<N> sums[U] = {}, more[U] = {}, mean[U];
      for (int u = 0; u < U; ++u) mean[u] = load<N>(line.mean.data() + lane + u * N);
      const T* from = x + image * shape.height * row + lane;
      long out = image * outputs * shape.channels + lane;
      for (long down = 0; down < window.out_height; ++down)
        for (long aside = 0; aside < window.out_width; ++aside, out += shape.channels) {
          auto [top, left, above, below, before, after] = window.at(down, aside, shape);
          Float<N> value[U] = {}, off[U] = {};
          Int<N> place[U] = {};
          for (int u = 0; u < U; ++u) {
            value[u] = load<N>(gradient + out + u * N);
            place[u] = load_bytes<N>(places + out + u * N);
          }
          for (long y = above; y < below; ++y)
            for (long x = before; x < after; ++x) {
              auto here = int32_t(y * window.size + x);
              for (int u = 0; u < U; ++u) {
                auto found = load<N>(from + (top + y) * row + (left + x) * shape.channels + u * N);
                off[u] = place[u] == here ? found - mean[u] : off[u];
              }
            }
          for (int u = 0; u < U; ++u) {
            auto kept = place[u] == IDLE ? Float<N>{} : value[u];
            sums[u] += kept;
            more[u] += kept * off[u];
          }
        }
      for (int u = 0; u < U; ++u) {
        add_to<N>(totals + lane + u * N, sums[u]);
        add_to<N>(products + lane + u * N, more[u]);
      }
    });
}

// The same where windows were pooled: each maximum's gradient goes to its pixel.
template <class T>
inline void apply_gradient_pooled(const T* x, const T* gradient, const uint8_t* places, T* found,
                                  const Shape& shape, const Window& window, const Line& line,
                                  const Slope& slope) {
  struct Range { int32_t first, last, place; };  // windows of a column; its place in the first one
  std::vector<Range> columns(shape.width);
  for (long column = 0; column < shape.width; ++column) {
    long first = window.first(column), last = window.last(column, window.out_width);
    long place = column + window.padding - first * window.stride;
    columns[column] = {int32_t(first), int32_t(last), int32_t(place)};
  }
  long row = shape.width * shape.channels, outputs = window.out_height * window.out_width;
  for (long image = 0; image < shape.images; ++image)
    across(shape.channels, [&]<int N, int U>(long lane) __attribute__((always_inline)) {
      Float<N> mean[U], scale[U], by_x[U], constant[U];
      for (int u = 0; u < U; ++u) {
        mean[u] = load<N>(line.mean.data() + lane + u * N);
        scale[u] = load<N>(line.scale.data() + lane + u * N);
        by_x[u] = load<N>(slope.by_x.data() + lane + u * N);
        constant[u] = load<N>(slope.constant.data() + lane + u * N);
      }
      long at = image * shape.height * row + lane;
      long image_out = image * outputs * shape.channels + lane;
      for (long down = 0; down < shape.height; ++down) {
        long top = window.first(down), bottom = window.last(down, window.out_height);
        for (const Range& column : columns) {
          Float<N> sums[U] = {};
          for (long y = top; y <= bottom; ++y)
            for (long x = column.first; x <= column.last; ++x) {
              long out = image_out + (y * window.out_width + x) * shape.channels;
              long place = (down + window.padding - y * window.stride) * window.size +
                           column.place - (x - column.first) * window.stride;
              for (int u = 0; u < U; ++u) {
                auto value = load<N>(gradient + out + u * N);
                auto hit = load_bytes<N>(places + out + u * N) == int32_t(place);
                sums[u] += hit ? value : Float<N>{};
              }
            }
          for (int u = 0; u < U; ++u) {
            auto off = load<N>(x + at + u * N) - mean[u];
            store<N>(found + at + u * N, sums[u] * scale[u] + off * by_x[u] + constant[u]);
          }
          at += shape.channels;
        }
      }
    });
}
