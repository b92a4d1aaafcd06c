// A pod with an ENI of its own, under policies that a running agent keeps on its NIC.
#include <csignal>
#include <fstream>
#include <memory>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/agent/watched_node.h"
#include "tests/kernel/eni/own_eni_node.h"
#include "tests/support/faults.h"
#include "tests/support/must.h"
#include "tests/support/plugin_call.h"
#include "tests/support/prober.h"

namespace catena::test {
namespace {

using base::IpAddress;
using nlohmann::json;
using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr const char* kPod = "192.168.0.31";
constexpr const char* kOtherNode = "192.168.1.10";
constexpr const char* kOwnNode = "192.168.0.10";
constexpr milliseconds kWhile{150};

class OwnEniUnderPolicy : public testing::Test {
 protected:
  OwnEniUnderPolicy() {
    scene_.node().run([this] { api_ = std::make_unique<ApiServer>(); });
    std::ofstream(scene_.dir() + "/kubeconfig") << kubeconfig_of(api_->config());
    put({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "shop"}}}});
    api_->objects().put(pod_of_shop("web", "u-1"));
  }

  void put(const json& object) const { api_->objects().put(object); }
  void put_policy(const std::string& name, const json& spec) const {
    put({{"apiVersion", "networking.k8s.io/v1"},
         {"kind", "NetworkPolicy"},
         {"metadata", {{"name", name}, {"namespace", "shop"}}},
         {"spec", spec}});
  }
  void remove_policy(const std::string& name) const {
    api_->objects().remove("NetworkPolicy", "shop", name);
  }
  void start_agent(const std::string& backend = "nftables") {
    agent_ = std::make_unique<RunningAgent>(
        scene_.node(), scene_.state_dir(),
        std::vector<std::string>{"--api", scene_.dir() + "/kubeconfig", "--node-name", "node-1",
                                 "--pool", "off", "--policy-backend", backend},
        // The lock of the iptables commands is this test's own.
        RunningAgent::Environment{{"XTABLES_LOCKFILE", scene_.dir() + "/xtables.lock"}});
    EXPECT_TRUE(eventually([&] { return agent_->metric("catena_agent_policy_synced") == 1; }))
        << agent_->log();
  }

  PluginSite site(const std::string& socket) const {
    PluginSite site = site_without_agent("catena-policy", scene_.node(), scene_.dir());
    site.environment = {{"CNI_PATH", scene_.dir()}, {"CATENA_SOCKET", socket}};
    return site;
  }
  Answer call(const PluginSite& site, const std::string& command, const json& keys,
              const std::vector<std::string>& wrapper = {}) const {
    json config = {{"cniVersion", "1.1.0"},
                   {"name", "testnet"},
                   {"type", "catena-policy"},
                   {"stateDir", scene_.state_dir()},
                   {"prevResult", link_}};
    config.update(keys);
    return call_plugin(site, {.command = command,
                              .netns = pod_.path(),
                              .args = "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web;"
                                      "K8S_POD_UID=u-1",
                              .config = config,
                              .wrapper = wrapper});
  }
  Answer policy(const std::string& command, const json& keys = json::object()) const {
    return call(site(agent_->socket()), command, keys);
  }
  void add() {
    link_ = scene_.add(pod_, "pod-a", closed_).json;
    const Answer added = policy("ADD");
    EXPECT_TRUE(added.ok()) << added.process.out;
  }
  void del() const {
    EXPECT_TRUE(policy("DEL").ok());
    EXPECT_TRUE(scene_.del(pod_.path(), "pod-a", closed_).ok());
  }
  static Prober probing(const ScratchNetNs& from, const ScratchNetNs& to, const char* address) {
    return Prober({.from = from, .to = to, .destination = must(IpAddress::parse(address))});
  }

  const OwnEniNode scene_{{.enis = 1}};
  const ScratchNetNs pod_;
  const json closed_ = {{"closedUntilPolicy", true}, {"coolSeconds", 0}};
  json link_;
  std::unique_ptr<ApiServer> api_;
  std::unique_ptr<RunningAgent> agent_;
};

TEST_F(OwnEniUnderPolicy, HasNoMomentWithoutOne) {
  put_policy("deny", {{"podSelector", json::object()}, {"policyTypes", {"Ingress", "Egress"}}});
  start_agent();
  const Prober in = probing(scene_.vpc.b(), pod_, kPod);
  const Prober out = probing(pod_, scene_.vpc.b(), kOtherNode);
  const Prober to_node = probing(pod_, scene_.node(), kOwnNode);
  const auto arrived = [&] { return in.arrived() + out.arrived() + to_node.arrived(); };
  for (int time = 0; time < 2; ++time) {
    add();
    std::this_thread::sleep_for(kWhile);
    put_policy("more", {{"podSelector", json::object()},
                        {"ingress", {{{"from", {{{"ipBlock", {{"cidr", "203.0.113.0/24"}}}}}}}}}});
    std::this_thread::sleep_for(kWhile);
    agent_.reset();
    std::this_thread::sleep_for(kWhile);
    start_agent();
    std::this_thread::sleep_for(kWhile);
    del();
    EXPECT_EQ(arrived(), 0) << "time " << time;
  }
  add();
  EXPECT_TRUE(can_ping(scene_.node(), kPod)) << "its own node's probes";
  EXPECT_EQ(arrived(), 0);
  remove_policy("deny");
  EXPECT_TRUE(out.arrives()) << "the probers work";
  EXPECT_TRUE(to_node.arrives());
  put_policy("more", {{"podSelector", json::object()},
                      {"ingress", {{{"from", {{{"ipBlock", {{"cidr", "192.168.1.0/24"}}}}}}}}}});
  EXPECT_TRUE(in.arrives());
}

// The plugin gives up after 2 s and shuts the pod by itself while the agent comes to it.
TEST_F(OwnEniUnderPolicy, DoesNotStayShutWhereTheAgentsAnswerComesTooLate) {
  start_agent();
  const Prober in = probing(scene_.vpc.b(), pod_, kPod);
  const Prober out = probing(pod_, scene_.vpc.b(), kOtherNode);
  for (const int late : {1'950, 2'000, 2'060}) {
    link_ = scene_.add(pod_, "pod-a", closed_).json;
    agent_->signal(SIGSTOP);
    {
      const std::jthread again([&] {
        std::this_thread::sleep_for(milliseconds(late));
        agent_->signal(SIGCONT);
      });
      EXPECT_TRUE(policy("ADD", {{"waitSeconds", 2}}).ok());
    }
    EXPECT_TRUE(in.arrives()) << late << " ms";
    EXPECT_TRUE(out.arrives()) << late << " ms";
    del();
  }
}

// Of what a plugin does inside a pod nobody tells an agent that has done its part before.
TEST_F(OwnEniUnderPolicy, DoesNotStayShutWhereThePluginIsSlowToShutIt) {
  start_agent();
  const Prober in = probing(scene_.vpc.b(), pod_, kPod);
  const Prober out = probing(pod_, scene_.vpc.b(), kOtherNode);
  add();
  EXPECT_TRUE(in.arrives());
  const Answer alone = call(site("/run/nobody"), "ADD", json::object(),
                            delayer({.name = "setns", .occurrence = 1}, milliseconds(600)));
  EXPECT_TRUE(alone.ok()) << alone.process.out;
  EXPECT_TRUE(in.arrives(5, milliseconds(3'000))) << agent_->log();
  EXPECT_TRUE(out.arrives(5, milliseconds(3'000)));
  EXPECT_TRUE(policy("CHECK").ok()) << policy("CHECK").process.out;
}

// Inside a pod nobody tells the agent of it.
TEST_F(OwnEniUnderPolicy, CheckFindsARuleThatSomebodyTookAway) {
  put_policy("deny", {{"podSelector", json::object()}, {"policyTypes", {"Ingress", "Egress"}}});
  start_agent();
  add();
  EXPECT_TRUE(policy("CHECK").ok()) << policy("CHECK").process.out;
  pod_.sh("nft flush map inet catena in4");
  Answer answer = policy("CHECK");
  EXPECT_EQ(answer.code(), 100);
  EXPECT_THAT(answer.message(),
              HasSubstr("inside the pod: map in4 does not lead " + std::string(kPod)));
  EXPECT_TRUE(policy("ADD").ok()) << "ADD again";
  EXPECT_TRUE(policy("CHECK").ok()) << policy("CHECK").process.out;
  pod_.sh(
      "nft flush chain inet catena "
      "$(nft list table inet catena | grep -oE 'chain eg-[0-9a-f]+' | cut -d' ' -f2)");
  answer = policy("CHECK");
  EXPECT_EQ(answer.code(), 100);
  EXPECT_THAT(answer.message(), HasSubstr("has not the rules that it should have"));
  agent_.reset();
}

TEST_F(OwnEniUnderPolicy, CheckFindsWhatIsMissingWhereTheAgentWritesByIptables) {
  put_policy("deny", {{"podSelector", json::object()}, {"policyTypes", {"Ingress", "Egress"}}});
  start_agent("iptables");
  add();
  const Prober in = probing(scene_.vpc.b(), pod_, kPod);
  std::this_thread::sleep_for(kWhile);
  EXPECT_EQ(in.arrived(), 0);
  EXPECT_TRUE(policy("CHECK").ok()) << policy("CHECK").process.out;
  pod_.sh("iptables-legacy -t mangle -F");
  const Answer answer = policy("CHECK");
  EXPECT_EQ(answer.code(), 100);
  EXPECT_THAT(answer.message(), HasSubstr("inside the pod: "));
  EXPECT_TRUE(policy("ADD").ok()) << "ADD again";
  EXPECT_TRUE(policy("CHECK").ok()) << policy("CHECK").process.out;
  remove_policy("deny");
  EXPECT_TRUE(in.arrives());
}

}  // namespace
}  // namespace catena::test
