#include "plugins/bandwidth/settings.h"

#include <algorithm>
#include <array>
#include <limits>

#include "common/base/fields.h"

namespace catena::bandwidth {
namespace {

using base::Error;
using base::ErrorKind;
using base::Fields;
using base::Prefix;
using base::Result;
using base::Status;

constexpr std::array<std::string_view, 4> kRateKeys{"ingressRate", "ingressBurst", "egressRate",
                                                    "egressBurst"};

Result<std::uint64_t> bits_at(Fields& fields, std::string_view key) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::uint64_t>(TRY(fields.integer(key, 0, kMost)).value_or(0));
}

Status read_rates(Fields& fields, Settings& settings) {
  const bool has_some = std::ranges::any_of(
      kRateKeys, [&fields](std::string_view key) { return fields.raw(key) != nullptr; });
  if (!has_some) {
    return {};
  }
  shaping::Rates rates;
  rates.ingress.rate_bits = TRY(bits_at(fields, "ingressRate"));
  rates.ingress.burst_bits = TRY(bits_at(fields, "ingressBurst"));
  rates.egress.rate_bits = TRY(bits_at(fields, "egressRate"));
  rates.egress.burst_bits = TRY(bits_at(fields, "egressBurst"));
  TRY(check_rates(rates, ""));
  settings.rates = rates;
  return {};
}

Status read_subnets(Fields& fields, Settings& settings) {
  settings.subnets.shaped = TRY(fields.networks("shapedSubnets")).value_or(std::vector<Prefix>());
  settings.subnets.unshaped =
      TRY(fields.networks("unshapedSubnets")).value_or(std::vector<Prefix>());
  if (!settings.subnets.shaped.empty() && !settings.subnets.unshaped.empty()) {
    settings.subnets = {};
    return fields.bad_value("unshapedSubnets", "only one of shapedSubnets and unshapedSubnets");
  }
  return {};
}

Status read_egress_from(Fields& fields, Settings& settings) {
  if (TRY(fields.one_of("egressFrom", {"pod", "host"})) == "host") {
    settings.egress_from = shaping::EgressFrom::kHost;
  }
  return {};
}

Status read_state_dir(Fields& fields, Settings& settings) {
  settings.state_dir = TRY(fields.absolute_path("stateDir")).value_or(settings.state_dir);
  return {};
}

Error bad(const std::string& path, const std::string& key, const std::string& text) {
  return {ErrorKind::kBadConfig, (path.empty() ? key : path + "." + key) + ": " + text};
}

Status check_limit(const shaping::Limit& limit, const std::string& path,
                   const std::string& direction) {
  if (limit.rate_bits == 0 && limit.burst_bits != 0) {
    return bad(path, direction + "Rate", "if burst is set, rate must also be set")
        .advice("give a rate, or leave out " + direction + "Burst");
  }
  if (limit.rate_bits != 0 &&
      (limit.rate_bits < shaping::kLeastRate || limit.rate_bits > shaping::kMostRate)) {
    return bad(path, direction + "Rate",
               "expected " + std::to_string(shaping::kLeastRate) + " to " +
                   std::to_string(shaping::kMostRate) +
                   " bits per second, or 0 for no limit; got " + std::to_string(limit.rate_bits));
  }
  if (limit.burst_bits > shaping::kMostBurst) {
    return bad(path, direction + "Burst",
               "burst cannot be more than 4GB, " + std::to_string(shaping::kMostBurst) +
                   " bits; got " + std::to_string(limit.burst_bits));
  }
  return {};
}

}  // namespace

Status check_rates(const shaping::Rates& rates, const std::string& path) {
  TRY(check_limit(rates.ingress, path, "ingress"));
  return check_limit(rates.egress, path, "egress");
}

Result<Settings> Settings::from(const cni::NetworkConfig& config) {
  Settings settings;
  Fields fields = config.own_fields();
  TRY(read_rates(fields, settings));
  TRY(read_subnets(fields, settings));
  TRY(read_egress_from(fields, settings));
  TRY(read_state_dir(fields, settings));
  TRY(fields.no_unknown_keys());
  return settings;
}

Settings Settings::lenient_from(const cni::NetworkConfig& config) {
  Settings settings;
  Fields fields = config.own_fields();
  // It keeps its default where the value can't be read. Nothing else counts for what is removed.
  (void)read_state_dir(fields, settings).ok();
  return settings;
}

}  // namespace catena::bandwidth
