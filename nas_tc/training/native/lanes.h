// Which values of the maps are worked on together.
//
// Maps are (images, height, width, channels) with the channels side by side.

#pragma once

#include <algorithm>
#include <vector>

#include "vectors.h"

// Calls `work` for all of `lanes`, many at once: <values of a vector, vectors>(first lane).
template <class Work>
inline void across(long lanes, Work work) {
  long lane = 0;
  for (; lane + 4 * WIDE <= lanes; lane += 4 * WIDE) work.template operator()<WIDE, 4>(lane);
  for (; lane + 2 * WIDE <= lanes; lane += 2 * WIDE) work.template operator()<WIDE, 2>(lane);
  for (; lane + WIDE <= lanes; lane += WIDE) work.template operator()<WIDE, 1>(lane);
  for (; lane + WIDE / 2 <= lanes; lane += WIDE / 2) work.template operator()<WIDE / 2, 1>(lane);
  for (; lane < lanes; ++lane) work.template operator()<1, 1>(lane);
}

struct Shape {
  long images, height, width, channels;

  long pixels() const { return images * height * width; }
};

// The channels of several pixels in a row fill whole vectors where those of one would not, so a
// row of `pixels` of them is treated as one with so many more channels, its lanes.
struct Lanes {
  long channels, pixels, count;

  explicit Lanes(long channels) : channels(channels), pixels(1) {
    while (channels * pixels % WIDE || channels * pixels < 4 * WIDE) pixels *= 2;
    count = channels * pixels;
  }

  std::vector<float> spread(const float* values) const {
    std::vector<float> found(count);
    for (long lane = 0; lane < count; ++lane) found[lane] = values[lane % channels];
    return found;
  }

  std::vector<double> fold(const std::vector<double>& totals) const {
    std::vector<double> found(channels);
    for (long lane = 0; lane < count; ++lane) found[lane % channels] += totals[lane];
    return found;
  }

  // Calls work(first pixel, rows, lanes) for the rows of whole lanes, then for the pixels left.
  template <class Work>
  inline void rows(long first, long end, Work work) const {
    long whole = (end - first) / pixels, rest = (end - first) % pixels;
    for (int part = 0; part < 2; ++part)  // a loop, so that the work is compiled once
      if (part ? rest : whole)
        work(part ? first + whole * pixels : first, part ? rest : whole, part ? channels : count);
  }

  // The same for `total` pixels, a block of some 16 KiB after another.
  template <class Work>
  inline void blocks(long total, Work work) const {
    long lines = 8192 / count, block = (lines < 32 ? 32 : lines) * pixels;
    for (long start = 0; start < total; start += block)
      rows(start, std::min(total, start + block), work);
  }
};
