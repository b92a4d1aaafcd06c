#include "common/attachment/waiting.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/file.h"
#include "common/base/hash.h"

namespace catena::attachment {
namespace {

using base::Error;
using base::Family;
using base::Result;
using base::Status;
using base::UniqueFd;

// "9f86d081884c7d65-46": a hash of the attachment, and the families it waits for.
std::string file_name(const cni::Attachment& attachment, const std::vector<Family>& families) {
  char hash[24];
  std::snprintf(hash, sizeof hash, "%016llx-",
                static_cast<unsigned long long>(
                    base::hash64(attachment.container_id + '\0' + attachment.if_name)));
  std::string name = hash;
  for (const Family family : families) {
    name += family == Family::kIpv4 ? '4' : '6';
  }
  return name;
}

bool is_removed(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && info.st_nlink == 0;
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

// Whether a process holds the file; one that nobody holds is removed.
bool lives(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.valid()) {
    return false;
  }
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK;
  }
  ::unlink(path.c_str());
  return false;
}

}  // namespace

Result<Waiting> Waiting::join(const std::string& directory, const cni::Attachment& attachment,
                              const std::vector<Family>& families) {
  TRY(base::make_directories(directory));
  const std::string path = directory + "/" + file_name(attachment, families);
  while (true) {
    UniqueFd fd = TRY(base::open_file(path, O_RDWR | O_CREAT, 0600));
    if (::flock(fd.get(), LOCK_EX) != 0 && errno != EINTR) {
      return Error::from_errno(errno, "lock " + path);
    }
    // Somebody who counts may have removed it between the two.
    if (!is_removed(fd.get())) {
      return Waiting(path, std::move(fd));
    }
  }
}

Waiting::Waiting(Waiting&& other) noexcept
    : path_(std::exchange(other.path_, {})), fd_(std::move(other.fd_)) {}

Waiting::~Waiting() {
  if (!path_.empty()) {
    ::unlink(path_.c_str());
  }
}

std::string demand_as_json(const Demand& demand) {
  return base::print_json({{"demand", demand.pods}, {"ipv4", demand.ipv4}, {"ipv6", demand.ipv6}});
}

Result<Demand> demand_of_waiters(const std::string& directory) {
  const Directory listing(::opendir(directory.c_str()));
  if (listing == nullptr) {
    return Error::from_errno(errno, "list " + directory);
  }
  Demand demand;
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string name = entry->d_name;
    const std::size_t dash = name.find('-');
    std::string path = directory;
    path.append("/").append(name);
    if (dash == std::string::npos || !lives(path)) {
      continue;
    }
    ++demand.pods;
    demand.ipv4 = demand.ipv4 || name.find('4', dash) != std::string::npos;
    demand.ipv6 = demand.ipv6 || name.find('6', dash) != std::string::npos;
  }
  return demand;
}

}  // namespace catena::attachment
