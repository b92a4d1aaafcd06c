// A node that Catena leaves is as it was before.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/file.h"
#include "common/netpol/record.h"
#include "tests/kernel/cli/catena_call.h"
#include "tests/support/paths.h"
#include "tests/support/test_node.h"

namespace catena::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class Uninstall : public testing::Test {
 protected:
  Uninstall() {
    fs::create_directories(conf_dir());
    fs::create_directories(programs());
    write(conf_dir() + "/10-catena.conflist",
          json{{"cniVersion", "1.0.0"}, {"name", "testnet"}, {"plugins", {node.config()}}}.dump());
    write(conf_dir() + "/20-other.conflist", R"({"name": "x", "plugins": [{"type": "bridge"}]})");
    for (const char* name : {"catena-vpc-route", "catena-agent", "bridge"}) {
      write(programs() + "/" + name, "#!/bin/sh\n");
    }
  }

  std::string conf_dir() const { return node.dir() + "/net.d"; }
  std::string programs() const { return node.dir() + "/bin"; }
  static void write(const std::string& path, const std::string& text) {
    EXPECT_TRUE(base::replace_file(path, text, 0755).ok());
  }

  Outcome uninstall(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"uninstall", "--conf-dir", conf_dir(), "--bin-dir", programs()});
    return catena_on(node.node, {more, node.state_dir(), {}});
  }
  // Rules, routes, links and firewall.
  std::string kernel() const {
    return node.node.sh(
        "ip -4 rule; ip -6 rule; ip route show table all; ip -o link | sed 's/^[0-9]*: //'; "
        "nft list ruleset");
  }

  TestNode node{"catena-vpc-route"};
  ScratchNetNs pod;
};

TEST_F(Uninstall, TakesAllOfCatenaAndNothingElse) {
  const std::string before = kernel();
  node.add(pod, "pod-a");
  EXPECT_EQ(node.del(pod.path(), "pod-a").process.exit_status, 0);
  node.node.sh(
      "ip rule add fwmark 0x100000/0xff00000 lookup 20201 priority 601 protocol 202 && "
      "ip route add default via 192.168.0.1 dev nic0 table 20201 proto 202 && "
      "ip -6 rule add lookup 20200 priority 512 protocol 202 && "
      "ip route add 172.30.1.9/32 dev nic0 table 20200 proto 202");
  const Outcome done = uninstall();
  EXPECT_EQ(done.exit_status, 0) << done.err;
  EXPECT_EQ(kernel(), before);
  EXPECT_FALSE(fs::exists(node.state_dir()));
  EXPECT_FALSE(fs::exists(conf_dir() + "/10-catena.conflist"));
  EXPECT_FALSE(fs::exists(programs() + "/catena-agent"));
  EXPECT_TRUE(fs::exists(conf_dir() + "/20-other.conflist"));
  EXPECT_TRUE(fs::exists(programs() + "/bridge"));
  EXPECT_THAT(done.out, HasSubstr("delete table inet catena\n"));

  const Outcome again = uninstall();
  EXPECT_EQ(again.exit_status, 0) << again.err;
}

TEST_F(Uninstall, TakesTheIfbsOfLimitsAndNoOthers) {
  node.node.sh(
      "ip link add ctbgsnileugdedx type ifb && "
      "ip link set ctbgsnileugdedx alias 'catena-bandwidth testnet pod-a/eth0' && "
      "ip link add ifb-other type ifb && ip link add ctbveth type veth peer name far");
  const std::string before = kernel();
  EXPECT_THAT(uninstall({"--dry-run"}).out,
              HasSubstr("would delete link ctbgsnileugdedx (catena-bandwidth testnet pod-a/eth0)"));
  EXPECT_EQ(kernel(), before);
  const Outcome done = uninstall();
  EXPECT_EQ(done.exit_status, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("delete link ctbgsnileugdedx"));
  EXPECT_FALSE(node.node.sh_ok("ip link show ctbgsnileugdedx"));
  EXPECT_TRUE(node.node.sh_ok("ip link show ifb-other && ip link show ctbveth"));
}

TEST_F(Uninstall, TakesRulesAndSetsOfIptablesAndNobodyElses) {
  const std::vector<std::pair<std::string, std::string>> own_lock{
      {"XTABLES_LOCKFILE", node.dir() + "/xtables.lock"}};
  const auto saved = [this] {
    return node.node.sh(
        "for i in iptables ip6tables; do $i-legacy-save -t mangle | "
        "sed 's/ \\[.*//; /^#/d'; done");
  };
  node.node.sh("iptables-legacy -t mangle -A FORWARD -j ACCEPT && ip6tables-legacy -t mangle -S");
  const std::string before = saved();
  const std::string model =
      R"({"sets": {"s4-1": {"kind": "addresses", "family": 4, "members": ["10.1.0.9"]}},
          "chains": {"p-in-1": [{"protocol": 6, "ports": [80, 80], "peers": "s4-1"}]},
          "subjects": {"a": {"addresses": ["10.1.0.1"], "ingress": ["p-in-1"]}}})";
  const Outcome applied =
      run_process({bin_dir() + "/catena-xtables", "apply"},
                  {.input = model, .environment = own_lock, .netns_fd = node.node.fd()});
  ASSERT_EQ(applied.exit_status, 0) << applied.err;
  EXPECT_THAT(saved(), HasSubstr("CATENA-"));
  const auto call = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"uninstall", "--conf-dir", conf_dir(), "--bin-dir", programs()});
    return catena_on(node.node, {words, node.state_dir(), own_lock});
  };
  constexpr const char* kStep = "remove the rules and sets of catena-xtables";
  EXPECT_THAT(call({"--dry-run"}).out, HasSubstr(std::string("would ") + kStep));
  EXPECT_THAT(saved(), HasSubstr("CATENA-"));
  const Outcome done = call({});
  EXPECT_EQ(done.exit_status, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr(kStep));
  EXPECT_EQ(saved(), before);
  const Outcome left =
      run_process({bin_dir() + "/catena-xtables", "check"},
                  {.input = "{}", .environment = own_lock, .netns_fd = node.node.fd()});
  EXPECT_THAT(left.out, HasSubstr(R"({"differences":[]})"));
  EXPECT_THAT(call({}).out, Not(HasSubstr(kStep))) << "nothing of it is left";
}

TEST_F(Uninstall, TakesPoliciesInsidePodsWithANicOfTheirOwn) {
  netpol::Record record;
  record.container_id = "c";
  record.if_name = "eth0";
  record.netns = pod.path();
  record.own_nic = true;
  record.pod_namespace = "shop";
  record.pod_name = "web";
  ASSERT_TRUE(netpol::Records(node.state_dir()).write(record).ok());
  pod.sh("nft add table inet catena; nft add table inet other");
  const Outcome done = uninstall();
  EXPECT_EQ(done.exit_status, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("delete table inet catena inside shop/web"));
  EXPECT_EQ(pod.sh("nft list tables"), "table inet other\n");
}

TEST_F(Uninstall, ADryRunNamesItAllAndChangesNothing) {
  node.add(pod, "pod-a");
  const std::string before = kernel();
  const Outcome named = uninstall({"--dry-run"});
  EXPECT_EQ(named.exit_status, 0) << named.err;
  for (const char* what : {"would remove", "10-catena.conflist", "would delete link ctn",
                           "would delete table inet catena", "catena-vpc-route"}) {
    EXPECT_THAT(named.out, HasSubstr(what));
  }
  EXPECT_EQ(kernel(), before);
  EXPECT_TRUE(fs::exists(node.state_dir() + "/journal"));
  EXPECT_TRUE(fs::exists(conf_dir() + "/10-catena.conflist"));
}

TEST_F(Uninstall, IsRefusedWhilePodsRunUnlessForced) {
  node.add(pod, "pod-a");
  const std::string before = kernel();
  const Outcome refused = uninstall();
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err, HasSubstr("1 addresses of this node are held by pods"));
  EXPECT_EQ(kernel(), before);
  EXPECT_TRUE(fs::exists(conf_dir() + "/10-catena.conflist"));
  const Outcome forced = uninstall({"--force"});
  EXPECT_EQ(forced.exit_status, 0) << forced.err;
  EXPECT_EQ(node.leftovers(), "");
  EXPECT_FALSE(fs::exists(node.state_dir()));
}

TEST_F(Uninstall, ADirectoryThatIsNoStoreIsLeftAlone) {
  fs::create_directories(node.state_dir());
  write(node.state_dir() + "/letter", "dear");
  EXPECT_EQ(uninstall().exit_status, 0);
  EXPECT_TRUE(fs::exists(node.state_dir() + "/letter"));
}

}  // namespace
}  // namespace catena::test
