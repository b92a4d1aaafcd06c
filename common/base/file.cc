#include "common/base/file.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

namespace catena::base {
namespace {

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) {
    return ".";
  }
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<UniqueFd> open_file(const std::string& path, int flags, unsigned mode) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!fd.valid()) {
    return Error::from_errno(errno, "open " + path);
  }
  return fd;
}

Result<std::string> read_all(int fd, std::size_t most, std::string_view what) {
  std::string data;
  std::size_t length = 0;
  while (true) {
    if (data.size() < length + 4096) {
      data.resize(std::max(data.size() * 2, std::size_t{8192}));
    }
    const ssize_t got = ::read(fd, data.data() + length, data.size() - length);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return Error::from_errno(errno, "read " + std::string(what)).as(ErrorKind::kIo);
    }
    if (got == 0) {
      break;
    }
    length += static_cast<std::size_t>(got);
    if (length > most) {
      return Error(ErrorKind::kUndecodable,
                   "read " + std::string(what) + ": more than " + std::to_string(most) + " bytes");
    }
  }
  data.resize(length);
  return data;
}

Result<std::string> read_file(const std::string& path, std::size_t most) {
  const UniqueFd fd = TRY(open_file(path, O_RDONLY));
  return read_all(fd.get(), most, path);
}

Status write_all(int fd, std::string_view data, std::string_view what) {
  while (!data.empty()) {
    const ssize_t wrote = ::write(fd, data.data(), data.size());
    if (wrote < 0 && errno == EINTR) {
      continue;
    }
    if (wrote < 0) {
      return Error::from_errno(errno, "write " + std::string(what));
    }
    data.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

Status replace_file(const std::string& path, std::string_view data, unsigned mode) {
  const std::string beside = path + ".tmp." + std::to_string(::getpid());
  const auto write_beside = [&]() -> Status {
    const UniqueFd fd = TRY(open_file(beside, O_WRONLY | O_CREAT | O_TRUNC, mode));
    TRY(write_all(fd.get(), data, beside));
    if (::fsync(fd.get()) != 0) {
      return Error::from_errno(errno, "fsync " + beside);
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) {
      return Error::from_errno(errno, "rename " + beside + " to " + path);
    }
    return {};
  };
  if (Status written = write_beside(); !written.ok()) {
    ::unlink(beside.c_str());
    return written;
  }
  return sync_directory(parent_of(path));
}

Status sync_directory(const std::string& path) {
  const UniqueFd fd = TRY(open_file(path, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) != 0) {
    return Error::from_errno(errno, "fsync " + path);
  }
  return {};
}

Status make_directories(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) {
    return {};
  }
  if (errno == ENOENT) {
    TRY(make_directories(parent_of(path)));
    if (::mkdir(path.c_str(), 0700) == 0) {
      return {};
    }
  }
  const int mkdir_errno = errno;
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
    return {};
  }
  return Error::from_errno(mkdir_errno == EEXIST ? ENOTDIR : mkdir_errno, "mkdir " + path);
}

}  // namespace catena::base
