#include "cli/node_conflist.h"

#include <gmock/gmock.h>

#include "tests/support/kube/api_server.h"
#include "tests/unit/cli/written_conflist.h"

namespace catena::test {
namespace {

using base::ErrorKind;
using nlohmann::json;
using testing::HasSubstr;

class NodeConflist : public testing::Test {
 protected:
  NodeConflist() {
    const std::string kubeconfig =
        "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts:\n- name: a\n  context:\n"
        "    cluster: a\n    user: a\nclusters:\n- name: a\n  cluster:\n    server: " +
        server.url() + "\nusers:\n- name: a\n  user:\n    token: t\n";
    EXPECT_TRUE(base::replace_file(dir.path() + "/kubeconfig", kubeconfig).ok());
    options.api = dir.path() + "/kubeconfig";
    options.node = "worker-1";
    options.to = dir.path() + "/out.conflist";
  }

  void put_node(const json& spec) {
    server.objects().put({{"apiVersion", "v1"},
                          {"kind", "Node"},
                          {"metadata", {{"name", "worker-1"}}},
                          {"spec", spec}});
  }
  base::Result<cli::Report> write(const std::vector<json>& plugins) const {
    return node_conflist(options, written(dir, chain_of(plugins)).path);
  }
  json written_out() const {
    const auto text = base::read_file(options.to, 100'000);
    return text.ok() ? json::parse(*text) : json();
  }

  ApiServer server;
  TempDir dir;
  cli::Options options;
};

TEST_F(NodeConflist, HasThePodCidrsOfItsNode) {
  put_node({{"podCIDRs", {"172.30.7.0/24", "fd00:7::/64"}}});
  const json bandwidth{{"type", "bandwidth"}};
  const auto report = write(
      {{{"type", "catena-vpc-route"}, {"podCIDRs", {"1.2.3.0/24"}}, {"mtu", 1400}}, bandwidth});
  ASSERT_TRUE(report.ok()) << report.error().text();
  const json expected = chain_of({{{"type", "catena-vpc-route"},
                                   {"podCIDRs", {"172.30.7.0/24", "fd00:7::/64"}},
                                   {"mtu", 1400}},
                                  bandwidth});
  EXPECT_EQ(written_out(), expected);
}

TEST_F(NodeConflist, APluginThatIsAloneInItsFileGetsThemToo) {
  put_node({{"podCIDRs", {"172.30.7.0/24"}}});
  const json alone{{"cniVersion", "1.0.0"},
                   {"name", "n"},
                   {"type", "catena-vpc-route"},
                   {"ranges", json::array()}};
  const auto report = node_conflist(options, written(dir, alone).path);
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_EQ(written_out()["podCIDRs"], json::array({"172.30.7.0/24"}));
  EXPECT_FALSE(written_out().contains("ranges"));
}

TEST_F(NodeConflist, ANodeWithoutPodCidrIsATryLater) {
  put_node(json::object());
  const auto report = write({{{"type", "catena-vpc-route"}}});
  ASSERT_FALSE(report.ok());
  EXPECT_TRUE(report.error().is(ErrorKind::kTryAgain));
  EXPECT_THAT(report.error().text(), HasSubstr("node worker-1 has no podCIDR yet"));
  EXPECT_EQ(written_out(), json());
}

TEST_F(NodeConflist, ANodeThatIsNotThereIsNamed) {
  const auto report = write({{{"type", "catena-vpc-route"}}});
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.error().text(), HasSubstr("worker-1"));
  EXPECT_EQ(written_out(), json());
}

TEST_F(NodeConflist, WithoutVpcRouteNobodyIsAsked) {
  options.node = "";
  const auto report = write({{{"type", "catena-multiip"}}});
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_EQ(written_out(), chain_of({{{"type", "catena-multiip"}}}));
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(NodeConflist, NodeAndTargetMustBeNamed) {
  options.node = "";
  auto report = write({{{"type", "catena-vpc-route"}}});
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.error().text(), HasSubstr("--node NAME"));
  options.to = "out";
  report = write({{{"type", "catena-vpc-route"}}});
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.error().text(), HasSubstr("expected an absolute path"));
}

}  // namespace
}  // namespace catena::test
