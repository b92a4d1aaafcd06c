#include "sim/dataplane/vpc_filter.h"

#include <utility>
#include <vector>

#include "common/firewall/netfilter.h"
#include "common/firewall/objects.h"
#include "common/firewall/read.h"

namespace catena::sim {
namespace {

namespace fw = firewall;
using base::Family;

constexpr const char* kTable = "vpc";
constexpr const char* kEntrance = "entrance";
constexpr const char* kForward = "forward";
constexpr const char* kForeignMac = "foreign-mac";
constexpr const char* kForeignSource = "foreign-source";
constexpr const char* kUnroutable = "unroutable";

constexpr std::int32_t kRawPriority = -300;  // NF_IP_PRI_RAW
constexpr std::int32_t kFilterPriority = 0;  // NF_IP_PRI_FILTER
constexpr std::uint32_t kSenderOffset = 6;   // of an Ethernet header
constexpr std::uint32_t kMacSize = 6;

fw::Set senders() { return {kTable, "senders", {fw::kInterfaceField, fw::kMacField}}; }
fw::Set forwarders() { return {kTable, "forwarders", {fw::kInterfaceField}}; }

// Multicast memberships, which nobody asks for.
fw::Rule nowhere_is_silent(const std::string& void_name) {
  fw::Expressions expressions;
  expressions.load_meta(NFT_META_IIFNAME)
      .compare(NFT_CMP_EQ, void_name)
      .verdict(fw::Verdict::drop());
  return {"no ENI", std::move(expressions)};
}

fw::Rule own_mac_only() {
  fw::Expressions expressions;
  expressions.load_meta(NFT_META_IIFNAME)
      .load_payload(NFT_PAYLOAD_LL_HEADER, kSenderOffset, kMacSize, fw::kAfterName)
      .not_in_set(senders().name)
      .count(kForeignMac)
      .verdict(fw::Verdict::drop());
  return {"sent with another MAC than the ENI's", std::move(expressions)};
}

fw::Rule forwarders_pass() {
  fw::Expressions expressions;
  expressions.load_meta(NFT_META_IIFNAME).in_set(forwarders().name).verdict(fw::Verdict::accept());
  return {"ENI without source check", std::move(expressions)};
}

// Link-local sources and the unspecified one are for the link's own protocols (neighbour discovery,
// MLD); the kernel forwards neither.
fw::Rule link_local_passes() {
  fw::Expressions expressions;
  expressions.is_family(Family::kIpv6)
      .load_payload(NFT_PAYLOAD_NETWORK_HEADER, 8, 2)  // first bytes of the source (RFC 8200, 3)
      .compare(NFT_CMP_EQ, std::string_view("\xfe\x80", 2))
      .verdict(fw::Verdict::accept());
  return {"link-local", std::move(expressions)};
}

fw::Rule unspecified_passes() {
  fw::Expressions expressions;
  expressions.is_family(Family::kIpv6)
      .load_address(Family::kIpv6, fw::End::kSource)
      .compare(NFT_CMP_EQ, std::string(16, '\0'))
      .verdict(fw::Verdict::accept());
  return {"no address yet", std::move(expressions)};
}

fw::Rule own_source_only() {
  fw::Expressions expressions;
  expressions.load_reverse_path()
      .compare(NFT_CMP_EQ, std::string(4, '\0'))
      .count(kForeignSource)
      .verdict(fw::Verdict::drop());
  return {"the way back to the source is not this ENI", std::move(expressions)};
}

fw::Rule nowhere_to_go(const std::string& void_name) {
  fw::Expressions expressions;
  expressions.load_meta(NFT_META_OIFNAME)
      .compare(NFT_CMP_EQ, fw::key_of_interface(void_name))
      .count(kUnroutable)
      .verdict(fw::Verdict::drop());
  return {"nobody has the destination", std::move(expressions)};
}

fw::Element sender(const FilteredPort& port) {
  return {fw::key_of_interface(port.name) + fw::key_of(port.mac), std::nullopt, std::nullopt};
}

fw::Element forwarder(const FilteredPort& port) {
  return {fw::key_of_interface(port.name), std::nullopt, std::nullopt};
}

}  // namespace

base::Result<VpcFilter> VpcFilter::create(const netlink::NetNs& vpc, const std::string& void_name) {
  const netlink::ScopedNetNs inside = TRY(netlink::ScopedNetNs::enter(vpc));
  Socket socket = TRY(fw::open_socket());
  fw::Batch batch;
  batch.add(fw::ensure_table(kTable));
  for (const char* counter : {kForeignMac, kForeignSource, kUnroutable}) {
    batch.add(fw::ensure_counter(kTable, counter));
  }
  batch.add(fw::ensure_set(senders()));
  batch.add(fw::ensure_set(forwarders()));
  batch.add(fw::ensure_chain({kTable, kEntrance, "filter", NF_INET_PRE_ROUTING, kRawPriority}));
  const std::vector<fw::Rule> rules{
      nowhere_is_silent(void_name), own_mac_only(),       forwarders_pass(),
      link_local_passes(),          unspecified_passes(), own_source_only()};
  for (const fw::Rule& rule : rules) {
    batch.add(fw::append_rule(kTable, kEntrance, rule));
  }
  batch.add(fw::ensure_chain({kTable, kForward, "filter", NF_INET_FORWARD, kFilterPriority}));
  batch.add(fw::append_rule(kTable, kForward, nowhere_to_go(void_name)));
  TRY(batch.commit(socket.get()).context("set up the VPC's source check"));
  return VpcFilter(std::move(socket));
}

base::Status VpcFilter::add_port(const FilteredPort& port) {
  fw::Batch batch;
  batch.add(fw::add_elements(senders(), {sender(port)}));
  if (!port.source_check) {
    batch.add(fw::add_elements(forwarders(), {forwarder(port)}));
  }
  return batch.commit(socket_.get());
}

base::Status VpcFilter::remove_port(const FilteredPort& port) {
  fw::Batch batch;
  batch.add(fw::delete_elements(senders(), {sender(port)}));
  batch.add(fw::delete_elements(forwarders(), {forwarder(port)}));
  return batch.commit(socket_.get());
}

base::Result<Drops> VpcFilter::drops() {
  Drops drops;
  drops.foreign_mac = TRY(fw::packets_counted(socket_.get(), kTable, kForeignMac));
  drops.foreign_source = TRY(fw::packets_counted(socket_.get(), kTable, kForeignSource));
  drops.unroutable = TRY(fw::packets_counted(socket_.get(), kTable, kUnroutable));
  return drops;
}

}  // namespace catena::sim
