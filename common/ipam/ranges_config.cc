#include <algorithm>

#include <nlohmann/json.hpp>

#include "common/ipam/range.h"

namespace catena::ipam {
namespace {

// The smallest subnets with two addresses to hand out.
constexpr int kLongestV4 = 30;
constexpr int kLongestV6 = 126;

// Limits what a configuration can make an allocation walk through.
constexpr std::size_t kRangesAtMost = 64;
constexpr std::size_t kExcludesAtMost = 256;

base::Error bad(const std::string& path, const std::string& why) {
  return {base::ErrorKind::kBadConfig, path + ": " + why};
}

base::Status check_subnet(const base::Prefix& subnet, const std::string& path) {
  const int longest = subnet.is_v4() ? kLongestV4 : kLongestV6;
  if (subnet.length() > longest) {
    return bad(path, subnet.to_string() + " is too small, expected /" + std::to_string(longest) +
                         " or larger");
  }
  return {};
}

// Sorted, without those that lie within another.
std::vector<base::Prefix> tidy(std::vector<base::Prefix> prefixes) {
  std::ranges::sort(prefixes);
  std::vector<base::Prefix> kept;
  for (const base::Prefix& prefix : prefixes) {
    if (kept.empty() || !kept.back().contains(prefix.address())) {
      kept.push_back(prefix);
    }
  }
  return kept;
}

base::Result<std::vector<base::Prefix>> excludes_from(base::Fields& fields,
                                                      const base::Prefix& subnet) {
  const auto texts = TRY(fields.strings("exclude"));
  std::vector<base::Prefix> prefixes;
  if (texts.has_value() && texts->size() > kExcludesAtMost) {
    return bad(fields.path_of("exclude"),
               "more than " + std::to_string(kExcludesAtMost) + " entries");
  }
  for (const std::string& text : texts.value_or(std::vector<std::string>())) {
    const base::Result<base::Prefix> prefix = base::Prefix::parse_or_host(text);
    if (!prefix.ok() || prefix->has_host_bits() || !subnet.contains(prefix->address())) {
      return bad(fields.path_of("exclude"), "expected addresses or networks within " +
                                                subnet.to_string() + ", got \"" + text + "\"");
    }
    prefixes.push_back(*prefix);
  }
  return tidy(std::move(prefixes));
}

base::Result<Range> range_from(base::Fields& fields) {
  const auto subnet = TRY(fields.network("subnet"));
  if (!subnet.has_value()) {
    return bad(fields.path_of("subnet"), "missing, expected a network like \"172.30.1.0/24\"");
  }
  TRY(check_subnet(*subnet, fields.path_of("subnet")));
  Range range = Range::whole(*subnet);
  const base::IpAddress lowest = range.first;
  const base::IpAddress highest = range.last;
  range.first = TRY(fields.address("rangeStart")).value_or(lowest);
  range.last = TRY(fields.address("rangeEnd")).value_or(highest);
  range.gateway = TRY(fields.address("gateway"));
  range.exclude = TRY(excludes_from(fields, *subnet));
  TRY(fields.no_unknown_keys());
  const std::string within = "an address from " + lowest.to_string() + " to " + highest.to_string();
  if (range.first < lowest || range.first > highest) {
    return fields.bad_value("rangeStart", within);
  }
  if (range.last < lowest || range.last > highest) {
    return fields.bad_value("rangeEnd", within);
  }
  if (range.last < range.first) {
    return fields.bad_value("rangeEnd", "an address not before rangeStart");
  }
  if (range.gateway.has_value() && !subnet->contains(*range.gateway)) {
    return fields.bad_value("gateway", "an address within " + subnet->to_string());
  }
  if (range.size() == 0) {
    return bad(fields.path_of("exclude"), "leaves no address of " + range.key());
  }
  return range;
}

struct Named {
  std::string path;
  Range range;
};

base::Status check_overlaps(const std::vector<Named>& all) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const Range& a = all[i].range;
      const Range& b = all[j].range;
      if (a.first <= b.last && b.first <= a.last) {
        return bad(all[i].path, a.key() + " overlaps with " + b.key() + " (" + all[j].path + ")");
      }
    }
  }
  return {};
}

base::Result<std::vector<RangeSet>> from_pod_cidrs(base::Fields& fields) {
  const auto networks = TRY(fields.networks("podCIDRs"));
  std::vector<RangeSet> sets;
  std::vector<Named> all;
  for (const base::Prefix& subnet : networks.value_or(std::vector<base::Prefix>())) {
    const std::string path = fields.path_of("podCIDRs") + "[" + std::to_string(all.size()) + "]";
    TRY(check_subnet(subnet, path));
    const Range range = Range::whole(subnet);
    all.push_back({path, range});
    const auto same_family = std::ranges::find_if(
        sets, [&](const RangeSet& set) { return set.front().subnet.family() == subnet.family(); });
    if (same_family != sets.end()) {
      same_family->push_back(range);
    } else {
      sets.push_back({range});
    }
    if (all.size() > kRangesAtMost) {
      return bad(path, "more than " + std::to_string(kRangesAtMost) + " ranges");
    }
  }
  if (sets.empty()) {
    return fields.bad_value("podCIDRs", "at least one network");
  }
  TRY(check_overlaps(all));
  return sets;
}

base::Result<std::vector<RangeSet>> from_ranges(base::Fields& fields) {
  const nlohmann::json& json = *fields.raw("ranges");
  const std::string path = fields.path_of("ranges");
  if (!json.is_array() || json.empty()) {
    return fields.bad_value("ranges",
                            "a list of lists of ranges, such as "
                            "[[{\"subnet\": \"172.30.1.0/24\"}]]");
  }
  std::vector<RangeSet> sets;
  std::vector<Named> all;
  for (const nlohmann::json& set_json : json) {
    const std::string set_path = path + "[" + std::to_string(sets.size()) + "]";
    if (!set_json.is_array() || set_json.empty()) {
      return bad(set_path, "expected a list of at least one range");
    }
    RangeSet set;
    for (const nlohmann::json& range_json : set_json) {
      const std::string range_path = set_path + "[" + std::to_string(set.size()) + "]";
      base::Fields range_fields = TRY(base::Fields::of(range_json, range_path));
      const Range range = TRY(range_from(range_fields));
      if (!set.empty() && set.front().subnet.family() != range.subnet.family()) {
        return bad(range_path, "IPv4 and IPv6 in one set; a pod gets one address of each set");
      }
      set.push_back(range);
      all.push_back({range_path, range});
      if (all.size() > kRangesAtMost) {
        return bad(range_path, "more than " + std::to_string(kRangesAtMost) + " ranges");
      }
    }
    sets.push_back(std::move(set));
  }
  TRY(check_overlaps(all));
  return sets;
}

bool is_there(base::Fields& fields, std::string_view key) {
  const nlohmann::json* value = fields.raw(key);
  return value != nullptr && !value->is_null();
}

}  // namespace

base::Result<std::vector<RangeSet>> ranges_from(base::Fields& fields) {
  const bool has_cidrs = is_there(fields, "podCIDRs");
  const bool has_ranges = is_there(fields, "ranges");
  if (has_cidrs && has_ranges) {
    return bad(fields.path_of("ranges"), "podCIDRs is there too, expected one of the two");
  }
  if (!has_cidrs && !has_ranges) {
    return base::Error(base::ErrorKind::kBadConfig,
                       fields.path_of("podCIDRs") + ": missing, and so is ranges")
        .advice(R"(name the node's pod networks, such as "podCIDRs": ["172.30.1.0/24"])");
  }
  return has_cidrs ? from_pod_cidrs(fields) : from_ranges(fields);
}

}  // namespace catena::ipam
