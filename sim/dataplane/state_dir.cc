#include "sim/state_dir.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fcntl.h>
#include <string_view>
#include <utility>

#include "common/base/clock.h"
#include "common/base/text.h"

namespace catena::sim {
namespace {

constexpr std::size_t kLongestRecord = std::size_t{16} << 20U;
constexpr std::string_view kBootWord = "boot";
constexpr std::string_view kWantedWord = "wanted";
constexpr std::string_view kMadeWord = "made";
constexpr std::string_view kRemovedWord = "removed";

std::string line_of(std::string_view word, const std::string& rest) {
  return std::string(word) + " " + rest + "\n";
}

void apply(std::vector<RecordedNetns>& recorded, const std::vector<std::string_view>& words) {
  const std::string name(words[1]);
  std::erase_if(recorded, [&name](const RecordedNetns& each) { return each.name == name; });
  if (words[0] == kWantedWord) {
    recorded.push_back({name, std::nullopt});
  } else if (words[0] == kMadeWord && words.size() > 2) {
    std::uint64_t inode = 0;
    std::from_chars(words[2].data(), words[2].data() + words[2].size(), inode);
    recorded.push_back({name, inode});
  }
}

}  // namespace

base::Result<StateDir> StateDir::open(const std::string& path) {
  TRY(base::make_directories(path));
  base::Result<base::FileLock> lock =
      base::FileLock::acquire(path + "/lock", base::Deadline(std::chrono::milliseconds(0)));
  if (!lock.ok()) {
    return std::move(lock)
        .error()
        .context("another simulation runs in " + path)
        .advice("stop it, or give this one a directory of its own (--state)");
  }
  return StateDir(path, std::move(lock).value());
}

base::Status StateDir::append(const std::string& line) {
  if (!record_.valid()) {
    record_ = TRY(base::open_file(record_path(), O_WRONLY | O_CREAT | O_APPEND));
  }
  return base::write_all(record_.get(), line, record_path());
}

base::Status StateDir::about_to_make(const std::string& netns) {
  return append(line_of(kWantedWord, netns));
}

base::Status StateDir::made(const std::string& netns, std::uint64_t inode) {
  return append(line_of(kMadeWord, netns + " " + std::to_string(inode)));
}

base::Status StateDir::removed(const std::string& netns) {
  return append(line_of(kRemovedWord, netns));
}

base::Result<std::vector<RecordedNetns>> StateDir::recorded() const {
  std::vector<RecordedNetns> recorded;
  const base::Result<std::string> text = base::read_file(record_path(), kLongestRecord);
  if (!text.ok()) {
    if (text.error().is(base::ErrorKind::kNotFound)) {
      return recorded;
    }
    return text.error();
  }
  const std::string boot = TRY(base::boot_id());
  bool this_boot = false;
  for (const std::string_view line : base::split(*text, '\n')) {
    const std::vector<std::string_view> words = base::split(line, ' ');
    if (words.size() < 2) {
      continue;
    }
    if (words[0] == kBootWord) {
      this_boot = words[1] == boot;
    } else if (this_boot) {
      apply(recorded, words);
    }
  }
  return recorded;
}

base::Status StateDir::forget_all() {
  record_.reset();
  const std::string boot = TRY(base::boot_id());
  return base::replace_file(record_path(), line_of(kBootWord, boot));
}

}  // namespace catena::sim
