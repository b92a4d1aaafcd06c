// 64 processes claim and release in one store while they are killed at random.
//   CATENA_FULL=1  100,000 operations instead of 10,000
//   CATENA_SEED=n  the random numbers of an earlier run (the order of processes is the kernel's)
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/ipam/store.h"
#include "tests/crash/ipam_ledger.h"
#include "tests/support/temp_dir.h"

namespace catena::crash {
namespace {

using ipam::Claim;
using ipam::Range;
using ipam::Record;
using ipam::Store;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint32_t kIpv6Bit = 0x80000000U;

std::uint64_t operations_wanted() {
  const char* full = std::getenv("CATENA_FULL");
  return full != nullptr && std::strcmp(full, "1") == 0 ? 100'000 : 10'000;
}

std::uint64_t seed() {
  const char* given = std::getenv("CATENA_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

Range range(const char* subnet) { return Range::whole(base::Prefix::parse(subnet).value()); }

std::uint32_t number_of(const base::IpAddress& address) {
  std::uint32_t number = 0;
  for (std::size_t i = address.size() - 4; i < address.size(); ++i) {
    number = number << 8U | address.data()[i];
  }
  return address.is_v4() ? number : number | kIpv6Bit;
}

std::string name_of(std::uint64_t pod) { return "pod-" + std::to_string(pod); }

// Less room than all workers ask for; every third pod is of both families.
Claim claim_for(std::uint64_t pod) {
  Claim claim;
  claim.owner = {name_of(pod), "eth0", "net", "/run/netns/" + name_of(pod),
                 "stress/" + name_of(pod)};
  claim.sets = {{range("10.0.0.0/26"), range("10.0.1.0/26")}};
  if (pod % 3 == 0) {
    claim.sets.push_back({range("fd00::/120")});
  }
  return claim;
}

Store open_store(const std::string& directory) {
  return Store(directory,
               {.cooling = std::chrono::milliseconds(2), .lock_patience = std::chrono::minutes(2)});
}

// What one process does until the run has enough operations, or until it is killed.
class Work {
 public:
  Work(Ledger& ledger, std::size_t worker, const std::string& directory, std::uint64_t random_seed)
      : ledger_(ledger),
        worker_(worker),
        mine_(ledger.workers.at(worker)),
        directory_(directory),
        store_(open_store(directory)),
        random_(random_seed) {}

  // 0, or 1 after an error nobody may get.
  int run(std::uint64_t operations) {
    for (Pod& pod : mine_.pods) {
      settle(pod);
    }
    while (!failed_ && ledger_.operations.fetch_add(1) < operations) {
      step(mine_.pods.at(random_() % kPods));
    }
    return failed_ ? 1 : 0;
  }

 private:
  // A predecessor was killed: the pod is what the store says it is.
  void settle(Pod& pod) {
    if (pod.id == 0) {
      return;
    }
    if (pod.giving_up != 0) {
      release(pod);
    } else {
      claim(pod);
    }
  }

  void step(Pod& pod) {
    const std::uint64_t dice = random_() % 100;
    if (dice == 0) {
      ::unlink((directory_ + "/index.v1").c_str());
    }
    if (pod.id == 0) {
      pod.giving_up = 0;
      pod.id = worker_ + 1 + kWorkers * ++mine_.next_pod;
      claim(pod);
    } else if (dice < 15) {
      claim(pod);
    } else if (dice < 30) {
      ask(pod);
    } else if (dice < 35) {
      late_release(pod);
    } else if (dice < 40) {
      count();
    } else {
      release(pod);
    }
  }

  void claim(Pod& pod) {
    const auto records = store_.claim(claim_for(pod.id), {});
    if (records.ok()) {
      for (const Record& record : *records) {
        ledger_.write(worker_, Step::kHas, pod.id, number_of(record.address));
      }
      check_same(pod, *records);
      return;
    }
    const bool full = records.error().is(base::ErrorKind::kTryAgain) &&
                      records.error().message().starts_with("no address left");
    if (!full || !known(pod).empty()) {
      fail("claim", records.error());
    }
    pod.id = 0;
  }

  void ask(const Pod& pod) {
    const auto records = store_.find(name_of(pod.id), "eth0");
    if (!records.ok()) {
      return fail("find", records.error());
    }
    check_same(pod, *records);
  }

  // A pod that is gone must take nothing with it.
  void late_release(const Pod& pod) {
    const std::uint64_t gone = pod.id - kWorkers;
    for (const Pod& other : mine_.pods) {
      if (other.id == gone) {
        return;
      }
    }
    const auto records = store_.release(name_of(gone), "eth0");
    if (!records.ok()) {
      return fail("late release", records.error());
    }
    if (!records->empty()) {
      ledger_.write(worker_, Step::kLost, gone, number_of(records->front().address));
    }
  }

  void count() {
    const auto free = store_.available(claim_for(1).sets[0]);
    if (!free.ok() && !free.error().is(base::ErrorKind::kTryAgain)) {
      fail("available", free.error());
    }
  }

  void release(Pod& pod) {
    const std::set<std::uint32_t> held = known(pod);
    pod.giving_up = 1;
    for (const std::uint32_t address : held) {
      ledger_.write(worker_, Step::kGivesUp, pod.id, address);
    }
    const auto records = store_.release(name_of(pod.id), "eth0");
    if (!records.ok()) {
      return fail("release", records.error());
    }
    pod.id = 0;
  }

  // What the ledger says the pod has.
  std::set<std::uint32_t> known(const Pod& pod) const {
    std::set<std::uint32_t> addresses;
    for (std::uint64_t i = mine_.event_count; i-- > 0;) {
      const Event& event = mine_.events.at(i);
      if (event.pod == pod.id && event.step == Step::kHas) {
        addresses.insert(event.address);
      }
      if (event.pod == pod.id && event.step == Step::kGivesUp) {
        break;
      }
    }
    return addresses;
  }

  void check_same(const Pod& pod, const std::vector<Record>& records) {
    std::set<std::uint32_t> addresses;
    for (const Record& record : records) {
      addresses.insert(number_of(record.address));
    }
    for (const std::uint32_t address : known(pod)) {
      if (!addresses.contains(address)) {
        ledger_.write(worker_, Step::kLost, pod.id, address);
      }
    }
  }

  void fail(const char* what, const base::Error& error) {
    std::fprintf(stderr, "worker %zu: %s: %s\n", worker_, what, error.text().c_str());
    failed_ = true;
  }

  Ledger& ledger_;
  std::size_t worker_;
  Worker& mine_;
  std::string directory_;
  Store store_;
  std::mt19937_64 random_;
  bool failed_ = false;
};

// The processes of a run; kills those that are left when it dies.
class Crew {
 public:
  Crew(Ledger& ledger, std::string directory, std::uint64_t random_seed)
      : ledger_(ledger), directory_(std::move(directory)), random_(random_seed) {}
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  Crew(Crew&&) = delete;
  Crew& operator=(Crew&&) = delete;
  ~Crew() {
    for (const auto& [pid, worker] : running_) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
  }

  std::size_t kills() const { return kills_; }

  // Returns how many workers failed.
  int run(std::uint64_t operations) {
    for (std::size_t worker = 0; worker < kWorkers; ++worker) {
      start(worker, operations);
    }
    int failures = 0;
    std::uint64_t next_kill = 0;
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(20);
    while (!running_.empty() && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::microseconds(random_() % 1000));
      // By progress, not by time: a slow machine must get on too.
      const std::uint64_t done = ledger_.operations;
      if (done >= next_kill && done < operations) {
        next_kill = done + random_() % 30;
        auto victim = running_.begin();
        std::advance(victim, static_cast<std::ptrdiff_t>(random_() % running_.size()));
        ::kill(victim->first, SIGKILL);
      }
      failures += reap(operations);
    }
    return failures + static_cast<int>(running_.size());
  }

 private:
  void start(std::size_t worker, std::uint64_t operations) {
    const std::uint64_t random_seed = random_();
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) {
        ::_exit(1);
      }
      ::_exit(Work(ledger_, worker, directory_, random_seed).run(operations));
    }
    ASSERT_GT(pid, 0);
    running_[pid] = worker;
  }

  int reap(std::uint64_t operations) {
    int failures = 0;
    for (auto it = running_.begin(); it != running_.end();) {
      int status = 0;
      if (::waitpid(it->first, &status, WNOHANG) == 0) {
        ++it;
        continue;
      }
      const std::size_t worker = it->second;
      it = running_.erase(it);
      if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
        ++kills_;
        start(worker, operations);
      } else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        ++failures;
      }
    }
    return failures;
  }

  Ledger& ledger_;
  std::string directory_;
  std::mt19937_64 random_;
  std::map<pid_t, std::size_t> running_;
  std::size_t kills_ = 0;
};

std::size_t files_called(const std::string& directory, const std::string& stem) {
  std::size_t count = 0;
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    count += file.path().filename().string().starts_with(stem) ? 1U : 0U;
  }
  return count;
}

TEST(IpamStress, KilledWorkersNeitherShareNorLoseAnAddress) {
  const std::uint64_t random_seed = seed();
  const std::uint64_t operations = operations_wanted();
  std::printf("CATENA_SEED=%llu, %llu operations\n", static_cast<unsigned long long>(random_seed),
              static_cast<unsigned long long>(operations));
  const test::TempDir dir;
  const std::string directory = dir.path() + "/state";
  Ledger& ledger = *Ledger::create();
  Crew crew(ledger, directory, random_seed);
  EXPECT_EQ(crew.run(operations), 0);
  std::printf("%zu kills, %zu events\n", crew.kills(), ledger.events().size());
  EXPECT_GT(crew.kills(), operations / 1000);
  EXPECT_THAT(judge(ledger.events()), IsEmpty());

  // Who is left has what was acknowledged, and nobody else has anything.
  Store store = open_store(directory);
  std::set<std::string> alive;
  for (Worker& worker : ledger.workers) {
    for (Pod& pod : worker.pods) {
      if (pod.id != 0) {
        alive.insert(name_of(pod.id));
      }
    }
  }
  for (const Record& record : store.list().value()) {
    EXPECT_NE(record.state, ipam::State::kQuarantined);
    if (record.state == ipam::State::kBound) {
      EXPECT_TRUE(alive.contains(record.owner.container_id)) << record.owner.container_id;
    }
  }
  for (const std::string& pod : alive) {
    EXPECT_TRUE(store.release(pod, "eth0").ok());
  }
  for (const Record& record : store.list().value()) {
    EXPECT_TRUE(record.state == ipam::State::kFree || record.state == ipam::State::kCooling);
  }
  EXPECT_EQ(files_called(directory, "journal.damaged-"), 0U) << "no kill damages a line";
  std::filesystem::remove(directory + "/index.v1");
  EXPECT_TRUE(store.list().ok());
  EXPECT_THAT(store.take_notices(), IsEmpty());
}

// The judge must find what a broken store would do.
TEST(IpamStress, TheJudgeFindsEveryCrime) {
  const std::vector<Event> honest{{1, Step::kHas, 1, 10},     {2, Step::kHas, 2, 11},
                                  {3, Step::kGivesUp, 1, 10}, {5, Step::kHas, 3, 10},
                                  {4, Step::kHas, 2, 11},     {6, Step::kGivesUp, 3, 10}};
  EXPECT_THAT(judge(honest), IsEmpty());
  auto shared = honest;
  shared.push_back({7, Step::kHas, 4, 11});
  EXPECT_THAT(judge(shared), SizeIs(1));
  auto stolen = honest;
  stolen.push_back({7, Step::kGivesUp, 1, 11});
  EXPECT_THAT(judge(stolen), SizeIs(1));
  auto lost = honest;
  lost.push_back({7, Step::kLost, 2, 11});
  EXPECT_THAT(judge(lost), SizeIs(1));
}

}  // namespace
}  // namespace catena::crash
