// What happens to pods with an ENI of their own when the cloud, the agent or the node has trouble.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <optional>
#include <random>
#include <set>
#include <thread>

#include <gmock/gmock.h>

#include "common/ipam/store.h"
#include "tests/chain/in_service.h"
#include "tests/chain/own_enis.h"

namespace catena::test {
namespace {

using testing::HasSubstr;

class OwnEnisInService : public testing::Test {
 protected:
  explicit OwnEnisInService(int enis = 4) : nodes_(1, own_eni_scene(1, enis)) {
    install_own_enis(node(), json(), {{"growTimeout", 20}});
  }
  const SimNode& node() const { return nodes_[0]; }

  json call(const std::string& duty, const json& args = json::object()) const {
    const Outcome outcome = try_call(duty, args);
    EXPECT_EQ(outcome.exit_status, 0) << duty << ": " << outcome.err;
    return json::parse(outcome.out, nullptr, false);
  }
  Outcome try_call(const std::string& duty, const json& args = json::object()) const {
    return node().agent({duty, "--eni-conf", node().eni_conf(), "--args", args.dump()});
  }
  int made() const { return carried_out(nodes_, "CreateNetworkInterface"); }
  // ENIs of ours by id, with what they are in the cloud.
  json in_cloud() const {
    json enis = json::object();
    const json dump = nodes_.ctl({"dump"});
    for (const json& eni : dump.at("world").at("enis")) {
      if (eni.at("tags").contains("catena-owner")) {
        enis[eni.at("id").get<std::string>()] = eni;
      }
    }
    return enis;
  }
  std::set<std::string> in_store() const {
    std::set<std::string> ids;
    for (const ipam::Eni& eni : ipam::Store(node().state_dir(), {}).cloud().value().enis) {
      ids.insert(eni.id);
    }
    return ids;
  }
  std::set<std::string> ids_in_cloud() const {
    std::set<std::string> ids;
    const json enis = in_cloud();
    for (const auto& [id, eni] : enis.items()) {
      ids.insert(id);
    }
    return ids;
  }
  bool is_in(const ScratchNetNs& netns, const json& eni) const {
    return nics_in(netns).find(eni.at("mac").get<std::string>()) != std::string::npos;
  }
  // Each pod has the NIC of one of ours, and what no pod has is on the node.
  void expect_every_nic_in_its_place(const Pods& pods) const {
    std::size_t in_pods = 0;
    const json enis = in_cloud();
    for (const auto& [id, eni] : enis.items()) {
      const auto holder = std::ranges::find_if(
          pods, [&, &nic = eni](const auto& pod) { return is_in(pod->netns, nic); });
      in_pods += holder == pods.end() ? 0U : 1U;
      if (eni.at("plugged").get<bool>()) {
        EXPECT_TRUE(holder != pods.end() || is_in(node().netns(), eni))
            << id << " is neither on the node nor in a pod";
      }
    }
    EXPECT_EQ(in_pods, pods.size());
  }
  void stop_asking(const Pods& pods) const {
    for (const auto& pod : pods) {
      const Outcome deleted = node().cnitool("del", pod->netns, asking());
      EXPECT_EQ(deleted.exit_status, 0) << deleted.out << deleted.err << node().log();
    }
  }

  SimNodes nodes_;
};

TEST_F(OwnEnisInService, APodBeyondTheLimitIsToldWhyAndStartsWhenAnotherHasGone) {
  Pods pods;
  for (int i = 0; i < 3; ++i) {
    pods.push_back(start_asking(node()));
  }
  ASSERT_FALSE(HasFailure());
  const ScratchNetNs one_more;
  const Outcome refused = node().cnitool("add", one_more, asking());
  EXPECT_NE(refused.exit_status, 0);
  EXPECT_THAT(refused.out + refused.err, HasSubstr("test.own"));
  expect_every_nic_in_its_place(pods);

  ASSERT_EQ(node().cnitool("del", pods.back()->netns, asking()).exit_status, 0);
  pods.pop_back();
  // The failure is remembered for 10 s, a free ENI found before it is asked for.
  pods.push_back(start_asking(node()));
  EXPECT_EQ(made(), 3);
  expect_every_nic_in_its_place(pods);
  stop_asking(pods);
}

TEST_F(OwnEnisInService, AnAttachThatFallsBackCostsNoSecondEni) {
  nodes_.ctl({"plan_fault", "kind=attach_fails", "count=1"});
  Pods pods;
  pods.push_back(start_asking(node()));
  EXPECT_EQ(made(), 1);
  expect_every_nic_in_its_place(pods);
  stop_asking(pods);
}

TEST_F(OwnEnisInService, AnAttachSlowerThanTheRuntimesPatienceServesTheNextTry) {
  install_own_enis(node(), json(), {{"growTimeout", 2}});
  nodes_.ctl({"configure", R"(delays={"attach":[5000,5000]})"});
  const ScratchNetNs given_up;
  const Outcome slow = node().cnitool("add", given_up, asking());
  EXPECT_NE(slow.exit_status, 0) << "the attach took 5 s, and 2 s were allowed";
  ASSERT_EQ(node().cnitool("del", given_up, asking()).exit_status, 0);

  std::this_thread::sleep_for(std::chrono::seconds(5));
  install_own_enis(node(), json(), {{"growTimeout", 20}});
  Pods pods;
  Outcome again;
  for (int i = 0; i < 4 && pods.empty(); ++i) {  // the first failure is remembered for 10 s
    auto pod = std::make_unique<Pod>();
    again = node().cnitool("add", pod->netns, asking());
    if (again.exit_status == 0) {
      pods.push_back(std::move(pod));
    } else {
      std::this_thread::sleep_for(std::chrono::seconds(4));
    }
  }
  EXPECT_EQ(pods.size(), 1U) << again.out << again.err;
  EXPECT_EQ(made(), 1);
  expect_every_nic_in_its_place(pods);
  stop_asking(pods);
}

TEST_F(OwnEnisInService, ADetachThatHangsHoldsUpNoPodAndEndsLater) {
  {
    Pods pods;
    pods.push_back(start_asking(node()));
    stop_asking(pods);
  }
  ASSERT_FALSE(HasFailure());
  const std::string hanging = *in_store().begin();
  nodes_.ctl({"plan_fault", "kind=detach_sticks", "count=1"});
  std::thread release([&] {
    (void)node().agent(
        {"release", "--eni-conf", node().eni_conf(), "--eni", hanging, "--deadline", "3"});
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  Pods pods;
  pods.push_back(start_asking(node()));
  release.join();
  EXPECT_FALSE(HasFailure());
  EXPECT_EQ(made(), 2);
  call("recover");
  EXPECT_EQ(ids_in_cloud().count(hanging), 0U);
  EXPECT_EQ(in_store(), ids_in_cloud());
  expect_every_nic_in_its_place(pods);
  stop_asking(pods);
}

TEST_F(OwnEnisInService, AnAgentRestartedMidwayMakesNoSecondEni) {
  nodes_.ctl({"configure", R"(delays={"attach":[1500,1500]})"});
  Agent agent(node());
  Pods pods;
  std::thread starting([&] {
    auto pod = std::make_unique<Pod>();
    for (int i = 0; i < 5; ++i) {
      if (node().cnitool("add", pod->netns, asking()).exit_status == 0) {
        pods.push_back(std::move(pod));
        return;
      }
      (void)node().cnitool("del", pod->netns, asking());
      pod = std::make_unique<Pod>();
      std::this_thread::sleep_for(std::chrono::seconds(3));
    }
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(1'000));
  agent.kill();
  agent.start();
  starting.join();
  EXPECT_EQ(pods.size(), 1U) << node().log();
  EXPECT_EQ(made(), 1);
  expect_every_nic_in_its_place(pods);
  stop_asking(pods);
}

TEST_F(OwnEnisInService, AfterARebootPodsHaveTheirEnisAgainThoughTheOpenApiIsDown) {
  Pods before;
  before.push_back(start_asking(node()));
  before.push_back(start_asking(node()));
  ASSERT_FALSE(HasFailure());
  before.clear();  // the simulated NICs fall back to the node, as hardware's do
  node().netns().sh(
      "for i in $(seq 100); do [ $(ip -o link | grep -c 00:16:3e) = 3 ] && break; sleep 0.1; done; "
      "ip rule flush; ip rule add pref 32766 lookup main; ip rule add pref 32767 lookup default; "
      "nft flush ruleset; true");
  const NewBoot boot;
  nodes_.ctl({"fault", "what=refused", "count=-1"});
  Pods after;
  after.push_back(start_asking(node()));
  after.push_back(start_asking(node()));
  ASSERT_FALSE(HasFailure());
  expect_every_nic_in_its_place(after);
  EXPECT_TRUE(can_ping(after[0]->netns, after[1]->addresses.at(0).to_string()));
  EXPECT_TRUE(can_ping(node().netns(), after[0]->addresses.at(0).to_string()));
  EXPECT_EQ(made(), 2);
  stop_asking(after);
}

TEST_F(OwnEnisInService, AnEniDeletedInTheConsoleUnderAPodIsForgottenAfterItsDel) {
  Pods pods;
  pods.push_back(start_asking(node()));
  ASSERT_FALSE(HasFailure());
  const std::string lost = *in_store().begin();
  nodes_.ctl({"detach_eni", "eni=" + lost});
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  nodes_.ctl({"delete_eni", "eni=" + lost});
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  call("pool.sync");
  stop_asking(pods);
  call("pool.sync");
  EXPECT_EQ(in_store().count(lost), 0U);
  Pods next;
  next.push_back(start_asking(node()));
  expect_every_nic_in_its_place(next);
  stop_asking(next);
}

// Faults of the cloud that an ADD may meet, one now and then.
void trouble_the_cloud(const SimNodes& nodes, unsigned which) {
  switch (which) {
    case 0:
      nodes.ctl({"plan_fault", "kind=attach_fails", "count=1"});
      break;
    case 1:
      nodes.ctl({"fault", "what=lost", "when=after", "count=1"});
      break;
    case 2:
      nodes.ctl({"fault", "what=error", "count=2"});
      break;
    case 3:
      nodes.ctl({"fault", "action=CreateNetworkInterface", "what=lost", "when=after", "count=1"});
      break;
    default:
      nodes.ctl({"fault", "action=AttachNetworkInterface", "what=error", "when=after", "count=1"});
      break;
  }
}

// The machine has room for more ENIs than pods live at once, since one that is given back takes its
// room for some seconds: Describe calls must show twice, 4 s apart, that it is gone.
class ComingAndGoing : public OwnEnisInService {
 protected:
  ComingAndGoing() : OwnEnisInService(13) {
    install_own_enis(node(), json(), {{"growTimeout", 15}});
  }
  ~ComingAndGoing() override { finish_release(); }
  ComingAndGoing(const ComingAndGoing&) = delete;
  ComingAndGoing& operator=(const ComingAndGoing&) = delete;
  ComingAndGoing(ComingAndGoing&&) = delete;
  ComingAndGoing& operator=(ComingAndGoing&&) = delete;
  bool chance(unsigned percent) { return random_() % 100 < percent; }
  // Not at all, or in the midst of it.
  unsigned killed_after() { return static_cast<unsigned>(chance(50) ? 1 + random_() % 400 : 0); }
  int count(const std::string& action) const { return carried_out(nodes_, action); }

  // What is idle goes, so that a later pod needs a new one. The agent would wait until it has
  // cooled.
  void begin_release() {
    finish_release();
    ipam::Store store(node().state_dir(), {});
    for (const ipam::EniStock& one : store.stock().value()) {
      if (one.is_idle({base::Family::kIpv4})) {
        release_ = std::thread([this, id = one.eni.id] {
          (void)node().agent(
              {"release", "--eni-conf", node().eni_conf(), "--eni", id, "--deadline", "20"});
        });
        return;
      }
    }
  }
  void finish_release() {
    if (release_.joinable()) {
      release_.join();
    }
  }

  void disturb() {
    if (chance(is_full_run() ? 5 : 20)) {
      begin_release();
    }
    if (chance(8)) {
      agent_->kill();
      agent_->start();
      ++agents_;
    }
    if (chance(15)) {
      trouble_the_cloud(nodes_, static_cast<unsigned>(random_() % 5));
      ++faults_;
    }
    node().netns().sh("rm -f " + node().state_dir() + "/grow-eni.failure");  // as if 10 s later
  }
  void start_one() {
    auto pod = std::make_unique<Pod>();
    ++adds_;
    if (node().cnitool_killed_after(killed_after(), "add", pod->netns, asking()).exit_status == 0) {
      living_.push_back(std::move(pod));
      ++started_;
      return;
    }
    ++killed_;
    take_down(std::move(pod), 0);
  }
  void end_one() {
    const std::size_t which = random_() % living_.size();
    std::unique_ptr<Pod> pod = std::move(living_[which]);
    living_.erase(living_.begin() + static_cast<std::ptrdiff_t>(which));
    ++dels_;
    take_down(std::move(pod), killed_after());
  }
  void take_down(std::unique_ptr<Pod> pod, unsigned after_ms) {
    if (node().cnitool_killed_after(after_ms, "del", pod->netns, asking()).exit_status != 0) {
      ++killed_;
      if (chance(80)) {  // else the runtime forgets, and garbage collection finds it
        (void)node().cnitool("del", pod->netns, asking());
      }
    }
    retire(std::move(pod));
  }
  // What is left is what pods have.
  void settle() {
    finish_release();
    agent_.reset();
    nodes_.ctl({"clear_faults"});
    call("gc", {{"olderThan", 0}});
    call("recover");
    call("pool.sync");
    EXPECT_EQ(in_store(), ids_in_cloud());
    expect_every_nic_in_its_place(living_);
  }

  std::mt19937 random_{seed_of_run()};
  std::optional<Agent> agent_;
  std::thread release_;
  Pods living_;
  int adds_ = 0;
  int dels_ = 0;
  int started_ = 0;
  int killed_ = 0;
  int agents_ = 0;
  int faults_ = 0;
};

TEST_F(ComingAndGoing, RandomKillsAndFaultsLeaveNoEniAndNoNicAstray) {
  allow_many_descriptors();
  const int rounds = is_full_run() ? 1'000 : 14;
  agent_.emplace(node());
  for (int round = 0; round < rounds; ++round) {
    disturb();
    if (living_.size() == 3 || (!living_.empty() && chance(40))) {
      end_one();
    } else {
      start_one();
    }
  }
  std::printf(
      "%d ADDs, %d DELs, %d of them killed or failed, %d pods started, %zu live, agent killed %d "
      "times, %d faults of the cloud; %d ENIs made, %d detached, %d deleted\n",
      adds_, dels_, killed_, started_, living_.size(), agents_, faults_, made(),
      count("DetachNetworkInterface"), count("DeleteNetworkInterface"));
  EXPECT_GE(made(), is_full_run() ? 25 : 2);
  EXPECT_GT(started_, rounds / 10);
  settle();
  for (const auto& pod : living_) {
    EXPECT_EQ(node().cnitool("check", pod->netns, asking()).exit_status, 0);
  }
  stop_asking(living_);
  expect_every_nic_in_its_place({});
  EXPECT_EQ(node().netns().sh("ip -o link | grep ctn; true"), "");
}

}  // namespace
}  // namespace catena::test
