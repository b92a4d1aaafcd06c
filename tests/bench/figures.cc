#include "tests/bench/figures.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdio>
#include <functional>
#include <random>

#include <nlohmann/json.hpp>

namespace catena::bench {

double quantile(Samples samples, double share) {
  assert(!samples.empty());
  std::ranges::sort(samples);
  const double place = share * static_cast<double>(samples.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(place));
  const std::size_t above = std::min(below + 1, samples.size() - 1);
  return std::lerp(samples[below], samples[above], place - std::floor(place));
}

namespace {

// The value that 99 % of the draws are above. `statistic` gets as many indices as there are
// samples, drawn with replacement; the draws are the same in every run.
double lower_bound_of(std::size_t samples,
                      const std::function<double(const std::vector<std::size_t>&)>& statistic) {
  constexpr int kDraws = 1000;
  std::mt19937 random(1);  // NOLINT(cert-msc32-c,cert-msc51-cpp): repeatable on purpose
  std::uniform_int_distribution<std::size_t> any(0, samples - 1);
  std::vector<std::size_t> drawn(samples);
  Samples values;
  values.reserve(kDraws);
  for (int draw = 0; draw < kDraws; ++draw) {
    std::ranges::generate(drawn, [&] { return any(random); });
    values.push_back(statistic(drawn));
  }
  return quantile(std::move(values), 0.01);
}

double median_of(const Samples& samples, const std::vector<std::size_t>& drawn) {
  Samples picked;
  picked.reserve(drawn.size());
  for (const std::size_t index : drawn) {
    picked.push_back(samples[index]);
  }
  return median(picked);
}

}  // namespace

Figure ratio_of(const std::string& name, const Samples& ours, const Samples& theirs,
                double target) {
  assert(ours.size() == theirs.size());
  Samples ratios;
  ratios.reserve(ours.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    ratios.push_back(ours[i] / theirs[i]);
  }
  return {.name = name,
          .value = median(ours) / median(theirs),
          .low = quantile(ratios, 0.1),
          .high = quantile(ratios, 0.9),
          .unit = "x",
          .target = target,
          .note = {},
          .at_least = lower_bound_of(ours.size(), [&](const std::vector<std::size_t>& drawn) {
            return median_of(ours, drawn) / median_of(theirs, drawn);
          })};
}

Figure time_of(const std::string& name, const Samples& milliseconds, double target) {
  return {
      .name = name,
      .value = median(milliseconds),
      .low = quantile(milliseconds, 0.1),
      .high = quantile(milliseconds, 0.9),
      .unit = "ms",
      .target = target,
      .note = {},
      .at_least = lower_bound_of(milliseconds.size(), [&](const std::vector<std::size_t>& drawn) {
        return median_of(milliseconds, drawn);
      })};
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value < 10 ? "%.2f" : "%.1f", value);
  return text;
}

std::string as_line(const Figure& figure) {
  const std::string value = number(figure.value) + " " + figure.unit;
  const std::string spread = number(figure.low) + " .. " + number(figure.high);
  const std::string target = "<= " + number(figure.target) + " " + figure.unit;
  char text[512];
  std::snprintf(text, sizeof text, "%-14s %-10s %-16s %-12s %-6s %s", figure.name.c_str(),
                value.c_str(), spread.c_str(), target.c_str(), figure.ok() ? "ok" : "short",
                figure.note.c_str());
  return text;
}

std::string as_json(const std::vector<Figure>& figures) {
  nlohmann::json list = nlohmann::json::array();
  for (const Figure& figure : figures) {
    list.push_back({{"name", figure.name},
                    {"value", figure.value},
                    {"p10", figure.low},
                    {"p90", figure.high},
                    {"unit", figure.unit},
                    {"target", figure.target},
                    {"ok", figure.ok()},
                    {"note", figure.note}});
  }
  return list.dump(2);
}

}  // namespace catena::bench
