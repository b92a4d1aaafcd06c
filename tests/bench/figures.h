// Figures of a benchmark: samples in, one judged line out.
#pragma once

#include <string>
#include <vector>

namespace catena::bench {

using Samples = std::vector<double>;

// The value below which `share` (0..1) of the samples lie, interpolated; the samples need no order.
double quantile(Samples samples, double share);
inline double median(const Samples& samples) { return quantile(samples, 0.5); }

// One line of the report: what was measured, where 80 % of the samples lie, what it may be at most.
struct Figure {
  std::string name;  // of the benchmark
  double value = 0;
  double low = 0;   // 10 % of the samples are below
  double high = 0;  // 10 % are above
  std::string unit;
  double target = 0;  // at most
  std::string note;   // what was compared, in plain words
  // What the value would be at least, had other samples been drawn: 99 % of bootstrap resamples
  // (Efron) are above it.
  double at_least = 0;
  bool ok() const { return value <= target; }
  // More than the luck of the draw lies between the value and the target.
  bool surely_short() const { return at_least > target; }
};

// A ratio of medians; its spread is that of the pairs (ours[i], theirs[i]), and pairs are
// resampled.
Figure ratio_of(const std::string& name, const Samples& ours, const Samples& theirs, double target);
// A median in milliseconds.
Figure time_of(const std::string& name, const Samples& milliseconds, double target);

// "1.23" with as many decimals as make sense for its size.
std::string number(double value);
std::string as_line(const Figure& figure);
std::string as_json(const std::vector<Figure>& figures);

}  // namespace catena::bench
