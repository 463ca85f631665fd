// Vectors of floats, as wide as the processor has them, and how bfloat16 becomes one.

#pragma once

#include <cstdint>
#include <cstring>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
constexpr int WIDE = 16;  // floats of a register
#elif defined(__AVX2__)
constexpr int WIDE = 8;
#else
constexpr int WIDE = 4;
#endif

struct bf16 {
  uint16_t bits;
};

template <int N>
struct Of {
  typedef float Float __attribute__((vector_size(4 * N)));
  typedef int32_t Int __attribute__((vector_size(4 * N)));
  typedef uint32_t Word __attribute__((vector_size(4 * N)));
  typedef uint16_t Half __attribute__((vector_size(2 * N)));
  typedef uint8_t Byte __attribute__((vector_size(N)));
};

template <int N>
using Float = typename Of<N>::Float;
template <int N>
using Int = typename Of<N>::Int;
template <int N>
using Half = typename Of<N>::Half;

// Compilers make two halves of the widest vectors here, so these are named.
template <int N>
inline typename Of<N>::Word widened(Half<N> half) {
#if defined(__AVX512F__)
  if constexpr (N == 16) return (typename Of<N>::Word)_mm512_cvtepu16_epi32((__m256i)half);
#endif
  return __builtin_convertvector(half, typename Of<N>::Word);
}

template <int N>
inline Half<N> narrowed(typename Of<N>::Word word) {
#if defined(__AVX512F__)
  if constexpr (N == 16) return (Half<N>)_mm512_cvtepi32_epi16((__m512i)word);
#endif
  return __builtin_convertvector(word, Half<N>);
}

template <int N>
inline Float<N> load(const float* from) {
  Float<N> found;
  std::memcpy(&found, from, sizeof found);
  return found;
}

template <int N>
inline Float<N> load(const bf16* from) {
  Half<N> half;
  std::memcpy(&half, from, sizeof half);
  return (Float<N>)(widened<N>(half) << 16);
}

template <int N>
inline void store(float* to, Float<N> value) {
  std::memcpy(to, &value, sizeof value);
}

template <int N>
inline void store(bf16* to, Float<N> value) {  // to the nearest, ties to even
  auto word = (typename Of<N>::Word)value;
  auto rounded = (word + 0x7fff + ((word >> 16) & 1)) >> 16;
  auto kept = value == value ? rounded : (rounded - rounded) + 0x7fc0;  // what is no number stays so
  auto half = narrowed<N>(kept);
  std::memcpy(to, &half, sizeof half);
}

template <int N>
inline Int<N> load_bytes(const uint8_t* from) {
  typename Of<N>::Byte bytes;
  std::memcpy(&bytes, from, sizeof bytes);
  // In two steps, because compilers take one of a fourfold width value by value.
  return (Int<N>)widened<N>(__builtin_convertvector(bytes, Half<N>));
}

template <int N>
inline void store_bytes(uint8_t* to, Int<N> values) {
  auto half = narrowed<N>((typename Of<N>::Word)values);
  auto bytes = __builtin_convertvector(half, typename Of<N>::Byte);
  std::memcpy(to, &bytes, sizeof bytes);
}
