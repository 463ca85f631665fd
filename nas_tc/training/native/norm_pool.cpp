// Batch normalisation with the pool and the ReLU behind it, by one thread.
//
// A small network's step is half memory traffic: torch reads and writes the maps once for each of
// the three, and keeps eight bytes for every maximum. Here a map is read twice, for its statistics
// and for the result, which is written once; likewise backwards.
//
// Everything is inlined into the functions at the end, which nas_tc/training/norm_pool.py calls.

#include <cmath>

#include "pooled.h"

namespace {

// Mean and variance (divided by the count) of each channel.
template <class T>
inline void statistics(const T* x, const Shape& shape, const Lanes& lanes, float* mean,
                       std::vector<double>& variance) {
  std::vector<float> first(shape.channels);  // near the mean, so that squares do not drown it
  for (long channel = 0; channel < shape.channels; ++channel)
    first[channel] = load<1>(x + channel)[0];
  auto pivot = lanes.spread(first.data());
  std::vector<double> totals(lanes.count), squares(lanes.count);
  sum(x, shape.pixels(), lanes, pivot.data(), totals.data(), squares.data());
  totals = lanes.fold(totals);
  squares = lanes.fold(squares);
  for (long channel = 0; channel < shape.channels; ++channel) {
    double off = totals[channel] / shape.pixels();
    mean[channel] = float(first[channel] + off);
    double own = squares[channel] / shape.pixels() - off * off;
    variance[channel] = own < 0 ? 0 : own;  // keeps what is no number
  }
}

template <class T>
inline void apply_either(const T* x, T* y, uint8_t* places, const Shape& shape,
                         const Window* window, const Lanes& lanes, const Line& line, bool relu) {
  if (window)
    apply_pooled(x, y, places, shape, *window, line, relu);
  else
    apply(x, y, shape.pixels(), lanes, line, relu);
}

template <class T>
inline void train(const T* x, T* y, uint8_t* places, const Shape& shape, const Window* window,
                  const float* weight, const float* bias, float* running_mean,
                  float* running_variance, double momentum, double eps, float* mean,
                  float* inverse, bool relu) {
  Lanes lanes(shape.channels);
  std::vector<double> variance(shape.channels);
  statistics(x, shape, lanes, mean, variance);
  double unbiased = double(shape.pixels()) / (shape.pixels() - 1);
  for (long channel = 0; channel < shape.channels; ++channel) {
    inverse[channel] = float(1 / std::sqrt(variance[channel] + eps));
    running_mean[channel] += float(momentum * (mean[channel] - running_mean[channel]));
    running_variance[channel] +=
        float(momentum * (variance[channel] * unbiased - running_variance[channel]));
  }
  Line line = line_of(lanes, mean, inverse, weight, bias);
  apply_either(x, y, places, shape, window, lanes, line, relu);
}

template <class T>
inline void infer(const T* x, T* y, const Shape& shape, const Window* window, const float* weight,
                  const float* bias, const float* mean, const float* variance, double eps,
                  bool relu) {
  Lanes lanes(shape.channels);
  std::vector<float> inverse(shape.channels);
  for (long channel = 0; channel < shape.channels; ++channel)
    inverse[channel] = float(1 / std::sqrt(variance[channel] + eps));
  Line line = line_of(lanes, mean, inverse.data(), weight, bias);
  apply_either<T>(x, y, nullptr, shape, window, lanes, line, relu);
}

template <class T>
inline void backward(const T* x, const T* gradient, const uint8_t* places, T* found,
                     const Shape& shape, const Window* window, const float* weight,
                     const float* bias, const float* mean, const float* inverse,
                     float* by_weight, float* by_bias, bool relu) {
  Lanes lanes(shape.channels);
  Line line = line_of(lanes, mean, inverse, weight, bias);
  std::vector<float> by_x(shape.channels), constant(shape.channels);
  std::vector<double> totals(lanes.count), products(lanes.count);
  if (window)
    sum_pooled(x, gradient, places, shape, *window, line, totals.data(), products.data());
  else
    sum_gradient(x, gradient, shape.pixels(), lanes, line, relu, totals.data(), products.data());
  totals = lanes.fold(totals);
  products = lanes.fold(products);
  for (long channel = 0; channel < shape.channels; ++channel) {
    by_weight[channel] = float(products[channel] * inverse[channel]);
    by_bias[channel] = float(totals[channel]);
    double curve = products[channel] / shape.pixels() * inverse[channel] * inverse[channel];
    by_x[channel] = float(-line.scale[channel] * curve);
    constant[channel] = float(-line.scale[channel] * totals[channel] / shape.pixels());
  }
  Slope slope{lanes.spread(by_x.data()), lanes.spread(constant.data())};
  if (window)
    apply_gradient_pooled(x, gradient, places, found, shape, *window, line, slope);
  else
    apply_gradient(x, gradient, found, shape.pixels(), lanes, line, slope, relu);
}

}  // namespace

// All in one function, so that a vector never leaves its registers.
#define FLAT __attribute__((flatten))

#define EXPORTED(T, name)                                                                          \
  extern "C" FLAT void train_##name(                                                               \
      const T* x, T* y, uint8_t* places, const Shape* shape, const Window* window,                 \
      const float* weight, const float* bias, float* running_mean, float* running_variance,        \
      double momentum, double eps, float* mean, float* inverse, int relu) {                        \
    train(x, y, places, *shape, window, weight, bias, running_mean, running_variance, momentum,    \
          eps, mean, inverse, relu != 0);                                                          \
  }                                                                                                \
  extern "C" FLAT void infer_##name(                                                               \
      const T* x, T* y, const Shape* shape, const Window* window, const float* weight,             \
      const float* bias, const float* mean, const float* variance, double eps, int relu) {         \
    infer(x, y, *shape, window, weight, bias, mean, variance, eps, relu != 0);                     \
  }                                                                                                \
  extern "C" FLAT void backward_##name(                                                            \
      const T* x, const T* gradient, const uint8_t* places, T* found, const Shape* shape,          \
      const Window* window, const float* weight, const float* bias, const float* mean,             \
      const float* inverse, float* by_weight, float* by_bias, int relu) {                          \
    backward(x, gradient, places, found, *shape, window, weight, bias, mean, inverse, by_weight,   \
             by_bias, relu != 0);                                                                  \
  }

// Counts up with every change of what the functions take: nas_tc/training/norm_pool.py asks for it.
extern "C" int norm_pool_interface() { return 1; }

EXPORTED(bf16, bf16)
EXPORTED(float, fp32)
