#include "common/firewall/flows.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <endian.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <optional>
#include <utility>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "common/firewall/conntrack.h"
#include "common/firewall/netfilter.h"
#include "common/firewall/policy_plan.h"

namespace catena::firewall {
namespace {

using base::Family;
using base::IpAddress;
using base::Result;
using base::Status;

constexpr std::array kFamilies{Family::kIpv4, Family::kIpv6};

// Behind connection tracking (-200) and the marks (-150), before any DNAT (-100): headers are as
// connection tracking knows them.
constexpr std::int32_t kPriority = -149;
// In the fourth word of TCP's header.
constexpr std::uint32_t kFlagsOffset = 12;
constexpr std::uint32_t kSynAndAck = 0x00120000;
constexpr std::uint32_t kSyn = 0x00020000;
constexpr std::uint32_t kSourcePort = 0;
constexpr std::uint32_t kDestinationPort = 2;
constexpr std::uint32_t kPortSize = 2;
// The kernel's own defaults: nf_conntrack_tcp_timeout_established, nf_conntrack_udp_timeout_stream.
constexpr std::chrono::hours kTcpIsRemembered{5 * 24};
constexpr std::chrono::minutes kOthersAreRemembered{3};
// Each is two elements; so many are one transaction.
constexpr std::size_t kFlowsAtOnce = 1'000;

Set cut_set(Family family) {
  const Field address = address_field(family);
  return {kTable,
          family == Family::kIpv4 ? "cut4" : "cut6",
          {address, kProtocolField, kPortField, address, kPortField},
          false,
          false,
          true};
}

Rule beginning() {
  const char tcp = IPPROTO_TCP;
  Expressions expressions;
  expressions.load_meta(NFT_META_L4PROTO)
      .compare(NFT_CMP_EQ, {&tcp, 1})
      .load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, kFlagsOffset, sizeof(kSyn))
      .change_bits(htobe32(kSynAndAck), 0)
      .compare(NFT_CMP_EQ, host_order(htobe32(kSyn)))
      .verdict(Verdict::accept());
  return {"a new connection", std::move(expressions)};
}

Rule of_cut_flow(Family family) {
  const Slot words = address_field(family).size / Slot{sizeof(std::uint32_t)};
  Expressions expressions;
  expressions.is_family(family)
      .load_address(family, End::kSource)
      .load_meta(NFT_META_L4PROTO, words)
      .load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, kSourcePort, kPortSize, words + 1)
      .load_address(family, End::kDestination, words + 2)
      .load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, kDestinationPort, kPortSize, 2 * words + 2)
      .in_set(cut_set(family).name)
      .verdict(Verdict::drop());
  return {"of a flow that was cut", std::move(expressions)};
}

Plan cutting() {
  Plan plan;
  std::vector<Rule> rules{established(), beginning()};
  for (const Family family : kFamilies) {
    plan.sets.push_back(cut_set(family));
    rules.push_back(of_cut_flow(family));
  }
  plan.chains = {{{kTable, "cut", "filter", NF_INET_PRE_ROUTING, kPriority}, rules},
                 {{kTable, "cut-own", "filter", NF_INET_LOCAL_OUT, kPriority}, rules}};
  return plan;
}

std::string filled_up(std::string bytes, const Field& field) {
  bytes.resize(field.size, '\0');
  return bytes;
}

std::string key_of(std::uint8_t protocol, const Flow::Way& way) {
  const auto port = [](std::uint16_t number) {
    const std::uint16_t wire = htobe16(number);
    return filled_up({reinterpret_cast<const char*>(&wire), sizeof wire}, kPortField);
  };
  return firewall::key_of(way.source) +
         filled_up(std::string(1, static_cast<char>(protocol)), kProtocolField) +
         port(way.source_port) + firewall::key_of(way.destination) + port(way.destination_port);
}

std::vector<Change> changes_for(const Flow& flow) {
  const std::chrono::milliseconds time = flow.protocol == IPPROTO_TCP
                                             ? std::chrono::milliseconds(kTcpIsRemembered)
                                             : std::chrono::milliseconds(kOthersAreRemembered);
  std::vector<Element> elements;
  for (const Flow::Way& way : {flow.sent, flow.answered}) {
    elements.push_back({key_of(flow.protocol, way), std::nullopt, std::nullopt});
  }
  return expire_elements_after(time, cut_set(flow.sent.source.family()), elements);
}

// Nothing of a message that is not whole.
std::optional<Flow::Way> way_in(nlattr* tuple) {
  const auto source = source_in(tuple);
  const auto destination = destination_in(tuple);
  if (!source.has_value() || !destination.has_value()) {
    return std::nullopt;
  }
  Flow::Way way{.source = *source, .destination = *destination};
  nlattr* const protocol = attribute_in(tuple, CTA_TUPLE_PROTO);
  const auto port = [protocol](int type) -> std::uint16_t {
    const nlattr* const found = attribute_in(protocol, type);
    return found == nullptr ? std::uint16_t{0} : be16toh(nla_get_u16(found));
  };
  way.source_port = port(CTA_PROTO_SRC_PORT);
  way.destination_port = port(CTA_PROTO_DST_PORT);
  return way;
}

std::optional<Flow> flow_in(nlmsghdr* message) {
  nlattr* const original = attribute_in(message, CTA_TUPLE_ORIG);
  const auto sent = way_in(original);
  const auto answered = way_in(attribute_in(message, CTA_TUPLE_REPLY));
  nlattr* const protocol = attribute_in(original, CTA_TUPLE_PROTO);
  const nlattr* const number = attribute_in(protocol, CTA_PROTO_NUM);
  if (!sent.has_value() || !answered.has_value() || number == nullptr) {
    return std::nullopt;
  }
  return Flow{.protocol = nla_get_u8(number),
              .has_ports = attribute_in(protocol, CTA_PROTO_DST_PORT) != nullptr,
              .sent = *sent,
              .answered = *answered,
              .name = name_of_flow(message)};
}

Status drop_what_comes(const std::vector<Flow>& flows) {
  const auto socket = TRY(open_socket());
  std::vector<Change> changes;
  std::size_t number = 0;
  const auto write = [&]() -> Status {
    Status written = ensure_with(socket.get(), cutting(), changes);
    changes.clear();
    return written;
  };
  for (const Flow& flow : flows) {
    if (!flow.has_ports) {
      continue;
    }
    std::ranges::move(changes_for(flow), std::back_inserter(changes));
    if (++number % kFlowsAtOnce == 0) {
      TRY(write());
    }
  }
  return changes.empty() ? Status() : write();
}

}  // namespace

Result<std::vector<Flow>> flows_of(const std::vector<IpAddress>& pods) {
  const ConntrackSocket socket = TRY(open_conntrack());
  std::vector<Flow> flows;
  const auto is_pod = [&pods](const IpAddress& address) {
    return std::ranges::binary_search(pods, address);
  };
  for (const Family family : kFamilies) {
    TRY(read_flows(socket.get(), family, [&](nlmsghdr* message) {
      std::optional<Flow> flow = flow_in(message);
      if (flow.has_value() && (is_pod(flow->sent.source) || is_pod(flow->answered.source))) {
        flows.push_back(*std::move(flow));
      }
    }));
  }
  return flows;
}

Status cut_flows(const std::vector<Flow>& flows) {
  if (flows.empty()) {
    return {};
  }
  TRY(drop_what_comes(flows).context("cut flows that policies forbid"));
  const ConntrackSocket socket = TRY(open_conntrack());
  for (const Family family : kFamilies) {
    std::vector<std::string> names;
    for (const Flow& flow : flows) {
      if (flow.sent.source.family() == family) {
        names.push_back(flow.name);
      }
    }
    TRY(delete_flows(socket.get(), family, names));
  }
  return {};
}

}  // namespace catena::firewall
