// What doctor says of nodes that lack something.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/file.h"
#include "tests/kernel/cli/catena_call.h"
#include "tests/support/paths.h"
#include "tests/support/test_node.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Doctor : public testing::Test {
 protected:
  Doctor() {
    std::filesystem::create_directories(conf_dir());
    write("10-catena.conflist", {node.config()});
    EXPECT_TRUE(base::replace_file(eni_conf(), R"({"version": "1", "access_key": "LTAI-x",
        "access_secret": "y", "region_id": "cn-hangzhou"})")
                    .ok());
  }

  std::string conf_dir() const { return node.dir() + "/net.d"; }

  std::string eni_conf() const { return node.dir() + "/eni.json"; }

  void write(const std::string& name, const std::vector<json>& plugins) const {
    const json conflist{{"cniVersion", "1.0.0"}, {"name", "testnet"}, {"plugins", plugins}};
    EXPECT_TRUE(base::replace_file(conf_dir() + "/" + name, conflist.dump()).ok());
  }

  json examine() const {
    return catena_json(node.node, {{"doctor", "--conf-dir", conf_dir(), "--bin-dir", bin_dir(),
                                    "--eni-conf", eni_conf()},
                                   node.state_dir(),
                                   {{"ALIBABA_CLOUD_IMDS_ENDPOINT", "http://127.0.0.1:1"}}});
  }

  TestNode node{"catena-vpc-route"};
};

TEST_F(Doctor, AHealthyNodeLacksOnlyTheCloud) {
  const ScratchNetNs pod;
  node.add(pod, "pod-a");
  const json report = examine();
  for (const auto& finding : report["findings"]) {
    const std::string subject = finding["subject"];
    if (subject != "metadata" && subject != "agent") {
      EXPECT_EQ(finding["verdict"], "ok") << finding.dump();
    }
  }
  EXPECT_THAT(findings_about(report, "metadata"), ElementsAre(HasSubstr("bad: ")));
  EXPECT_THAT(findings_about(report, "credentials"), ElementsAre("ok: of eni.conf"));
  EXPECT_THAT(findings_about(report, "agent"), ElementsAre(HasSubstr("warning: nobody answers")));
  EXPECT_THAT(findings_about(report, "conflist"), ElementsAre(HasSubstr("ok: ")));
  EXPECT_THAT(findings_about(report, "store"), ElementsAre("ok: 1 bound"));
}

TEST_F(Doctor, ForwardingThatIsOffIsAWarning) {
  node.node.sh("sysctl -qw net.ipv4.ip_forward=0");
  EXPECT_THAT(findings_about(examine(), "forwarding"),
              ElementsAre(HasSubstr("warning: net.ipv4.ip_forward is 0")));
  node.node.sh("sysctl -qw net.ipv4.ip_forward=1");
  EXPECT_THAT(findings_about(examine(), "forwarding"), ElementsAre("ok: the node forwards"));
  node.node.sh("sysctl -qw net.ipv6.conf.all.forwarding=0");
  write("10-catena.conflist", {node.config({{"podCIDRs", {"172.30.1.0/24", "fd00:30:1::/64"}}})});
  EXPECT_THAT(findings_about(examine(), "forwarding (IPv6)"),
              ElementsAre(HasSubstr("net.ipv6.conf.all.forwarding")));
}

TEST_F(Doctor, AForwardChainThatDropsIsNamedWhoeverMadeIt) {
  EXPECT_THAT(findings_about(examine(), "FORWARD policy"), ElementsAre("ok: accept"));
  node.node.sh(
      "nft add table inet fw && "
      "nft 'add chain inet fw forwarding { type filter hook forward priority 0; policy drop; }' && "
      "nft 'add chain inet fw incoming { type filter hook input priority 0; policy drop; }'");
  EXPECT_THAT(findings_about(examine(), "FORWARD policy"),
              ElementsAre(HasSubstr("warning: drop in inet fw forwarding (nf_tables):")));
  node.node.sh("nft delete table inet fw && iptables-nft -P FORWARD DROP");
  EXPECT_THAT(findings_about(examine(), "FORWARD policy"),
              ElementsAre(HasSubstr("drop in ip filter FORWARD (nf_tables):")));
}

TEST_F(Doctor, AForwardChainOfIptablesLegacyIsNamed) {
  if (!node.node.sh_ok("iptables-legacy -P FORWARD ACCEPT 2>/dev/null")) {
    GTEST_SKIP() << "this kernel has no iptables-legacy";
  }
  node.node.sh("iptables-legacy -A FORWARD -j ACCEPT");
  EXPECT_THAT(findings_about(examine(), "FORWARD policy"), ElementsAre("ok: accept"));
  node.node.sh("iptables-legacy -P FORWARD DROP");
  EXPECT_THAT(findings_about(examine(), "FORWARD policy"),
              ElementsAre(HasSubstr("drop in ip filter FORWARD (iptables-legacy):")));
}

TEST_F(Doctor, AStrictPrimaryNicIsAWarning) {
  node.node.sh("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.nic0.rp_filter=1");
  EXPECT_THAT(findings_about(examine(), "rp_filter"),
              ElementsAre(HasSubstr("warning: of nic0 (the primary NIC) is 1, strict")));
  node.node.sh("sysctl -qw net.ipv4.conf.all.rp_filter=2");
  EXPECT_THAT(findings_about(examine(), "rp_filter"), ElementsAre(HasSubstr("ok: of nic0")));
}

TEST_F(Doctor, WhoeverUsesBitsOfTheMarkIsNamed) {
  EXPECT_THAT(findings_about(examine(), "marks"), ElementsAre("ok: the chain uses none"));
  write("10-catena.conflist", {{{"type", "catena-multiip"}, {"markMask", "0x0ff00000"}}});
  EXPECT_THAT(findings_about(examine(), "marks"),
              ElementsAre("ok: nobody else was seen to use bits of 0x0ff00000"));
  node.node.sh(
      "ip rule add fwmark 0x100000/0x100000 lookup 99 priority 77 && "
      "ip rule add fwmark 0x1/0xff lookup 99 priority 78 && "
      "iptables -t mangle -A PREROUTING -j MARK --set-xmark 0x800000/0x800000 && "
      "iptables -t mangle -A PREROUTING -j MARK --set-xmark 0x4000/0x4000 && "
      "ip6tables -t mangle -A PREROUTING -j CONNMARK --restore-mark && "
      "ip link add cali123 type veth peer name x");
  EXPECT_THAT(
      findings_about(examine(), "marks"),
      testing::UnorderedElementsAre(
          HasSubstr("bad: markMask 0x0ff00000 overlaps with the rule of priority 77"),
          HasSubstr("overlaps with iptables-save: -A PREROUTING -j MARK --set-xmark 0x800000"),
          HasSubstr("overlaps with ip6tables-save: -A PREROUTING -j CONNMARK"),
          HasSubstr("warning: Calico seems to run here (cali123)")));
}

TEST_F(Doctor, TheRuntimeTakesTheFirstConflist) {
  write("05-other.conflist", {{{"type", "bridge"}}});
  EXPECT_THAT(findings_about(examine(), "conflist"),
              ElementsAre(HasSubstr("05-other.conflist is the first")));
  std::filesystem::remove_all(conf_dir());
  EXPECT_THAT(findings_about(examine(), "conflist"), ElementsAre(HasSubstr("bad: there is none")));
}

TEST_F(Doctor, APluginThatIsMissingOrRefusesItsKeysIsBad) {
  write("10-catena.conflist", {node.config({{"mtu", "big"}}), {{"type", "catena-fly"}}});
  const json report = examine();
  EXPECT_THAT(findings_about(report, "10-catena.conflist: plugins[0]"),
              ElementsAre(AllOf(HasSubstr("bad: "), HasSubstr("mtu"))));
  EXPECT_THAT(findings_about(report, "10-catena.conflist: plugins[1].type"),
              ElementsAre(HasSubstr("bad: catena-fly is in none of")));
  EXPECT_EQ(report["good"], false);
}

TEST_F(Doctor, ChangesNothing) {
  const ScratchNetNs pod;
  node.add(pod, "pod-a");
  const std::string look =
      "ip addr; ip -4 rule; ip -6 rule; ip route show table all; nft list ruleset; "
      "sysctl -a 2>/dev/null | grep -E 'forward|rp_filter'";
  const std::string before = node.node.sh(look);
  const auto journal = base::read_file(node.state_dir() + "/journal", 1'000'000);
  examine();
  EXPECT_EQ(node.node.sh(look), before);
  EXPECT_EQ(*base::read_file(node.state_dir() + "/journal", 1'000'000), *journal);
}

}  // namespace
}  // namespace catena::test
