#include "common/podwish/annotations.h"

#include <algorithm>
#include <array>

#include "common/podwish/quantity.h"

namespace catena::podwish {
namespace {

using base::Error;
using base::Result;

constexpr std::uint64_t kLeastRate = 1'000;
constexpr std::uint64_t kMostRate = 1'000'000'000'000'000;

constexpr std::array kWishes{kEni, kIngressBandwidth, kEgressBandwidth, kIngressBytes,
                             kEgressBytes};

// The two annotations of one direction.
struct Names {
  std::string_view bits;
  std::string_view bytes;
};

const std::string* find(const Annotations& annotations, std::string_view name) {
  const auto found = std::ranges::find(annotations, name, &Annotations::value_type::first);
  return found == annotations.end() ? nullptr : &found->second;
}

Error bad_value(std::string_view name, const std::string& value, std::string_view expected) {
  constexpr std::size_t kShown = 64;
  return {base::ErrorKind::kBadConfig, "annotation " + std::string(name) + ": '" +
                                           value.substr(0, kShown) + "', expected " +
                                           std::string(expected)};
}

bool is_sane(const std::optional<std::uint64_t>& rate) {
  return rate.has_value() && *rate >= kLeastRate && *rate <= kMostRate;
}

Result<std::optional<std::uint64_t>> rate_of(const Annotations& annotations, const Names& names) {
  if (const std::string* value = find(annotations, names.bits); value != nullptr) {
    const std::optional<std::uint64_t> rate = parse_quantity(*value);
    return is_sane(rate) ? Result(rate)
                         : bad_value(names.bits, *value,
                                     "bits per second from 1k to 1P, such as 10M or 512Ki");
  }
  if (const std::string* value = find(annotations, names.bytes); value != nullptr) {
    const std::optional<std::uint64_t> rate = parse_bytes_as_bits(*value);
    return is_sane(rate) ? Result(rate)
                         : bad_value(names.bytes, *value,
                                     "bytes per second from 125 to 113T, such as 10M (units of "
                                     "1024)");
  }
  return std::optional<std::uint64_t>();
}

}  // namespace

bool is_wish(std::string_view annotation) {
  return std::ranges::find(kWishes, annotation) != kWishes.end();
}

bool asks_for_eni(const Annotations& annotations) {
  const std::string* value = find(annotations, kEni);
  return value != nullptr && !value->empty() && *value != "false" && *value != "0";
}

Result<Bandwidth> bandwidth_of(const Annotations& annotations) {
  Bandwidth bandwidth;
  bandwidth.ingress = TRY(rate_of(annotations, {kIngressBandwidth, kIngressBytes}));
  bandwidth.egress = TRY(rate_of(annotations, {kEgressBandwidth, kEgressBytes}));
  return bandwidth;
}

}  // namespace catena::podwish
