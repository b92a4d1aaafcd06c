// What an admin sees of addresses, and what frees them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/ipam/store.h"
#include "tests/kernel/cli/catena_call.h"
#include "tests/support/test_node.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class IpamOfANode : public testing::Test {
 protected:
  Outcome catena(const std::vector<std::string>& words) const {
    return catena_on(node.node, {words, node.state_dir(), {}});
  }
  json as_json(const std::vector<std::string>& words) const {
    return catena_json(node.node, {words, node.state_dir(), {}});
  }

  TestNode node{"catena-vpc-route"};
  ScratchNetNs pod;
};

TEST_F(IpamOfANode, ListAndShowSayWhoHasAnAddress) {
  const std::string address = address_of(node.add(pod, "pod-a"));
  const json all = as_json({"ipam", "list"});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0]["address"], address);
  EXPECT_EQ(all[0]["state"], "bound");
  EXPECT_EQ(all[0]["pod"], "default/pod-a");
  EXPECT_EQ(all[0]["containerID"], "pod-a");
  EXPECT_EQ(all[0]["ifname"], "eth0");
  const Outcome listed = catena({"ipam", "list"});
  EXPECT_EQ(listed.exit_status, 0);
  EXPECT_THAT(listed.out, HasSubstr(address + "  bound  172.30.1.0/24  default/pod-a"));
  const Outcome shown = catena({"ipam", "show", address});
  EXPECT_EQ(shown.exit_status, 0);
  EXPECT_THAT(shown.out, HasSubstr("has a route to it"));
  EXPECT_EQ(as_json({"ipam", "show", address})["kernelKnowsIt"], true);
}

TEST_F(IpamOfANode, WhatIsNotThereIsSaidSo) {
  const Outcome no_store = catena({"ipam", "list"});
  EXPECT_EQ(no_store.exit_status, 1);
  EXPECT_THAT(no_store.err, HasSubstr("there is no store in " + node.state_dir()));
  node.add(pod, "pod-a");
  const Outcome no_record = catena({"ipam", "show", "172.30.1.77"});
  EXPECT_EQ(no_record.exit_status, 1);
  EXPECT_THAT(no_record.err, HasSubstr("no record of 172.30.1.77"));
}

TEST_F(IpamOfANode, AnAddressInUseIsNotReleased) {
  const std::string address = address_of(node.add(pod, "pod-a"));
  const Outcome refused = catena({"ipam", "release", address});
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err, HasSubstr("delete pod default/pod-a"));
  EXPECT_EQ(as_json({"ipam", "list"})[0]["state"], "bound");
  EXPECT_TRUE(can_ping(node.node, address));
}

TEST_F(IpamOfANode, AnAddressWhosePodIsGoneIsReleasedOnce) {
  const Answer added = node.add(pod, "pod-a");
  const std::string address = address_of(added);
  node.node.sh("ip link del " + host_link_of(added));
  EXPECT_EQ(as_json({"ipam", "release", address})["released"], json::array({address}));
  EXPECT_EQ(as_json({"ipam", "list"})[0]["state"], "cooling");
  const Outcome again = catena({"ipam", "release", address});
  EXPECT_EQ(again.exit_status, 0);
  EXPECT_THAT(again.out, HasSubstr("nothing to do"));
}

TEST_F(IpamOfANode, AQuarantineEndsWhenTheKernelKnowsTheAddressNoMore) {
  node.node.sh(
      "ip link add x type veth peer name y && ip link set x up && ip route add 172.30.1.1/32 dev "
      "x");
  const std::string address = address_of(node.add(pod, "pod-a"));
  EXPECT_EQ(address, "172.30.1.2");
  const Outcome listed = catena({"ipam", "list"});
  EXPECT_THAT(listed.out, HasSubstr("172.30.1.1  quarantined"));
  EXPECT_EQ(catena({"ipam", "release", "172.30.1.1"}).exit_status, 1);
  node.node.sh("ip route del 172.30.1.1/32");
  EXPECT_EQ(catena({"ipam", "release", "172.30.1.1"}).exit_status, 0);
  EXPECT_EQ(as_json({"ipam", "show", "172.30.1.1"})["state"], "cooling");
}

TEST_F(IpamOfANode, CheckFindsNothingOnAHealthyNode) {
  node.add(pod, "pod-a");
  const json report = as_json({"ipam", "check"});
  EXPECT_EQ(report["good"], true) << report.dump(1);
  EXPECT_THAT(findings_about(report, "ipam"),
              ElementsAre("ok: store and kernel agree about 1 addresses"));
}

TEST_F(IpamOfANode, CheckNamesARouteThatIsGoneAndOneThatLeadsElsewhere) {
  const ScratchNetNs other;
  const std::string lost = address_of(node.add(pod, "pod-a"));
  const std::string moved = address_of(node.add(other, "pod-b"));
  node.node.sh("ip route del " + lost + "/32");
  node.node.sh(
      "ip link add ctnelse type veth peer name y && ip link set ctnelse up && ip route replace " +
      moved + "/32 dev ctnelse proto 202");
  const json report = as_json({"ipam", "check"});
  EXPECT_EQ(report["good"], false);
  EXPECT_THAT(findings_about(report, lost),
              ElementsAre(HasSubstr("bad: pod default/pod-a has it, but the kernel has no route")));
  EXPECT_THAT(findings_about(report, moved), ElementsAre(HasSubstr("leads to ctnelse")));
  EXPECT_EQ(catena({"ipam", "check"}).exit_status, 1);
}

TEST_F(IpamOfANode, CheckNamesWhatTheKernelHasAndTheStoreHasNot) {
  const Answer added = node.add(pod, "pod-a");
  ipam::Store store(node.state_dir(), {});
  ASSERT_TRUE(store.release("pod-a", "eth0").ok());
  const json report = as_json({"ipam", "check"});
  EXPECT_THAT(findings_about(report, address_of(added)),
              testing::UnorderedElementsAre(
                  HasSubstr("has a route to it by " + host_link_of(added) +
                            ", but in the store it is cooling"),
                  HasSubstr("the guard lets " + host_link_of(added) + " use it")));
}

TEST_F(IpamOfANode, EnisAreListedWithTheLinkThatHasTheirMac) {
  node.node.sh("ip link add eth7 address 00:16:3e:00:00:07 type veth peer name y");
  ipam::Eni here;
  here.id = "eni-here";
  here.mac = base::Mac::parse("00:16:3e:00:00:07").value();
  here.vswitch = "vsw-a";
  here.address = base::IpAddress::parse("192.168.3.7").value();
  here.gateway = base::IpAddress::parse("192.168.3.253").value();
  here.prefix_length = 24;
  here.mode = "shared";
  here.state = ipam::EniState::kInUse;
  ipam::Eni away = here;
  away.id = "eni-away";
  away.mac = base::Mac::parse("00:16:3e:00:00:08").value();
  away.state = ipam::EniState::kCreated;
  ipam::CloudChange change;
  change.put_enis = {here, away};
  change.put_addresses = {{here.address, "eni-here"}};
  ipam::Store store(node.state_dir(), {});
  ASSERT_TRUE(store.change(change).ok());

  const json enis = as_json({"eni", "list"});
  ASSERT_EQ(enis.size(), 2U);
  EXPECT_EQ(enis[0]["id"], "eni-away");
  EXPECT_FALSE(enis[0].contains("link"));
  EXPECT_EQ(enis[1]["link"], "eth7");
  EXPECT_EQ(enis[1]["addresses"], json({{"free", 1}}));
  EXPECT_THAT((std::vector<int>{enis[0]["slot"], enis[1]["slot"]}),
              testing::UnorderedElementsAre(1, 2));
  const Outcome text = catena({"eni", "list"});
  EXPECT_THAT(text.out, HasSubstr("shared  in-use   eth7"));
}

TEST_F(IpamOfANode, WitnessesThatCanNotBeAskedAreNoDifference) {
  EXPECT_EQ(catena({"ipam", "list"}).exit_status, 1);
  ipam::Eni eni;
  eni.id = "eni-a";
  eni.mac = base::Mac::parse("00:16:3e:00:00:07").value();
  eni.mode = "shared";
  eni.state = ipam::EniState::kInUse;
  ipam::CloudChange change;
  change.put_enis = {eni};
  ipam::Store store(node.state_dir(), {});
  ASSERT_TRUE(store.change(change).ok());
  // Nothing answers there; the one-shot agent has no such metadata service either.
  const json report =
      catena_json(node.node, {{"ipam", "check", "--deadline", "3"},
                              node.state_dir(),
                              {{"ALIBABA_CLOUD_IMDS_ENDPOINT", "http://127.0.0.1:1"}}});
  EXPECT_EQ(report["good"], true) << report.dump(1);
  EXPECT_THAT(findings_about(report, "metadata"), ElementsAre(HasSubstr("unknown: was not asked")));
  EXPECT_THAT(findings_about(report, "OpenAPI"), ElementsAre(HasSubstr("unknown: was not asked")));
}

}  // namespace
}  // namespace catena::test
