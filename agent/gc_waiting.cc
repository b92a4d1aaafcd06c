#include "agent/gc_waiting.h"

#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/unique_fd.h"

namespace catena::agent {
namespace {

// The file is made before it is locked, so a young one without a lock says nothing.
bool is_abandoned(const std::string& path, std::chrono::seconds older_than) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat info {};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return false;
  }
  return std::time(nullptr) - info.st_mtime >= older_than.count() &&
         ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0;
}

void sweep_directory(const std::string& directory, const GcOptions& options,
                     std::vector<std::string>& swept) {
  std::error_code error;
  std::filesystem::directory_iterator file(directory, error);
  for (; !error && file != std::filesystem::directory_iterator(); file.increment(error)) {
    const std::string path = file->path();
    if (is_abandoned(path, options.older_than) &&
        (options.dry_run || ::unlink(path.c_str()) == 0)) {
      swept.push_back(file->path().filename());
    }
  }
}

}  // namespace

std::vector<std::string> sweep_waiting(const std::string& state_dir, const GcOptions& options) {
  std::vector<std::string> swept;
  std::error_code error;
  std::filesystem::directory_iterator entry(state_dir, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (entry->path().filename().string().starts_with("waiting")) {
      sweep_directory(entry->path(), options, swept);
    }
  }
  return swept;
}

}  // namespace catena::agent
