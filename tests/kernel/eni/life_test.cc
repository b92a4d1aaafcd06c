// The other verbs of catena-eni, and what becomes of ADDs that do not come to their end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/eni/own_eni_node.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kEniHome = "00:16:3e:00:02:01 down";

struct Change {
  const char* name;
  bool in_pod;
  const char* command;
  const char* told;  // what CHECK says of it
};

class EniCheck : public testing::TestWithParam<Change> {};

TEST_P(EniCheck, TellsWhatWasChangedByHand) {
  const OwnEniNode scene({.enis = 1});
  const ScratchNetNs pod;
  const Answer added = scene.add(pod, "pod-a");
  const Answer before = scene.check(pod, "pod-a", added);
  ASSERT_TRUE(before.ok()) << before.process.out;
  (GetParam().in_pod ? pod : scene.node())
      .sh("host=$(ip -o link | grep -oE 'ctn[a-z2-7]{12}'); true; " +
          std::string(GetParam().command));
  const Answer after = scene.check(pod, "pod-a", added);
  EXPECT_EQ(after.code(), 100);
  EXPECT_THAT(after.message(), HasSubstr(GetParam().told));
}

INSTANTIATE_TEST_SUITE_P(
    Changes, EniCheck,
    testing::Values(
        Change{"NicDown", true, "ip link set eth0 down", "link eth0 of the pod is down"},
        Change{"NicRenamed", true, "ip link set eth0 down; ip link set eth0 name eth9",
               "link eth0 of the pod is gone"},
        Change{"NicMtu", true, "ip link set eth0 mtu 1400", "MTU of eth0 is 1400"},
        Change{"Address", true, "ip addr del 192.168.0.31/24 dev eth0",
               "address 192.168.0.31/24 of eth0 is gone"},
        Change{"ExtraAddress", true, "ip addr add 10.9.9.9/32 dev eth0", "extra address 10.9.9.9"},
        Change{"DefaultRoute", true, "ip route del default", "route 0.0.0.0/0 via 192.168.0.253"},
        Change{"ServiceRoute", true, "ip route del 10.96.0.0/16", "route 10.96.0.0/16"},
        Change{"ServiceRouteWithoutSource", true,
               "ip route replace 10.96.0.0/16 via 169.254.1.1 dev veth1 onlink",
               "route 10.96.0.0/16"},
        Change{"NodeRoute", true, "ip route del 192.168.0.10", "route 192.168.0.10/32"},
        Change{"Neighbour", true, "ip neigh del 169.254.1.1 dev veth1", "neighbour 169.254.1.1"},
        Change{"StrictNic", true, "sysctl -qw net.ipv4.conf.eth0.rp_filter=1",
               "rp_filter of eth0 is 1"},
        Change{"Veth1Down", true, "ip link set veth1 down", "link veth1 of the pod is down"},
        Change{"HostLinkDown", false, "ip link set $host down", "is down"},
        Change{"HostLinkGone", false, "ip link del $host", "is gone"},
        Change{"HostRoute", false, "ip route del 192.168.0.31 table 20455",
               "route 192.168.0.31/32"},
        Change{"HostNeighbour", false, "ip neigh del 192.168.0.31 dev $host",
               "neighbour 192.168.0.31"},
        Change{"SourceCheck", false, "sysctl -qw net.ipv4.conf.$host.src_valid_mark=0",
               "src_valid_mark"},
        Change{"RuleOfTheNode", false, "ip rule del prio 595", "rule 595"},
        Change{"RuleOfTheEni", false, "ip rule del prio 601", "rule 601"},
        Change{"Mark", false, "nft flush map inet catena mark4", "is not marked"},
        Change{"HostLinksFlushed", false, "nft flush chain inet catena host-links",
               "does not know"},
        Change{"Guard", false, "nft flush set inet catena entered4", "guard does not let"},
        Change{"Masquerade", false,
               "nft flush set inet catena $(nft list sets | grep -oE 'masq4-[0-9a-f]+')",
               "is not masqueraded"},
        Change{"Forwarding", false, "sysctl -qw net.ipv4.ip_forward=0", "ip_forward"}),
    [](const auto& instance) { return instance.param.name; });

TEST(EniDel, TheNicGoesHomeUnderItsOldName) {
  const OwnEniNode scene;
  const std::string before = scene.nics();
  const ScratchNetNs pod;
  scene.add(pod, "pod-a");
  EXPECT_TRUE(scene.del(pod.path(), "pod-a").ok());
  EXPECT_EQ(scene.nics(), before);
  EXPECT_EQ(scene.leftovers(), "");
  EXPECT_EQ(scene.held(), "");
  EXPECT_FALSE(pod.sh_ok("ip link show veth1"));
  EXPECT_TRUE(scene.del(pod.path(), "pod-a").ok()) << "once more";
}

TEST(EniDel, ANameThatIsTakenIsReplaced) {
  const OwnEniNode scene({.enis = 1});
  const std::string name = scene.nics().substr(0, scene.nics().find(' '));
  const ScratchNetNs pod;
  scene.add(pod, "pod-a");
  scene.node().sh("ip link add " + name + " type veth peer name other");
  EXPECT_TRUE(scene.del(pod.path(), "pod-a").ok());
  EXPECT_EQ(scene.nics(), "eni00163e000201 00:16:3e:00:02:01 down\n");
}

TEST(EniDel, NeedsNoNamespacePath) {
  const OwnEniNode scene;
  const ScratchNetNs pod;
  scene.add(pod, "pod-a");
  EXPECT_TRUE(scene.del("", "pod-a").ok()) << "the store knows where it was";
  EXPECT_THAT(scene.nics(), HasSubstr(kEniHome));
  EXPECT_EQ(scene.held(), "");
}

TEST(EniDel, SucceedsWhenThePodAndItsNicAreGone) {
  const OwnEniNode scene;
  {
    const ScratchNetNs pod;
    scene.add(pod, "pod-a");
  }
  EXPECT_TRUE(scene.del("/proc/1/ns/no-such", "pod-a").ok());
  EXPECT_EQ(scene.leftovers(), "");
  EXPECT_EQ(scene.held(), "");
}

TEST(EniDel, ANicThatTheKernelPutOnTheNodeIsTidiedUp) {
  const OwnEniNode scene({.enis = 1});
  const std::string before = scene.nics();
  const std::string name = before.substr(0, before.find(' '));
  const ScratchNetNs pod;
  scene.add(pod, "pod-a");
  // As default_device_exit_net() does with hardware.
  pod.sh("ip link set eth0 down; ip link set eth0 name dev7");
  pod.sh("ip link set dev7 netns " + scene.node().path());
  EXPECT_TRUE(scene.del("", "pod-a").ok());
  EXPECT_EQ(scene.nics(), before);
  EXPECT_EQ(scene.node().sh("ip link show " + name + " | grep alias || true"), "");
}

TEST(EniDel, AStoreThatLostItsRecordStillGivesTheNicBack) {
  const OwnEniNode scene({.enis = 1});
  const std::string before = scene.nics();
  const ScratchNetNs pod;
  const Answer added = scene.add(pod, "pod-a");
  scene.node().sh("rm -r " + scene.state_dir());
  EXPECT_TRUE(scene.del(pod.path(), "pod-a", {{"prevResult", added.json}}).ok());
  EXPECT_EQ(scene.nics(), before);
}

TEST(EniDel, OfThePluginBehindItLeavesTheEniToIt) {
  const OwnEniNode scene;
  const ScratchNetNs pod;
  const Answer added = scene.add(pod, "pod-a");
  scene.del_shared("catena-multiip", pod, "pod-a");
  scene.del_shared("catena-vpc-route", pod, "pod-a");
  EXPECT_THAT(scene.held(), HasSubstr("192.168.0.31 bound pod-a"));
  EXPECT_TRUE(can_ping(pod, "192.168.1.10"));
  EXPECT_TRUE(scene.check(pod, "pod-a", added).ok());
}

TEST(EniDel, OfAPodThatHasNoneTouchesNothing) {
  const OwnEniNode scene;
  const ScratchNetNs pod;
  scene.add_shared("catena-multiip", pod, "pod-a");
  EXPECT_TRUE(scene.del(pod.path(), "pod-a").ok());
  EXPECT_THAT(scene.held(), HasSubstr("bound pod-a"));
  EXPECT_TRUE(can_ping(pod, "192.168.1.10"));
}

TEST(EniGc, TakesBackWhatNoValidContainerHas) {
  const OwnEniNode scene;
  const ScratchNetNs a;
  const ScratchNetNs b;
  scene.add(a, "pod-a");
  const Answer kept = scene.add(b, "pod-b");
  const ScratchNetNs c;
  scene.add_shared("catena-multiip", c, "pod-c");
  const Answer done = scene.gc({"pod-b"});
  EXPECT_TRUE(done.ok()) << done.process.out;
  EXPECT_THAT(scene.nics(), HasSubstr(kEniHome));
  EXPECT_TRUE(scene.check(b, "pod-b", kept).ok());
  EXPECT_THAT(scene.held(), HasSubstr("bound pod-c")) << "is the other plugin's to collect";
  EXPECT_THAT(scene.held(), testing::Not(HasSubstr("pod-a")));
}

// Whether the ADD, killed at the n-th of these system calls, came to its end before it.
bool add_survives(const OwnEniNode& scene, const ScratchNetNs& pod, const std::string& calls,
                  int n) {
  return scene
      .call({.command = "ADD",
             .container_id = "pod-a",
             .netns = pod.path(),
             .config = scene.config(),
             .wrapper = {"/usr/bin/strace", "-qq", "-o", "/dev/null", "-e",
                         "inject=" + calls + ":signal=SIGKILL:when=" + std::to_string(n)}})
      .ok();
}

TEST(EniAgain, AnAddThatWasKilledIsUndoneByTheNext) {
  // At the n-th message to the kernel by which it changes something.
  for (int n = 1; n < 12; ++n) {
    const OwnEniNode scene({.enis = 1});
    const ScratchNetNs pod;
    if (add_survives(scene, pod, "sendmsg", n)) {
      break;
    }
    const Answer added = scene.add(pod, "pod-a");
    ASSERT_TRUE(added.ok()) << n;
    EXPECT_TRUE(can_ping(scene.node(), "192.168.0.31")) << n;
    EXPECT_TRUE(scene.check(pod, "pod-a", added).ok()) << n;
  }
}

TEST(EniAgain, ADelAfterAnAddThatWasKilledLeavesNothing) {
  for (int n = 1; n < 30; n += 2) {
    const OwnEniNode scene({.enis = 1});
    const std::string before = scene.nics();
    const ScratchNetNs pod;
    const bool is_whole = add_survives(scene, pod, "sendmsg,sendto", n);
    EXPECT_TRUE(scene.del(pod.path(), "pod-a").ok()) << n;
    EXPECT_EQ(scene.nics(), before) << n;
    EXPECT_EQ(scene.leftovers(), "") << n;
    EXPECT_EQ(scene.held(), "") << n;
    if (is_whole) {
      break;
    }
  }
}

TEST(EniAgain, AnAddThatFailsLeavesNothing) {
  const OwnEniNode scene({.enis = 1});
  const std::string before = scene.nics();
  const ScratchNetNs pod;
  pod.sh("ip link add veth1 type veth peer name other");
  const Answer refused = scene.try_add(pod, "pod-a");
  EXPECT_FALSE(refused.ok());
  EXPECT_THAT(refused.message(), HasSubstr("veth1"));
  EXPECT_EQ(scene.nics(), before);
  EXPECT_EQ(scene.leftovers(), "");
  EXPECT_EQ(scene.held(), "");
}

TEST(EniAgain, AnInterfaceOfThatNameIsNotTouched) {
  const OwnEniNode scene;
  const ScratchNetNs pod;
  const Answer added = scene.add(pod, "pod-a");
  const Answer again = scene.try_add(pod, "pod-a");
  EXPECT_FALSE(again.ok());
  EXPECT_THAT(again.message(), HasSubstr("already"));
  EXPECT_TRUE(scene.check(pod, "pod-a", added).ok());
}

TEST(EniStatus, IsWellWhileThereIsAnEni) {
  const OwnEniNode scene({.enis = 1});
  const PluginCall status{
      .command = "STATUS", .container_id = "", .if_name = "", .config = scene.config()};
  EXPECT_TRUE(scene.call(status).ok()) << scene.call(status).process.out;
  const ScratchNetNs pod;
  scene.add(pod, "pod-a");
  EXPECT_EQ(scene.call(status).code(), 50) << "none is left, and nobody could attach another";
  const PluginCall requested{.command = "STATUS",
                             .container_id = "",
                             .if_name = "",
                             .config = scene.config({{"when", "requested"}})};
  EXPECT_TRUE(scene.call(requested).ok()) << "pods that ask for none start";
}

}  // namespace
}  // namespace catena::test
