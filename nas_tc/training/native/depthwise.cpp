// The gradient of a depthwise convolution, by one thread.
//
// A filter sees one channel, so a step multiplies and adds as many numbers as it reads, and what
// counts is that channels stay side by side in the registers. oneDNN is as fast for a 3x3 without a
// stride; with a stride, or a larger filter, it takes twenty to a hundred times as long.
//
// Everything is inlined into the functions at the end, which nas_tc/training/depthwise.py calls.

#include "lanes.h"
#include "norm.h"

namespace {

struct Filter {  // side, stride and padding; height and width of the result
  long size, stride, padding, out_height, out_width;
};

// The gradient of the filters, (size * size, channels): the sum of x * gradient over all pixels.
// Sums are float within an image and double beyond.
template <int K, class T>
inline void sum_filters(const T* x, const T* gradient, const Shape& shape, const Filter& filter,
                        double* totals) {
  long row = shape.width * shape.channels, out_row = filter.out_width * shape.channels;
  long stride = filter.stride, padding = filter.padding;
  // From `low` to `high` a window is within the map.
  long low = std::min(filter.out_width, (padding + stride - 1) / stride);
  long inner = (shape.width - K + padding >= 0) ? (shape.width - K + padding) / stride + 1 : 0;
  long high = std::max(low, std::min(filter.out_width, inner));
  for (long image = 0; image < shape.images; ++image)
    across(shape.channels, [&]<int N, int U>(long lane) __attribute__((always_inline)) {
      const T* from = x + image * shape.height * row + lane;
      const T* given = gradient + image * filter.out_height * out_row + lane;
      for (long tap = 0; tap < K; ++tap) {  // row of the filter
        Float<N> sums[K][U] = {};
        for (long down = 0; down < filter.out_height; ++down) {
          long y = down * stride + tap - padding;
          if (y < 0 || y >= shape.height) continue;
          const T* line = from + y * row;
          const T* slope = given + down * out_row;
          auto add = [&](long aside, bool checked) __attribute__((always_inline)) {
            Float<N> value[U];
            for (int u = 0; u < U; ++u) value[u] = load<N>(slope + aside * shape.channels + u * N);
            long left = aside * stride - padding;
            for (int k = 0; k < K; ++k) {
              if (checked && (left + k < 0 || left + k >= shape.width)) continue;
              for (int u = 0; u < U; ++u)
                sums[k][u] += value[u] * load<N>(line + (left + k) * shape.channels + u * N);
            }
          };
          for (long aside = 0; aside < low; ++aside) add(aside, true);
          for (long aside = low; aside < high; ++aside) add(aside, false);
          for (long aside = high; aside < filter.out_width; ++aside) add(aside, true);
        }
        for (int k = 0; k < K; ++k)
          for (int u = 0; u < U; ++u)
            add_to<N>(totals + (tap * K + k) * shape.channels + lane + u * N, sums[k][u]);
      }
    });
}

// The gradient of the maps; `weights` are (size * size, channels).
template <class T>
inline void spread_gradient(const T* gradient, const float* weights, T* found, const Shape& shape,
                            const Filter& filter) {
  struct Taps { long tap, out, count; };  // those that see a row or column: the first, the last out
  auto taps_at = [&](long at, long outputs) {
    long reach = at + filter.padding, tap = reach % filter.stride;
    long out = reach / filter.stride;  // sees it by `tap`; the one before, by the next but stride
    if (long beyond = out - (outputs - 1); beyond > 0) tap += beyond * filter.stride, out -= beyond;
    long count = tap < filter.size ? (filter.size - 1 - tap) / filter.stride + 1 : 0;
    return Taps{tap, out, std::min(count, out + 1)};
  };
  std::vector<Taps> columns(shape.width);
  for (long column = 0; column < shape.width; ++column)
    columns[column] = taps_at(column, filter.out_width);
  long row = shape.width * shape.channels, out_row = filter.out_width * shape.channels;
  for (long image = 0; image < shape.images; ++image)
    across(shape.channels, [&]<int N, int U>(long lane) __attribute__((always_inline)) {
      const T* given = gradient + image * filter.out_height * out_row + lane;
      T* to = found + image * shape.height * row + lane;
      for (long y = 0; y < shape.height; ++y) {
        Taps rows = taps_at(y, filter.out_height);
        for (long x = 0; x < shape.width; ++x, to += shape.channels) {
          Taps line = columns[x];
          Float<N> sums[U] = {};
          for (long down = 0; down < rows.count; ++down) {
            const T* slope = given + (rows.out - down) * out_row + line.out * shape.channels;
            long first = (rows.tap + down * filter.stride) * filter.size + line.tap;
            const float* weight = weights + first * shape.channels + lane;
            for (long aside = 0; aside < line.count; ++aside) {
              for (int u = 0; u < U; ++u)
                sums[u] += load<N>(slope + u * N) * load<N>(weight + u * N);
              slope -= shape.channels;
              weight += filter.stride * shape.channels;
            }
          }
          for (int u = 0; u < U; ++u) store<N>(to + u * N, sums[u]);
        }
      }
    });
}

template <class T>
inline void backward(const T* x, const T* gradient, const float* weights, T* by_maps,
                     double* by_weights, const Shape& shape, const Filter& filter) {
  if (by_maps) spread_gradient(gradient, weights, by_maps, shape, filter);
  switch (filter.size) {
    case 3: return sum_filters<3>(x, gradient, shape, filter, by_weights);
    case 5: return sum_filters<5>(x, gradient, shape, filter, by_weights);
    case 7: return sum_filters<7>(x, gradient, shape, filter, by_weights);
  }
}

}  // namespace

#define EXPORTED(T, name)                                                                        \
  extern "C" __attribute__((flatten)) void depthwise_backward_##name(                            \
      const T* x, const T* gradient, const float* weights, T* by_maps, double* by_weights,       \
      const Shape* shape, const Filter* filter) {                                                \
    backward(x, gradient, weights, by_maps, by_weights, *shape, *filter);                        \
  }

EXPORTED(bf16, bf16)
EXPORTED(float, fp32)
