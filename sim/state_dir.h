// The directory of one simulation: who runs it, and which named network namespaces it has made, so
// that its next start can remove what a killed one left.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/file.h"
#include "common/base/result.h"
#include "common/base/unique_fd.h"

namespace catena::sim {

// A name below /run/netns. `inode` is absent where it is not known whether the namespace came into
// being: the process died at that moment.
struct RecordedNetns {
  std::string name;
  std::optional<std::uint64_t> inode;
};

class StateDir {
 public:
  // Makes the directory (0700) where it is missing and takes its lock for as long as this lives.
  // kTryAgain, naming the process, where another simulation runs with it.
  static base::Result<StateDir> open(const std::string& path);

  const std::string& path() const { return path_; }

  // In this order: before a namespace is made, once it is, once it is gone.
  base::Status about_to_make(const std::string& netns);
  base::Status made(const std::string& netns, std::uint64_t inode);
  base::Status removed(const std::string& netns);

  // What is on record, in the order of making; nothing from before the machine's last boot.
  base::Result<std::vector<RecordedNetns>> recorded() const;
  // Empties the record.
  base::Status forget_all();

 private:
  StateDir(std::string path, base::FileLock lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string record_path() const { return path_ + "/netns"; }
  base::Status append(const std::string& line);

  std::string path_;
  base::FileLock lock_;
  base::UniqueFd record_;
};

}  // namespace catena::sim
