// A node that Catena leaves is as it was before.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/file.h"
#include "tests/kernel/cli/catena_call.h"
#include "tests/support/paths.h"
#include "tests/support/test_node.h"

namespace catena::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

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
