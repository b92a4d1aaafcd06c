// A simulation that was killed, and the next one in its state directory.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "sim/dataplane/named_netns.h"
#include "tests/kernel/sim/vpc.h"

namespace catena::test {
namespace {

bool exists(const std::string& name) { return std::filesystem::exists("/run/netns/" + name); }

sim::NetnsPlaneOptions options(const std::string& vpc) { return {.vpc_netns = vpc}; }

struct Simulation {
  std::unique_ptr<sim::StateDir> state;
  std::unique_ptr<sim::NetnsPlane> plane;
};

base::Result<Simulation> start(const std::string& state_dir, const std::string& vpc) {
  Simulation simulation;
  simulation.state = std::make_unique<sim::StateDir>(TRY(sim::StateDir::open(state_dir)));
  simulation.plane = TRY(sim::NetnsPlane::start(*simulation.state, options(vpc)));
  return simulation;
}

// A process that runs a simulation with node `node` and one ENI in `pod`, until it is killed.
pid_t run_until_killed(const std::string& state_dir, const std::string& vpc,
                       const std::string& node, const ScratchNetNs& pod) {
  std::array<int, 2> ready{};
  EXPECT_EQ(::pipe(ready.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    base::Result<Simulation> simulation = start(state_dir, vpc);
    bool ok = simulation.ok();
    if (ok) {
      sim::NetnsPlane& plane = *simulation->plane;
      ok = plane.add_switch({"vsw", prefix("10.1.0.0/24"), ip("10.1.0.253"), {}, {}}).ok() &&
           plane.add_node({"i-1", node, nic("eni-1", "00:16:3e:00:00:01", "vsw", {"10.1.0.1"})})
               .ok() &&
           plane.plug("i-1", nic("eni-2", "00:16:3e:00:00:02", "vsw", {"10.1.0.2"})).ok();
      const ScratchNetNs machine("/run/netns/" + node);
      machine.sh("ip link set eth1 netns " + pod.path());
    }
    const char answer = ok ? 'y' : 'n';
    (void)!::write(ready[1], &answer, 1);
    ::pause();
    ::_exit(0);
  }
  char answer = 'n';
  EXPECT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  ::close(ready[0]);
  ::close(ready[1]);
  return child;
}

void kill_and_reap(pid_t child) {
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST(VpcLeftovers, TheNextStartRemovesWhatAKilledOneLeft) {
  const TempDir dir;
  const ScratchNetNs pod;
  const std::string vpc = netns_name("kill-vpc");
  const std::string node = netns_name("kill-node");
  kill_and_reap(run_until_killed(dir.path(), vpc, node, pod));
  EXPECT_TRUE(exists(vpc));
  EXPECT_TRUE(exists(node));
  EXPECT_TRUE(pod.sh_ok("ip link show eth1"));
  base::Result<Simulation> next = start(dir.path(), vpc);
  ASSERT_TRUE(next.ok()) << next.error().text();
  EXPECT_FALSE(exists(node));
  EXPECT_FALSE(pod.sh_ok("ip link show eth1"));
  EXPECT_TRUE(exists(vpc));  // its own by now
  next->plane.reset();
  EXPECT_FALSE(exists(vpc));
}

TEST(VpcLeftovers, ANamespaceThatAnotherMadeUnderTheSameNameStays) {
  const TempDir dir;
  const TempDir other_dir;
  const ScratchNetNs pod;
  const std::string vpc = netns_name("same-vpc");
  const std::string node = netns_name("same-node");
  kill_and_reap(run_until_killed(dir.path(), vpc, node, pod));
  base::Result<sim::StateDir> other = sim::StateDir::open(other_dir.path());
  ASSERT_TRUE(other.ok());
  must(sim::remove_named_netns(*other, node));
  base::Result<netlink::NetNs> theirs = sim::create_named_netns(*other, node);
  ASSERT_TRUE(theirs.ok()) << theirs.error().text();
  base::Result<Simulation> next = start(dir.path(), vpc);
  ASSERT_TRUE(next.ok()) << next.error().text();
  EXPECT_TRUE(exists(node));
  must(sim::remove_named_netns(*other, node));
}

TEST(VpcLeftovers, ANameThatIsTakenIsRefusedAndLeftAlone) {
  const TempDir dir;
  const std::string name = netns_name("taken");
  std::ofstream("/run/netns/" + name) << "mine";
  const base::Result<Simulation> refused = start(dir.path(), name);
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(refused.error().is(base::ErrorKind::kExists)) << refused.error().text();
  EXPECT_TRUE(start(dir.path(), netns_name("free")).ok());
  EXPECT_TRUE(exists(name));
  std::filesystem::remove("/run/netns/" + name);
}

TEST(VpcLeftovers, TwoSimulationsDoNotDisturbEachOther) {
  const TempDir dir;
  const TempDir other_dir;
  const base::Result<Simulation> one = start(dir.path(), netns_name("one"));
  ASSERT_TRUE(one.ok()) << one.error().text();
  const base::Result<Simulation> again = start(dir.path(), netns_name("again"));
  ASSERT_FALSE(again.ok());
  EXPECT_TRUE(again.error().is(base::ErrorKind::kTryAgain)) << again.error().text();
  {
    const base::Result<Simulation> other = start(other_dir.path(), netns_name("other"));
    ASSERT_TRUE(other.ok()) << other.error().text();
  }
  EXPECT_TRUE(exists(netns_name("one")));
}

}  // namespace
}  // namespace catena::test
