// A node with pods whose interfaces somebody else made, for catena-bandwidth.
#pragma once

#include <string>

#include "tests/support/test_node.h"

namespace catena::test {

enum class PodLink {
  kVeth,
  kNic,  // an interface of another kind, as an ENI is: its end on the node is none of the pod's
};

// eth0 with 10.2.<number>.2/24 and fd02:<number>::2/64; its end on the node, "host<number>", has .1
// and ::1.
class BandwidthPod {
 public:
  BandwidthPod(const TestNode& node, int number, int mtu = 1500, PodLink kind = PodLink::kVeth);

  ScratchNetNs ns;
  std::string host_link() const { return "host" + number_; }
  std::string address() const { return "10.2." + number_ + ".2"; }
  std::string host_address() const { return "10.2." + number_ + ".1"; }
  std::string address6() const { return "fd02:" + number_ + "::2"; }
  std::string host_address6() const { return "fd02:" + number_ + "::1"; }
  // As the plugin that made it would say: both ends and the addresses.
  nlohmann::json result() const;

 private:
  std::string number_;
  PodLink kind_;
};

class BandwidthNode : public TestNode {
 public:
  BandwidthNode() : TestNode("catena-bandwidth") {}

  nlohmann::json config(const nlohmann::json& keys) const;
  // The call with the pod's result as prevResult, container "pod-a" of default/pod-a.
  Answer call(const std::string& command, const BandwidthPod& pod,
              const nlohmann::json& keys = nlohmann::json::object()) const;
  // Fails the test when the plugin does.
  Answer add(const BandwidthPod& pod, const nlohmann::json& keys) const;
  // Every qdisc, ifb and record on the node and in the pod; empty when there are none.
  std::string left_in(const BandwidthPod& pod) const;
  std::string left() const;
};

// The tbf at the root of a link, or what else is there, as tc(8) shows it.
std::string root_of(const ScratchNetNs& ns, const std::string& link);

}  // namespace catena::test
