#include "tests/kernel/enilink/scene.h"

#include "common/netlink/socket.h"
#include "common/podlink/names.h"
#include "common/podlink/pod_link.h"

namespace catena::enilink::test {
namespace {

constexpr const char* kGatewayA = "192.168.0.253";
constexpr const char* kGatewayB = "192.168.1.253";
constexpr const char* kGatewayA6 = "fd00:a::ffff:ffff:ffff:fff7";
constexpr const char* kGatewayB6 = "fd00:b::ffff:ffff:ffff:fff7";

base::Mac mac(const char* text) { return base::Mac::parse(text).value(); }

}  // namespace

EniNode::EniNode(Shape shape, const std::string& all_rp_filter)
    : eni1{1, mac("00:16:3e:00:01:01"), ip(kGatewayA), ip(kGatewayA6)},
      eni2{2, mac("00:16:3e:00:01:02"), ip(kGatewayB), ip(kGatewayB6)},
      primary{3, mac("00:16:3e:00:00:01"), ip(kGatewayA), ip(kGatewayA6)} {
  routing.shape = shape;
  routing.families = {base::Family::kIpv4, base::Family::kIpv6};
  node().sh(
      "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"
      " net.ipv4.conf.all.rp_filter=" +
      all_rp_filter + " net.ipv4.conf.eth0.rp_filter=" + all_rp_filter +
      " net.ipv4.conf.default.rp_filter=" + all_rp_filter);
  plug("eni-1", eni1, "vsw-a", {"192.168.0.21", "192.168.0.22", "fd00:a::21", "fd00:a::22"});
  plug("eni-2", eni2, "vsw-b", {"192.168.1.31", "192.168.1.32", "fd00:b::31", "fd00:b::32"});
  catena::test::must(
      vpc.plane().set_addresses("eni-i-a", {prefix("192.168.0.10"), prefix("192.168.0.15"),
                                            prefix("fd00:a::10"), prefix("fd00:a::15")}));
}

void EniNode::plug(const std::string& id, const HostEni& eni, const std::string& vswitch,
                   const std::vector<std::string>& addresses) {
  catena::test::must(
      vpc.plane().plug("i-a", catena::test::nic(id, eni.mac.to_string(), vswitch, addresses)));
}

void EniNode::at_node(const std::function<void(const Kernel&)>& work) const {
  node().run([&work] {
    base::Result<netlink::Socket> routes = netlink::Socket::open();
    base::Result<firewall::Table> table = firewall::Table::open();
    ASSERT_OK(routes);
    ASSERT_OK(table);
    work({&*routes, &*table});
  });
}

void EniNode::ensure() const {
  at_node([this](const Kernel& kernel) {
    const WantedShape wanted =
        routing.shape == Shape::kMarks ? WantedShape::kMarks : WantedShape::kRules;
    EXPECT_OK(choose_shape(kernel, wanted, routing.marks));
    EXPECT_OK(ensure_node(kernel, routing));
    for (const HostEni* eni : {&eni1, &eni2, &primary}) {
      EXPECT_OK(ensure_eni(kernel, *eni, routing, std::chrono::seconds(5)));
    }
  });
}

std::unique_ptr<Pod> EniNode::add_pod(const HostEni& eni, const std::string& v4,
                                      const std::string& v6) const {
  auto pod = std::make_unique<Pod>();
  pod->v4 = ip(v4);
  pod->v6 = ip(v6);
  pod->slot = eni.slot;
  at_node([&](const Kernel& kernel) {
    const netlink::NetNs sandbox = netlink::NetNs::open(pod->netns.path()).value();
    base::Result<netlink::Socket> inside = netlink::Socket::open_in(sandbox);
    ASSERT_OK(inside);
    podlink::PodLink link;
    link.attachment = {.container_id = "pod-" + v4, .if_name = "eth0"};
    link.mac = podlink::pod_mac(link.attachment);
    link.addresses = {pod->v4, pod->v6};
    link.table = kPodsTable;
    pod->host_link = podlink::host_link_name(link.attachment);
    const base::Result<podlink::Ends> ends =
        podlink::create_ends(*kernel.routes, *inside, sandbox, link);
    ASSERT_OK(ends);
    EXPECT_OK(podlink::configure_pod_end(*inside, sandbox, *ends, link));
    EXPECT_OK(enilink::add_pod(kernel, routing, paths_of(*pod)));
    podlink::Node addresses;
    addresses.ipv4 = ip("192.168.0.10");
    addresses.ipv6 = ip("fd00:a::10");
    EXPECT_OK(podlink::configure_host_end(*kernel.routes, *ends, link, addresses));
  });
  return pod;
}

std::vector<PodPath> EniNode::paths_of(const Pod& pod) const {
  const bool by_main = pod.slot == primary.slot;
  return {{pod.v4, pod.slot, by_main, pod.host_link, ip("192.168.0.10")},
          {pod.v6, pod.slot, by_main, pod.host_link, ip("fd00:a::10")}};
}

State EniNode::state(const std::vector<const Pod*>& pods) const {
  State state{routing, {eni1, eni2, primary}, {}};
  for (const Pod* pod : pods) {
    for (PodPath& path : paths_of(*pod)) {
      state.pods.push_back(std::move(path));
    }
  }
  return state;
}

std::uint64_t EniNode::spoofed() {
  const base::Result<sim::Drops> drops = vpc.plane().drops();
  EXPECT_OK(drops);
  return drops.ok() ? drops->foreign_source : 0;
}

}  // namespace catena::enilink::test
