// A running agent's NetworkPolicies on a large node: from an object's change at the API server to
// the kernel, and what the agent itself takes.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <poll.h>
#include <thread>
#include <utility>

#include "common/firewall/table.h"
#include "common/netlink/watch.h"
#include "tests/bench/cases.h"
#include "tests/bench/policy_agent.h"
#include "tests/bench/policy_cluster.h"
#include "tests/bench/rigs.h"
#include "tests/support/must.h"

namespace catena::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::must;

constexpr unsigned kNftablesGroup = 7;  // NFNLGRP_NFTABLES
// A change may be two transactions; nothing comes after so long.
constexpr double kQuiet = 25;        // ms
constexpr double kPatience = 5'000;  // ms
// What the agent does at its start is over, and it has given back what it took for it.
constexpr seconds kSettles{12};

// When the ruleset of a namespace changed last: the kernel tells at the end of each transaction.
class Commits {
 public:
  explicit Commits(const test::ScratchNetNs& node) {
    node.run([this] { fd_ = must(netlink::open_watch(NETLINK_NETFILTER, {kNftablesGroup})); });
    reader_ = std::thread([this] { read(); });
  }
  Commits(const Commits&) = delete;
  Commits& operator=(const Commits&) = delete;
  Commits(Commits&&) = delete;
  Commits& operator=(Commits&&) = delete;
  ~Commits() {
    ended_ = true;
    reader_.join();
  }

  // now_ms() of the last one after `begin` that nothing followed; exits where none comes.
  double last_after(double begin) const {
    while (true) {
      const double last = last_;
      const double now = now_ms();
      if (last > begin && now - last >= kQuiet) {
        return last;
      }
      if (last <= begin && now - begin > kPatience) {
        std::fprintf(stderr, "bench: a change of an object never reached the kernel\n");
        std::exit(2);
      }
      std::this_thread::sleep_for(milliseconds(1));
    }
  }

 private:
  void read() {
    while (!ended_) {
      pollfd ready{fd_.get(), POLLIN, 0};
      if (::poll(&ready, 1, 50) <= 0) {
        continue;
      }
      const double now = now_ms();
      bool commit = false;
      const auto heard = netlink::read_watch(fd_.get(), [&commit](const nlmsghdr* message) {
        commit = commit || (message->nlmsg_type & 0xffU) == NFT_MSG_NEWGEN;
      });
      if (commit || (heard.ok() && *heard != netlink::Heard::kEverything)) {
        last_ = now;
      }
    }
  }

  base::UniqueFd fd_;
  std::atomic<double> last_ = 0;
  std::atomic<bool> ended_ = false;
  std::thread reader_;
};

// proc_pid_status(5).
constexpr const char* kResident = "VmRSS:";
double status_mib(pid_t process, const std::string& field) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  std::string word;
  while (status >> word) {
    if (double kib = 0; word == field && status >> kib) {
      return kib / 1024;
    }
  }
  return 0;
}

// Milliseconds on a processor, all threads together.
double processor_ms(pid_t process) {
  const std::string tasks = "/proc/" + std::to_string(process) + "/task";
  double all = 0;
  for (const auto& task : std::filesystem::directory_iterator(tasks)) {
    std::ifstream file(task.path() / "schedstat");
    double nanoseconds = 0;
    file >> nanoseconds;
    all += nanoseconds / 1e6;
  }
  return all;
}

Figure one_figure(const std::string& unit, double value, double target) {
  return {.name = "agent",
          .value = value,
          .low = value,
          .high = value,
          .unit = unit,
          .target = target,
          .at_least = value};
}

// A share of one processor, in percent.
Figure idle_share(const test::RunningAgent& agent, seconds watched) {
  Samples shares;
  double before = processor_ms(agent.pid());
  const double begin = before;
  for (int second = 0; second < watched.count(); ++second) {
    std::this_thread::sleep_for(seconds(1));
    const double now = processor_ms(agent.pid());
    shares.push_back((now - before) / 10);
    before = now;
  }
  Figure figure =
      one_figure("%", (before - begin) / 10 / static_cast<double>(watched.count()), 0.1);
  figure.low = quantile(shares, 0.1);
  figure.high = quantile(shares, 0.9);
  return figure;
}

class LargeNode {
 public:
  LargeNode() : rig_(our_rig()), agent_(*rig_), cluster_(agent_.objects()) {
    rig_->node.run([] { must(must(firewall::Table::open()).ensure_guard()); });
    const netpol::Records records(rig_->dir.path());
    for (const netpol::Record& record : PolicyCluster::records(rig_->node.path())) {
      must(records.write(record));
    }
    cluster_.put_all();
    agent_.start();
  }

  const PolicyCluster& cluster() const { return cluster_; }
  const test::RunningAgent& agent() const { return agent_.agent(); }
  const test::ScratchNetNs& node() const { return rig_->node; }

 private:
  std::unique_ptr<Rig> rig_;
  PolicyAgent agent_;
  PolicyCluster cluster_;
};

struct Kind {
  const char* name;
  void (PolicyCluster::*change)(int number) const;
  Samples times{};
};

std::vector<Figure> time_changes(const LargeNode& node, int rounds) {
  std::array<Kind, 5> kinds{
      {{"a peer's labels", &PolicyCluster::relabel_peer},
       {"a policy", &PolicyCluster::change_port},
       {"a new peer", &PolicyCluster::start_peer},
       {"a local pod's labels", &PolicyCluster::relabel_local_pod},
       {"labels of a namespace with 500 pods", &PolicyCluster::relabel_namespace}}};
  const Commits commits(node.node());
  Samples all;
  for (int round = 0; round < rounds; ++round) {
    for (Kind& kind : kinds) {
      const double begin = now_ms();
      (node.cluster().*kind.change)(round);
      kind.times.push_back(commits.last_after(begin) - begin);
      all.push_back(kind.times.back());
    }
  }
  Figure half = time_of("policy-latency", all, 5);
  half.note = "an object's change at the API server, until it is in the kernel; p50 of";
  for (const Kind& kind : kinds) {
    half.note += std::string(&kind == kinds.data() ? " " : ", ") + kind.name + " " +
                 number(median(kind.times)) + " ms";
  }
  Figure tail = tail_time_of("policy-latency", all, 100);
  tail.note = "the same, p99";
  return {half, tail};
}

}  // namespace

std::vector<Figure> measure_policy_load(const Size& size) {
  const seconds watched(std::max(size.samples / 5, 5));
  const auto rig = our_rig();
  PolicyAgent idle(*rig);
  idle.start();
  const LargeNode node;
  const double peak = status_mib(node.agent().pid(), "VmHWM:");
  std::this_thread::sleep_for(kSettles);
  Figure small = one_figure("MiB", status_mib(idle.agent().pid(), kResident), 15);
  small.note = "resident memory of the agent, idle";
  Figure large = one_figure("MiB", status_mib(node.agent().pid(), kResident), 30);
  large.note =
      "the same with 250 pods, 1,000 policies and 10,000 pods in the cluster; at its start " +
      number(peak) + " MiB";
  Figure share = idle_share(node.agent(), watched);
  share.note =
      "of a core, the latter, while nothing changes, " + std::to_string(watched.count()) + " s";
  std::vector<Figure> figures = time_changes(node, size.samples);
  figures.insert(figures.end(), {small, large, share});
  return figures;
}

}  // namespace catena::bench
