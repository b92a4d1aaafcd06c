#include "tests/crash/ipam_ledger.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sys/mman.h>

namespace catena::crash {

Ledger* Ledger::create() {
  void* memory = ::mmap(nullptr, sizeof(Ledger), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("mmap");
    std::abort();
  }
  return static_cast<Ledger*>(memory);
}

void Ledger::write(std::size_t worker, Step step, std::uint64_t pod, std::uint32_t address) {
  Worker& mine = workers.at(worker);
  const std::uint64_t count = mine.event_count.load();
  if (count == Worker::kEventsAtMost) {
    std::fprintf(stderr, "worker %zu has no room for its events\n", worker);
    std::abort();
  }
  mine.events.at(count) = {clock.fetch_add(1) + 1, step, pod, address};
  mine.event_count.store(count + 1);
}

std::vector<Event> Ledger::events() const {
  std::vector<Event> all;
  for (const Worker& worker : workers) {
    all.insert(all.end(), worker.events.begin(),
               worker.events.begin() + static_cast<std::ptrdiff_t>(worker.event_count.load()));
  }
  return all;
}

std::vector<std::string> judge(std::vector<Event> events) {
  std::ranges::sort(events, {}, &Event::time);
  std::map<std::uint32_t, std::uint64_t> owner_of;
  std::vector<std::string> complaints;
  const auto complain = [&](const Event& event, const std::string& what) {
    complaints.push_back("at " + std::to_string(event.time) + ": pod " + std::to_string(event.pod) +
                         " and address " + std::to_string(event.address) + ": " + what);
  };
  for (const Event& event : events) {
    const auto found = owner_of.find(event.address);
    const std::uint64_t owner = found == owner_of.end() ? 0 : found->second;
    switch (event.step) {
      case Step::kHas:
        if (owner != 0 && owner != event.pod) {
          complain(event, "pod " + std::to_string(owner) + " has it");
        }
        owner_of[event.address] = event.pod;
        break;
      case Step::kGivesUp:
        if (owner != 0 && owner != event.pod) {
          complain(event, "given up, but pod " + std::to_string(owner) + " has it");
        }
        owner_of.erase(event.address);
        break;
      case Step::kLost:
        complain(event, "lost");
        break;
    }
  }
  return complaints;
}

}  // namespace catena::crash
