// DescribeNetworkInterfaces, DescribeNetworkInterfaceAttribute.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "sim/world/actions.h"
#include "sim/world/eni_rules.h"
#include "sim/world/format.h"
#include "sim/world/limits.h"
#include "sim/world/paging.h"
#include "sim/world/refusals.h"
#include "sim/world/visibility.h"

namespace catena::sim {
namespace {

using nlohmann::json;

constexpr std::size_t kListFilterMost = 100;
constexpr std::int64_t kNumberedPageMost = 1000;

template <typename T>
bool holds(const std::vector<T>& all, const T& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

struct Filter {
  std::vector<std::string> ids;
  std::vector<base::IpAddress> ipv4;
  std::vector<base::IpAddress> ipv6;
  std::optional<bool> service_managed;
};

Outcome<Filter> filter_of(const Params& params) {
  Filter filter;
  filter.ids = params.list("NetworkInterfaceId");
  filter.ipv4 = TRY(params.addresses("PrivateIpAddress", base::Family::kIpv4));
  filter.ipv6 = TRY(params.addresses("Ipv6Address", base::Family::kIpv6));
  filter.service_managed = TRY(params.boolean("ServiceManaged"));
  if (filter.ids.size() > kListFilterMost) {
    return bad_parameter("NetworkInterfaceId.N");
  }
  if (filter.ipv4.size() > kListFilterMost || filter.ipv6.size() > kListFilterMost) {
    return bad_parameter("PrivateIpAddress.N");
  }
  return filter;
}

template <typename T>
bool shares_one(const std::vector<T>& wanted, const std::vector<T>& has) {
  return wanted.empty() ||
         std::any_of(wanted.begin(), wanted.end(), [&](const T& one) { return holds(has, one); });
}

bool equals(const Params& params, std::string_view name, std::string_view value) {
  return !params.has(name) || params.text(name) == value;
}

// SecurityGroupId finds secondary ENIs only.
bool in_group(const Params& params, const Eni& eni) {
  const std::string group = params.text("SecurityGroupId");
  return group.empty() || (eni.type != EniType::kPrimary && holds(eni.groups, group));
}

bool matches(const Params& params, const Filter& filter, const Eni& eni) {
  return (filter.ids.empty() || holds(filter.ids, eni.id)) && equals(params, "VpcId", eni.vpc) &&
         equals(params, "VSwitchId", eni.vswitch) && equals(params, "InstanceId", eni.instance) &&
         equals(params, "Type", name_of(eni.type)) &&
         equals(params, "Status", name_of(eni.state)) &&
         equals(params, "NetworkInterfaceName", eni.name) &&
         equals(params, "ResourceGroupId", eni.resource_group) &&
         equals(params, "PrimaryIpAddress", eni.ipv4.front().to_string()) &&
         shares_one(filter.ipv4, eni.ipv4) && shares_one(filter.ipv6, eni.ipv6) &&
         in_group(params, eni) && has_tags(eni.tags, params) &&
         filter.service_managed.value_or(eni.service_managed) == eni.service_managed;
}

}  // namespace

Outcome<json> describe_network_interfaces(State& state, const Params& params) {
  TRY(check_region(state, params));
  const Filter filter = TRY(filter_of(params));
  std::map<std::uint64_t, EniPtr> rows;
  std::vector<std::uint64_t> serials;
  for (const EniPtr& eni : seen_enis(state)) {
    if (matches(params, filter, *eni)) {
      rows.emplace(eni->serial, eni);
      serials.push_back(eni->serial);
    }
  }
  const Page page = TRY(page_either(state, params, serials, kEcsTokens, kNumberedPageMost));
  std::vector<json> list;
  for (const std::uint64_t serial : page.serials) {
    list.push_back(eni_json(state, *rows.at(serial), EniShape::kListed));
  }
  return json{{"TotalCount", page.total},
              {"PageNumber", page.number},
              {"PageSize", page.size},
              {"NextToken", page.next_token},
              {"NetworkInterfaceSets", wrapped("NetworkInterfaceSet", std::move(list))}};
}

Outcome<json> describe_network_interface_attribute(State& state, const Params& params) {
  TRY(check_region(state, params));
  const std::string id = TRY(params.required("NetworkInterfaceId"));
  const EniPtr eni = seen_eni(state, id);
  if (eni == nullptr) {
    return eni_not_found(id);
  }
  return eni_json(state, *eni, EniShape::kAttribute);
}

}  // namespace catena::sim
