// DEL, CHECK, GC and STATUS of pods on shared ENIs, and configurations that ADD refuses.
#include <filesystem>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/multiip/eni_node.h"
#include "tests/support/paths.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

const json kDual = {{"ipFamilies", {"ipv4", "ipv6"}}};

class Multiip : public testing::Test {
 protected:
  Multiip() { scene_.put_addresses("eni-2", {"21", "22"}); }
  PluginCall status(const json& keys = json::object()) const {
    return {.command = "STATUS", .container_id = "", .if_name = "", .config = scene_.config(keys)};
  }
  EniNode scene_;
  ScratchNetNs pod_;
};

using MultiipDel = Multiip;

TEST_F(MultiipDel, SucceedsOnEveryPartialStateAndLeavesNothing) {
  EXPECT_TRUE(scene_.del("", "never-added").ok());
  for (const char* damage :
       {"true", "ip -o link | grep -oE 'ctn[a-z2-7]{12}' | xargs -n1 ip link del",
        "nft delete table inet catena", "ip rule del prio 512", "ip route flush table 20200"}) {
    scene_.add(pod_, "pod-a", kDual);
    scene_.node().sh(damage);
    const Answer deleted = scene_.del(pod_.path(), "pod-a");
    EXPECT_TRUE(deleted.ok()) << damage << deleted.process.out;
    EXPECT_TRUE(scene_.del(pod_.path(), "pod-a").ok()) << "called twice";
    EXPECT_EQ(scene_.leftovers(), "") << damage;
    EXPECT_EQ(scene_.held(), "") << damage;
    scene_.put_addresses("eni-1", {std::to_string(50 + std::string(damage).size())});
  }
}

TEST_F(MultiipDel, SucceedsWithTheNamespaceGoneAndTheConfigurationMadeWorse) {
  auto pod = std::make_unique<ScratchNetNs>();
  const std::string path = pod->path();
  scene_.add(*pod, "pod-a", kDual);
  pod.reset();
  EXPECT_TRUE(scene_.del(path, "pod-a", {{"markMask", "wrong"}, {"colour", "red"}}).ok());
  EXPECT_EQ(scene_.leftovers(), "");
  EXPECT_EQ(scene_.held(), "");
}

TEST_F(MultiipDel, LeavesOtherPodsAlone) {
  const ScratchNetNs other;
  scene_.add(pod_, "pod-a");
  const Answer kept = scene_.add(other, "pod-b");
  EXPECT_TRUE(scene_.del(pod_.path(), "pod-a").ok());
  EXPECT_TRUE(can_ping(scene_.vpc.b(), address_of(kept)));
  EXPECT_TRUE(scene_.check(other, "pod-b", kept).ok());
}

TEST_F(MultiipDel, ALateOneOfAnOldSandboxFreesNothingOfTheNew) {
  scene_.add(pod_, "old-sandbox", {{"coolSeconds", 0}});
  EXPECT_TRUE(scene_.del("", "old-sandbox", {{"coolSeconds", 0}}).ok());
  const ScratchNetNs again;
  const Answer added = scene_.add(
      again, "new-sandbox", {{"coolSeconds", 0}, {"runtimeConfig", {{"ips", {"192.168.1.21"}}}}});
  EXPECT_TRUE(scene_.del("", "old-sandbox", {{"coolSeconds", 0}}).ok());
  EXPECT_TRUE(can_ping(scene_.vpc.b(), address_of(added)));
  EXPECT_EQ(scene_.held(), "192.168.1.21 bound new-sandbox\n");
}

TEST_F(Multiip, AnInterfaceThatExistsIsRefusedAndNothingOfItTouched) {
  const Answer added = scene_.add(pod_, "pod-a");
  const Answer again = scene_.call(
      {.command = "ADD", .container_id = "pod-a", .netns = pod_.path(), .config = scene_.config()});
  EXPECT_FALSE(again.ok());
  EXPECT_TRUE(can_ping(scene_.vpc.b(), address_of(added)));
  EXPECT_TRUE(scene_.check(pod_, "pod-a", added).ok());
}

struct Damage {
  const char* name;
  const char* command;  // on the node; LINK is the host end
  const char* says;
  const char* routing = "marks";
};

class MultiipCheck : public testing::TestWithParam<Damage> {};

TEST_P(MultiipCheck, NamesTheDifferenceAndChangesNothing) {
  const EniNode scene;
  scene.put_addresses("eni-2", {"21"});
  const ScratchNetNs pod;
  json keys = kDual;
  keys["routing"] = GetParam().routing;
  const Answer added = scene.add(pod, "pod-a", keys);
  ASSERT_TRUE(scene.check(pod, "pod-a", added, keys).ok())
      << scene.check(pod, "pod-a", added, keys).process.out;
  scene.node().sh("LINK=" + host_link_of(added) + "; " + GetParam().command);
  const auto state = [&scene] {
    return scene.node().sh(
        "ip rule; ip -6 rule; ip route show table all; ip -o addr; nft list ruleset");
  };
  const std::string before = state();
  const Answer found = scene.check(pod, "pod-a", added, keys);
  EXPECT_EQ(found.code(), 100) << found.process.out;
  EXPECT_THAT(found.message(), HasSubstr(GetParam().says));
  EXPECT_EQ(state(), before);
}

INSTANTIATE_TEST_SUITE_P(
    Damages, MultiipCheck,
    testing::Values(
        Damage{"PodsRuleGone", "ip rule del prio 512", "512"},
        Damage{"EniRuleGone", "ip rule del prio 602", "602"},
        Damage{"EniTableFlushed", "ip route flush table 20202", "20202"},
        Damage{"HostRouteGone", "ip route del 192.168.1.21 table 20200", "192.168.1.21"},
        Damage{"Ipv6HostRouteGone", "ip -6 route del fd00:b::21 table 20200", "fd00:b::21"},
        Damage{"EniDown", "ip link set eth2 down", "eth2"},
        Damage{"EniAddressGone", "ip addr flush dev eth2", "169.254.1.1"},
        Damage{"FirewallGone", "nft delete table inet catena", "catena"},
        Damage{"HostLinkGone", "ip link del $LINK", "ctn"},
        Damage{"ForwardingOff", "sysctl -qw net.ipv4.ip_forward=0", "ip_forward"},
        Damage{"SourceRuleGone", "ip rule del prio 2048", "192.168.1.21", "rules"}),
    [](const auto& instance) { return instance.param.name; });

TEST_F(Multiip, CheckFindsALostStore) {
  const Answer added = scene_.add(pod_, "pod-a");
  std::filesystem::remove_all(scene_.state_dir());
  const Answer found = scene_.check(pod_, "pod-a", added);
  EXPECT_EQ(found.code(), 100);
  EXPECT_THAT(found.message(), HasSubstr("the store has no record of 192.168.1.21"));
}

using MultiipGc = Multiip;

TEST_F(MultiipGc, TakesDownWhatNoValidAttachmentOwns) {
  const ScratchNetNs b;
  scene_.add(pod_, "pod-a");
  const Answer kept = scene_.add(b, "pod-b");
  const Answer collected = scene_.gc({"pod-b"});
  EXPECT_TRUE(collected.ok()) << collected.process.out;
  EXPECT_EQ(scene_.held(), "192.168.1.22 bound pod-b\n");
  EXPECT_FALSE(pod_.sh_ok("ip link show eth0"));
  EXPECT_TRUE(scene_.check(b, "pod-b", kept).ok());
  EXPECT_TRUE(scene_.gc({}).ok());
  EXPECT_EQ(scene_.leftovers(), "");
}

TEST_F(MultiipGc, RemovesLinksThatALostStoreLeftBehindOnceItKnowsTheEnisAgain) {
  const Answer lost = scene_.add(pod_, "pod-a");
  ipam::Store old = scene_.store();
  const ipam::CloudRecords known = old.cloud().value();
  std::filesystem::remove_all(scene_.state_dir());
  must(scene_.store().change({.put_enis = known.enis}));
  scene_.put_addresses("eni-2", {"21"});
  EXPECT_TRUE(scene_.gc({"pod-b"}).ok());
  EXPECT_THAT(scene_.leftovers(), Not(HasSubstr(host_link_of(lost))));
}

TEST_F(MultiipGc, EndsQuarantinesOfTheKernelsWordOnly) {
  scene_.node().sh("ip route add 192.168.1.21/32 dev eth0");
  const Answer added = scene_.add(pod_, "pod-a");
  EXPECT_EQ(address_of(added), "192.168.1.22");
  ipam::CloudChange doubt;
  doubt.quarantine = {{ip("fd00:b::21"), "the cloud does not know it"}};
  must(scene_.store().change(doubt));
  scene_.node().sh("ip route del 192.168.1.21/32 dev eth0");
  EXPECT_TRUE(scene_.gc({"pod-a"}).ok());
  EXPECT_EQ(scene_.held(), "192.168.1.22 bound pod-a\nfd00:b::21 quarantined \n");
}

using MultiipStatus = Multiip;

TEST_F(MultiipStatus, IsSilentWhileAddressesAreLeftWithOrWithoutAnAgent) {
  const Answer answer = scene_.call(status(kDual));
  EXPECT_TRUE(answer.ok()) << answer.process.out;
  EXPECT_EQ(answer.process.out, "");
}

TEST_F(MultiipStatus, Is50WhenNoneIsLeftAndNobodyCouldMakeThePoolGrow) {
  const ScratchNetNs other;
  scene_.add(pod_, "pod-a");
  scene_.add(other, "pod-b");
  const Answer full = scene_.call(status());
  EXPECT_EQ(full.code(), 50);
  EXPECT_THAT(full.message(), HasSubstr("no agent"));
  PluginCall with_agent = status();
  with_agent.wrapper = {"/usr/bin/env", "CATENA_SOCKET=" + scene_.dir() + "/log"};
  EXPECT_TRUE(scene_.call(with_agent).ok()) << "somebody could";
}

TEST_F(MultiipStatus, Is50WhenForwardingIsOffAndSomebodyElsesJob) {
  scene_.node().sh("sysctl -qw net.ipv4.ip_forward=0");
  const Answer answer = scene_.call(status({{"forwarding", "check"}}));
  EXPECT_EQ(answer.code(), 50);
  EXPECT_THAT(answer.message(), HasSubstr("net.ipv4.ip_forward"));
}

struct BadKey {
  const char* name;
  const char* keys;
  const char* says;
};

class MultiipRefuses : public testing::TestWithParam<BadKey> {
 protected:
  static void SetUpTestSuite() { scene = std::make_unique<EniNode>(); }
  static void TearDownTestSuite() { scene.reset(); }
  static std::unique_ptr<EniNode> scene;
};
std::unique_ptr<EniNode> MultiipRefuses::scene;

TEST_P(MultiipRefuses, WithTheKeyAndTheReason) {
  const ScratchNetNs pod;
  const Answer answer = scene->call({.command = "ADD",
                                     .netns = pod.path(),
                                     .config = scene->config(json::parse(GetParam().keys))});
  EXPECT_EQ(answer.code(), 7) << answer.process.out;
  EXPECT_THAT(answer.message() + answer.json.value("details", ""), HasSubstr(GetParam().says));
  EXPECT_EQ(scene->leftovers(), "");
}

INSTANTIATE_TEST_SUITE_P(
    Keys, MultiipRefuses,
    testing::Values(
        BadKey{"Unknown", R"({"colour": "red"})", "colour"},
        BadKey{"NearMiss", R"({"markmask": "0x0ff00000"})", "markMask"},
        BadKey{"MaskIsNumber", R"({"markMask": 267386880})", "markMask"},
        BadKey{"MaskIsNoNumber", R"({"markMask": "0x0fz"})", "markMask"},
        BadKey{"MaskTooNarrow", R"({"markMask": "0x00f00000"})", "markMask"},
        BadKey{"MaskWithGap", R"({"markMask": "0x0f0f0000"})", "markMask"},
        BadKey{"MaskOfKubeProxy", R"({"markMask": "0x000ff000"})", "markMask"},
        BadKey{"RoutingUnknown", R"({"routing": "bgp"})", "routing"},
        BadKey{"FamilyUnknown", R"({"ipFamilies": ["ipv5"]})", "ipFamilies"},
        BadKey{"FamilyTwice", R"({"ipFamilies": ["ipv4", "ipv4"]})", "ipFamilies"},
        BadKey{"NoFamily", R"({"ipFamilies": []})", "ipFamilies"},
        BadKey{"RouteOfAnotherFamily", R"({"routes": ["fd00::/8"]})", "routes"},
        BadKey{"HostStackEverything", R"({"hostStackCIDRs": ["0.0.0.0/0"]})", "hostStackCIDRs"},
        BadKey{"MtuTooSmallForIpv6", R"({"mtu": 1000, "ipFamilies": ["ipv6"]})", "mtu"},
        BadKey{"GrowTimeoutTooLong", R"({"growTimeout": 600})", "growTimeout"},
        BadKey{"EniConfRelative", R"({"eniConf": "eni.json"})", "eniConf"},
        BadKey{"NodeInterfaceMissing", R"({"nodeInterface": "nope0"})", "nodeInterface"},
        BadKey{"WantedOfNobody", R"({"runtimeConfig": {"ips": ["10.9.9.9"]}})", "10.9.9.9"}),
    [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace catena::test
