#include "agent/repair.h"

#include <algorithm>
#include <iterator>
#include <map>

#include <nlohmann/json.hpp>

#include "agent/gc_kernel.h"
#include "agent/repair_links.h"
#include "common/attachment/settings.h"
#include "common/base/file.h"
#include "common/podlink/names.h"
#include "common/podlink/node.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using base::Fields;
using base::Result;
using enilink::Shape;
using enilink::WantedShape;
using Json = nlohmann::json;

constexpr std::size_t kMostConflist = std::size_t{1} << 20U;  // bytes
constexpr const char* kPlugin = "catena-multiip";

Result<RoutingKeys> read_keys(Fields& fields) {
  RoutingKeys keys;
  const auto shape = TRY(fields.one_of("routing", {"auto", "marks", "rules"}));
  if (shape == "marks") {
    keys.shape = WantedShape::kMarks;
  } else if (shape == "rules") {
    keys.shape = WantedShape::kRules;
  }
  TRY(attachment::read_marks(fields, keys.marks));
  keys.host_stack = TRY(fields.networks("hostStackCIDRs")).value_or(std::vector<base::Prefix>());
  keys.node_interface = TRY(fields.string("nodeInterface")).value_or("");
  constexpr std::int64_t kMostMtu = 65'535;
  keys.mtu = static_cast<std::uint32_t>(TRY(fields.integer("mtu", 0, kMostMtu)).value_or(0));
  const auto names = TRY(fields.strings("ipFamilies"));
  const auto has = [&names](const char* name) {
    return std::ranges::find(*names, name) != names->end();
  };
  if (names.has_value()) {
    keys.families.clear();
    if (has("ipv4")) {
      keys.families.push_back(base::Family::kIpv4);
    }
    if (has("ipv6")) {
      keys.families.push_back(base::Family::kIpv6);
    }
  }
  return keys;
}

enilink::HostEni host_eni(const ipam::Eni& eni, const RoutingKeys& keys) {
  return {.slot = eni.slot,
          .mac = eni.mac,
          .gateway = eni.gateway,
          .gateway6 = eni.gateway6,
          .mtu = keys.mtu};
}

// Index of the link of the default route; 0 where there is none.
Result<int> primary_index(netlink::Socket& node) {
  const auto route = TRY(podlink::find_default_route(node, base::Family::kIpv4));
  return route.has_value() ? route->if_index : 0;
}

class StateMaker {
 public:
  StateMaker(netlink::Socket& node, const podlink::Node& nic) : node_(node), nic_(nic) {}

  base::Status add_enis(const std::vector<ipam::Eni>& enis, const RoutingKeys& keys) {
    const int primary = TRY(primary_index(node_));
    const std::vector<netlink::Link> links = TRY(node_.list_links());
    for (const ipam::Eni& eni : enis) {
      if (!ipam::serves_pods(eni)) {
        continue;
      }
      const auto link = std::ranges::find(links, eni.mac, &netlink::Link::mac);
      slots_.emplace(eni.id, Place{eni.slot, link != links.end() && link->index == primary});
      state.enis.push_back(host_eni(eni, keys));
    }
    return {};
  }

  void add_pods(const std::vector<ipam::Record>& records) {
    for (const ipam::Record& record : records) {
      const auto place = slots_.find(record.pool);
      if (record.state != ipam::State::kBound || place == slots_.end()) {
        continue;
      }
      state.pods.push_back(
          {.address = record.address,
           .slot = place->second.slot,
           .by_main = place->second.primary,
           .if_name = podlink::host_link_name({record.owner.container_id, record.owner.if_name}),
           .source = nic_.address(record.address.family())});
    }
  }

  enilink::State state;

 private:
  struct Place {
    int slot = 0;
    bool primary = false;
  };
  netlink::Socket& node_;
  const podlink::Node& nic_;
  std::map<std::string, Place> slots_;  // by the ENI's id
};

}  // namespace

Result<std::optional<RoutingKeys>> read_routing_keys(const std::string& conflist) {
  const std::string text = TRY(base::read_file(conflist, kMostConflist));
  const Json json = TRY(base::parse_json(text, kMostConflist).context(conflist));
  Fields fields = TRY(Fields::of(json, "").context(conflist));
  std::vector<Fields> plugins = TRY(fields.objects("plugins")).value_or(std::vector<Fields>());
  for (Fields& plugin : plugins) {
    if (TRY(plugin.string("type")) == kPlugin) {
      return std::optional<RoutingKeys>(TRY(read_keys(plugin).context(conflist)));
    }
  }
  return std::optional<RoutingKeys>();
}

Result<Shape> shape_in_force(const RoutingKeys& keys) {
  if (keys.shape != WantedShape::kAuto) {
    return keys.shape == WantedShape::kMarks ? Shape::kMarks : Shape::kRules;
  }
  std::optional<firewall::Table> table = TRY(open_firewall());
  if (!table.has_value()) {
    return Shape::kRules;
  }
  return TRY(table->has_marks(keys.marks)) || table->can_mark().ok() ? Shape::kMarks
                                                                     : Shape::kRules;
}

enilink::State nothing_wanted() {
  enilink::State state;
  state.routing.shape = Shape::kRules;  // asks nothing of the firewall
  state.routing.families.clear();       // nor of the rules
  return state;
}

Result<enilink::State> wanted_state(ipam::Store& store, const RoutingKeys& keys) {
  const std::vector<ipam::Eni> enis = TRY(store.cloud()).enis;
  if (std::ranges::none_of(enis, ipam::serves_pods)) {
    return nothing_wanted();
  }
  netlink::Socket node = TRY(netlink::Socket::open());
  const podlink::Node nic = TRY(podlink::find_node(node, keys.node_interface, keys.families));
  StateMaker maker(node, nic);
  const Shape shape = TRY(shape_in_force(keys));
  maker.state.routing = {.shape = shape,
                         .marks = keys.marks,
                         .host_stack = keys.host_stack,
                         .families = keys.families};
  TRY(maker.add_enis(enis, keys));
  maker.add_pods(TRY(store.list()));
  return std::move(maker.state);
}

Result<Json> answer_repair(LocalDuty& duty, Fields& args) {
  const std::string conflist = TRY(args.absolute_path("conflist")).value_or("");
  TRY(args.no_unknown_keys());
  if (conflist.empty()) {
    return Error(ErrorKind::kBadConfig, "repair: 'conflist' is needed");
  }
  const std::optional<RoutingKeys> keys = TRY(read_routing_keys(conflist));
  const LinkKeys links = TRY(read_link_keys(conflist));
  ipam::Store store(duty.state_dir, {});
  netlink::Socket node = TRY(netlink::Socket::open());
  std::optional<firewall::Table> table = TRY(open_firewall());
  const enilink::Kernel kernel{&node, table.has_value() ? &*table : nullptr};
  const enilink::State state = keys ? TRY(wanted_state(store, *keys)) : nothing_wanted();
  enilink::Repair done =
      state.enis.empty() ? enilink::Repair{} : TRY(enilink::repair_all(kernel, state));
  enilink::Repair more = TRY(repair_links(kernel, store, links, state.routing.shape));
  std::ranges::move(more.lost, std::back_inserter(done.lost));
  std::ranges::move(more.failed, std::back_inserter(done.failed));
  for (const Error& failure : done.failed) {
    duty.notices.push_back("not mended: " + failure.text());
  }
  return Json{{"lost", done.lost}};
}

}  // namespace catena::agent
