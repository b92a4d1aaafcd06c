// Many at once, and a ruleset that others keep changing.
#include <array>
#include <atomic>
#include <barrier>
#include <thread>

#include <gtest/gtest.h>

#include "common/firewall/batch.h"
#include "common/firewall/objects.h"
#include "common/firewall/plan.h"
#include "tests/kernel/firewall/expect.h"
#include "tests/kernel/firewall/netfilter_socket.h"
#include "tests/kernel/firewall/scene.h"

namespace catena::firewall::test {
namespace {

using catena::test::ScratchNetNs;

// A set of a foreign table that changes as fast as it can, as kube-proxy's might, until this dies.
class Churn {
 public:
  explicit Churn(const ScratchNetNs& netns)
      : thread_([this, &netns] { netns.run([this] { work(); }); }) {
    while (rounds_ < 10) {
      std::this_thread::yield();
    }
  }
  Churn(const Churn&) = delete;
  Churn& operator=(const Churn&) = delete;
  Churn(Churn&&) = delete;
  Churn& operator=(Churn&&) = delete;
  ~Churn() {
    stop_ = true;
    thread_.join();
  }
  int rounds() const { return rounds_; }

 private:
  void work() {
    const NetfilterSocket socket = open_netfilter_socket();
    const Set set{"foreign", "s", {kIpv4Field}};
    const std::vector<Element> element{{key_of(ip("10.9.9.9")), {}, {}}};
    while (!stop_) {
      Batch batch;
      batch.add(ensure_table(set.table));
      batch.add(ensure_set(set));
      batch.add(add_elements(set, element));
      EXPECT_OK(batch.commit(socket.get()));
      Batch undo;
      undo.add(delete_elements(set, element));
      EXPECT_OK(undo.commit(socket.get()));
      ++rounds_;
    }
  }

  std::atomic<bool> stop_ = false;
  std::atomic<int> rounds_ = 0;
  std::thread thread_;
};

std::vector<Entry> entries_from(int first, int count) {
  std::vector<Entry> entries;
  for (int i = first; i < first + count; ++i) {
    entries.push_back(
        {"ctn" + std::to_string(1000 + i), ip("10.1.0.0").plus(static_cast<std::uint64_t>(i))});
  }
  return entries;
}

// `count` threads, each with a Table of its own, start at the same moment.
void all_at_once(const ScratchNetNs& netns, int count,
                 const std::function<void(Table&, int)>& work) {
  std::barrier start(count);
  std::vector<std::thread> threads;
  threads.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      netns.run([&] {
        base::Result<Table> table = Table::open();
        start.arrive_and_wait();
        ASSERT_OK(table);
        work(*table, i);
      });
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

void expect_guard_once(const ScratchNetNs& netns, const std::vector<Entry>& wanted) {
  netns.run([&wanted] {
    base::Result<Table> table = Table::open();
    ASSERT_OK(table);
    EXPECT_TRUE(table->has_guard().value());
    std::vector<Entry> entries = table->entries().value();
    std::sort(entries.begin(), entries.end());
    EXPECT_EQ(entries, wanted);
  });
  EXPECT_EQ(netns.sh("nft list table inet catena | grep -c comment"), "6\n");
}

TEST(Concurrency, ThirtyTwoMakersOfTheGuardMakeOne) {
  for (int round = 0; round < 10; ++round) {
    const ScratchNetNs netns;
    all_at_once(netns, 32,
                [](Table& table, int i) { EXPECT_OK(table.ensure_guard(entries_from(i, 1))); });
    expect_guard_once(netns, entries_from(0, 32));
  }
}

TEST(Concurrency, ThirtyTwoMakersOfAMasqueradeMakeOne) {
  const ScratchNetNs netns;
  const std::vector<base::Prefix> keep{net("10.0.0.0/8"), net("fd00::/8")};
  all_at_once(netns, 32, [&keep](Table& table, int i) {
    EXPECT_OK(table.masquerade({ip("10.1.0.0").plus(static_cast<std::uint64_t>(i))}, keep));
  });
  netns.run([&keep] {
    base::Result<Table> table = Table::open();
    for (std::uint64_t i = 0; i < 32; ++i) {
      EXPECT_TRUE(table->is_masqueraded(ip("10.1.0.0").plus(i), keep).value());
    }
  });
  EXPECT_EQ(netns.sh("nft list table inet catena | grep -c masquerade"), "2\n");
}

TEST(Concurrency, AForeignTableThatChangesAllTheTimeHindersNobody) {
  const ScratchNetNs netns;
  const Churn churn(netns);
  all_at_once(netns, 8, [](Table& table, int i) {
    for (int j = 0; j < 25; ++j) {
      EXPECT_OK(table.ensure_guard(entries_from(i * 25 + j, 1)));
      const base::Result<bool> found = table.has_guard();
      ASSERT_OK(found);
      EXPECT_TRUE(*found);
    }
  });
  expect_guard_once(netns, entries_from(0, 200));
  EXPECT_GT(churn.rounds(), 20);
}

TEST(Concurrency, AReadingIsDoneHoweverFastForeignTablesChange) {
  const ScratchNetNs netns;
  netns.run([] { EXPECT_OK(Table::open().value().ensure_guard()); });
  const std::array<Churn, 3> churns{Churn(netns), Churn(netns), Churn(netns)};
  netns.run([] {
    base::Result<Table> table = Table::open();
    ASSERT_OK(table);
    for (int i = 0; i < 300; ++i) {
      const base::Result<bool> found = table->has_guard();
      ASSERT_OK(found);
      EXPECT_TRUE(*found);
    }
  });
}

TEST(Concurrency, WhoeverFlushesMeanwhileTheLastEnsureWins) {
  const ScratchNetNs netns;
  all_at_once(netns, 8, [](Table& table, int i) {
    const NetfilterSocket socket = open_netfilter_socket();
    for (int j = 0; j < 50; ++j) {
      if (i == 0) {
        Batch batch;
        batch.add(delete_table(kTable));
        EXPECT_OK(batch.commit(socket.get()));
      } else {
        EXPECT_OK(table.ensure_guard(entries_from(i, 1)));
      }
    }
  });
  netns.run([] {
    base::Result<Table> table = Table::open();
    EXPECT_OK(table->ensure_guard());
    EXPECT_TRUE(table->has_guard().value());
  });
}

TEST(Concurrency, AClosedPodStaysClosedWhileTheRulesAreWrittenAnew) {
  const Scene scene;
  scene.at_node([](Table& table) { ASSERT_OK(table.ensure_guard()); });
  const base::UniqueFd receiver = catena::test::udp_socket(scene.outside.netns, scene.outside.v4);
  const base::UniqueFd sender = catena::test::udp_socket(scene.pod_a.netns, scene.pod_a.v4);
  std::atomic<bool> stop = false;
  std::atomic<int> sent = 0;
  std::thread flood([&] {
    while (!stop && catena::test::send_to_socket(sender, receiver)) {
      ++sent;
    }
  });
  scene.at_node([](Table& table) {
    const NetfilterSocket socket = open_netfilter_socket();
    Rule stranger{"a stranger's", {}};
    stranger.expressions.verdict(Verdict::accept());
    for (int i = 0; i < 500; ++i) {
      Batch batch;
      batch.add(append_rule(kTable, "guard-from-pod", stranger));
      EXPECT_OK(batch.commit(socket.get()));
      EXPECT_OK(table.ensure_guard());
    }
    EXPECT_TRUE(table.has_guard().value());
  });
  stop = true;
  flood.join();
  EXPECT_GT(sent, 1000);
  char data = 0;
  EXPECT_EQ(::recv(receiver.get(), &data, 1, MSG_DONTWAIT), -1) << "a packet got through";
  scene.at_node([&](Table& table) { EXPECT_OK(table.enter(Scene::entries_of(scene.pod_a))); });
  EXPECT_TRUE(catena::test::send_to_socket(sender, receiver));
  EXPECT_TRUE(open(scene.pod_a, scene.outside, base::Family::kIpv4));
}

}  // namespace
}  // namespace catena::firewall::test
