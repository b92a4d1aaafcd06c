// A node with two shared ENIs and pods on them, in a simulated VPC that drops what an ENI may not
// send.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "common/enilink/repair.h"
#include "common/enilink/routing.h"
#include "common/netlink/netns.h"
#include "tests/kernel/sim/vpc.h"
#include "tests/support/call.h"
#include "tests/support/scratch_netns.h"

namespace catena::enilink::test {

using catena::test::Call;
using catena::test::caller_seen;
using catena::test::ip;
using catena::test::prefix;
using catena::test::ScratchNetNs;
using catena::test::Vpc;

template <typename T>
testing::AssertionResult succeeded(const base::Result<T>& result) {
  return result.ok() ? testing::AssertionSuccess()
                     : testing::AssertionFailure() << result.error().text();
}
#define EXPECT_OK(result) EXPECT_TRUE(::catena::enilink::test::succeeded(result))
#define ASSERT_OK(result) ASSERT_TRUE(::catena::enilink::test::succeeded(result))

struct Pod {
  ScratchNetNs netns;
  base::IpAddress v4;
  base::IpAddress v6;
  int slot = 0;
  std::string host_link;

  const base::IpAddress& address(base::Family family) const {
    return family == base::Family::kIpv4 ? v4 : v6;
  }
};

// Node i-a: eth0 192.168.0.10 in vsw-a, ENI 1 in vsw-a too, ENI 2 in vsw-b. Nodes i-b and i-c are
// strangers in vsw-b.
class EniNode {
 public:
  explicit EniNode(Shape shape = Shape::kMarks, const std::string& all_rp_filter = "0");

  Vpc vpc;
  Routing routing;
  HostEni eni1;
  HostEni eni2;
  HostEni primary;  // what the store would say of eth0

  const ScratchNetNs& node() const { return vpc.a(); }
  // In the node's namespace, with sockets of its own.
  void at_node(const std::function<void(const Kernel&)>& work) const;
  // choose_shape, ensure_node and ensure_eni of all three.
  void ensure() const;

  // A pod with an IPv4 and an IPv6 address of that ENI, as the plugin makes it.
  std::unique_ptr<Pod> add_pod(const HostEni& eni, const std::string& v4,
                               const std::string& v6) const;
  std::vector<PodPath> paths_of(const Pod& pod) const;
  // All of the ENIs and these pods.
  State state(const std::vector<const Pod*>& pods = {}) const;
  std::uint64_t spoofed();

 private:
  void plug(const std::string& id, const HostEni& eni, const std::string& vswitch,
            const std::vector<std::string>& addresses);
};

inline constexpr base::Family kFamilies[] = {base::Family::kIpv4, base::Family::kIpv6};

}  // namespace catena::enilink::test
