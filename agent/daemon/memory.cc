#include "agent/daemon/memory.h"

#include <cstdint>
#include <cstdlib>
#include <malloc.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

#include "common/base/file.h"
#include "common/base/text.h"

namespace catena::agent {
namespace {

constexpr Loop::Millis kRest{2'500};
constexpr std::size_t kMostMaps = std::size_t{1} << 20U;  // bytes

// Code of a file is never written to (no text relocations), so what is given back is what the file
// has. A line of proc(5)'s maps: "<begin>-<end> r-xp <offset> <device> <inode> <path>".
void give_back_code(std::string_view line) {
  if (line.find(" r-xp ") == std::string_view::npos || line.find('/') == std::string_view::npos) {
    return;
  }
  const std::string text(line);
  char* rest = nullptr;
  const std::uintptr_t begin = std::strtoull(text.c_str(), &rest, 16);
  const std::uintptr_t end = *rest == '-' ? std::strtoull(rest + 1, nullptr, 16) : begin;
  if (end > begin) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): that is how proc(5) names it
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
}

}  // namespace

void give_back_memory() {
  ::malloc_trim(0);
  const base::Result<std::string> maps = base::read_file("/proc/self/maps", kMostMaps);
  if (maps.ok()) {
    for (const std::string_view line : base::split(*maps, '\n')) {
      give_back_code(line);
    }
  }
}

IdleMemory::IdleMemory(Loop& loop, WorkDone work_done)
    : loop_(loop), work_done_(std::move(work_done)) {
  look_later();
}

void IdleMemory::look_later() {
  timer_ = loop_.after(kRest, [this] {
    look();
    look_later();
  });
}

void IdleMemory::look() {
  const std::optional<std::uint64_t> done = work_done_();
  if (!done || *done == at_give_back_) {
    return;
  }
  if (std::exchange(at_last_look_, *done) == *done) {
    at_give_back_ = *done;
    give_back_memory();
  }
}

double resident_bytes() {
  const base::Result<std::string> sizes = base::read_file("/proc/self/statm", 256);
  const std::vector<std::string_view> words =
      base::split(sizes.ok() ? std::string_view(*sizes) : std::string_view(), ' ');
  if (words.size() < 2) {
    return 0;
  }
  return std::strtod(std::string(words[1]).c_str(), nullptr) *
         static_cast<double>(::sysconf(_SC_PAGESIZE));
}

}  // namespace catena::agent
