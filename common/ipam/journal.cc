#include "common/ipam/journal.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <vector>

#include "common/base/file.h"
#include "common/base/hash.h"

namespace catena::ipam {
namespace {

constexpr std::size_t kChecksumDigits = 8;
constexpr std::uint64_t kCopiesKept = 8;

// Nothing unless all eight are lower-case hex digits.
std::optional<std::uint32_t> checksum_in(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  const bool lower = std::ranges::none_of(text, [](char c) { return c >= 'A' && c <= 'F'; });
  if (error != std::errc{} || end != text.data() + text.size() || !lower) {
    return {};
  }
  return value;
}

std::string path_in(const std::string& directory) { return directory + "/journal"; }

// The name for the next copy called `stem`<n>, after removal of the oldest ones.
base::Result<std::string> next_copy(const std::string& directory, const std::string& stem) {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(directory.c_str()), &::closedir);
  if (listing == nullptr) {
    return base::Error::from_errno(errno, "list " + directory);
  }
  std::vector<std::uint64_t> numbers;
  while (const dirent* found = ::readdir(listing.get())) {
    const std::string_view name = found->d_name;
    std::uint64_t number = 0;
    if (name.starts_with(stem) &&
        std::from_chars(name.data() + stem.size(), name.data() + name.size(), number).ptr ==
            name.data() + name.size()) {
      numbers.push_back(number);
    }
  }
  std::ranges::sort(numbers);
  const std::string prefix = directory + "/" + stem;
  while (numbers.size() >= kCopiesKept) {
    const std::string oldest = prefix + std::to_string(numbers.front());
    ::unlink(oldest.c_str());
    numbers.erase(numbers.begin());
  }
  return prefix + std::to_string(numbers.empty() ? 1 : numbers.back() + 1);
}

base::Status write_whole(int fd, std::string_view data, const std::string& path) {
  while (!data.empty()) {
    const ssize_t wrote = ::write(fd, data.data(), data.size());
    if (wrote < 0 && errno == EINTR) {
      continue;
    }
    if (wrote < 0) {
      return write_error(errno, "write " + path);
    }
    data.remove_prefix(static_cast<std::size_t>(wrote));
  }
  if (::fsync(fd) != 0) {
    return write_error(errno, "fsync " + path);
  }
  return {};
}

}  // namespace

base::Error write_error(int sys_errno, const std::string& what) {
  base::Error error = base::Error::from_errno(sys_errno, what);
  switch (sys_errno) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return std::move(error)
          .as(base::ErrorKind::kTryAgain)
          .advice("free some space (or raise the quota) on the file system of the state directory");
    case EIO:
      return std::move(error)
          .as(base::ErrorKind::kTryAgain)
          .advice("look for disk errors in the kernel's log (dmesg)");
    case EROFS:
      return std::move(error)
          .as(base::ErrorKind::kIo)
          .advice("the file system is read-only: see dmesg for why, then remount it");
    case EACCES:
    case EPERM:
      return std::move(error)
          .as(base::ErrorKind::kIo)
          .advice("the state directory must be writable by root");
    default:
      return error;
  }
}

std::string to_line(std::string_view json) {
  char checksum[kChecksumDigits + 2];
  std::snprintf(checksum, sizeof checksum, "%08x ", base::crc32c(json.data(), json.size()));
  return std::string(checksum).append(json).append("\n");
}

std::optional<Line> LineReader::next() {
  if (rest_.empty()) {
    return {};
  }
  const std::size_t newline = rest_.find('\n');
  Line line;
  line.offset = offset_;
  line.bytes = rest_.substr(0, newline == std::string_view::npos ? newline : newline + 1);
  rest_.remove_prefix(line.bytes.size());
  offset_ += line.bytes.size();
  if (newline == std::string_view::npos || newline <= kChecksumDigits ||
      line.bytes[kChecksumDigits] != ' ') {
    return line;
  }
  const std::string_view json =
      line.bytes.substr(kChecksumDigits + 1, newline - kChecksumDigits - 1);
  const std::optional<std::uint32_t> crc = checksum_in(line.bytes.substr(0, kChecksumDigits));
  if (crc.has_value() && *crc == base::crc32c(json.data(), json.size())) {
    line.good = true;
    line.crc = *crc;
    line.json = json;
  }
  return line;
}

base::Result<std::optional<Journal>> Journal::open(const std::string& directory) {
  const std::string path = path_in(directory);
  base::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.valid() && errno == ENOENT) {
    return std::optional<Journal>();
  }
  if (!fd.valid()) {
    return write_error(errno, "open " + path);
  }
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) {
    return write_error(errno, "stat " + path);
  }
  return std::optional<Journal>(
      Journal(directory, std::move(fd), static_cast<std::uint64_t>(info.st_size)));
}

base::Result<Journal> Journal::create(const std::string& directory, std::string_view content) {
  const std::string path = path_in(directory);
  const std::string beside = path + ".new";
  base::UniqueFd fd(::open(beside.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd.valid()) {
    return write_error(errno, "open " + beside);
  }
  if (base::Status written = write_whole(fd.get(), content, beside); !written.ok()) {
    ::unlink(beside.c_str());
    return std::move(written).error();
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) {
    const int rename_errno = errno;
    ::unlink(beside.c_str());
    return write_error(rename_errno, "rename " + beside + " to " + path);
  }
  if (base::Status synced = base::sync_directory(directory); !synced.ok()) {
    return write_error(synced.error().sys_errno(), "fsync " + directory);
  }
  return Journal(directory, std::move(fd), content.size());
}

base::Result<std::string> Journal::read(std::uint64_t offset, std::uint64_t count) const {
  std::string data(count, '\0');
  std::size_t length = 0;
  while (length < data.size()) {
    const ssize_t got = ::pread(fd_.get(), data.data() + length, data.size() - length,
                                static_cast<off_t>(offset + length));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return write_error(errno, "read " + path_in(directory_));
    }
    if (got == 0) {
      break;
    }
    length += static_cast<std::size_t>(got);
  }
  data.resize(length);
  return data;
}

base::Result<std::string> Journal::read_from(std::uint64_t offset) const {
  return read(offset, size_ > offset ? size_ - offset : 0);
}

base::Result<std::string> Journal::read_start(std::uint64_t count) const {
  return read(0, std::min(count, size_));
}

base::Status Journal::sync() const {
  if (::fdatasync(fd_.get()) != 0) {
    return write_error(errno, "fdatasync " + path_in(directory_));
  }
  return {};
}

base::Status Journal::cut(std::uint64_t size) {
  if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) {
    return write_error(errno, "truncate " + path_in(directory_));
  }
  size_ = size;
  return sync();
}

base::Status Journal::append(std::string_view line) {
  const auto write = [&]() -> base::Status {
    std::size_t done = 0;
    while (done < line.size()) {
      const ssize_t wrote = ::pwrite(fd_.get(), line.data() + done, line.size() - done,
                                     static_cast<off_t>(size_ + done));
      if (wrote < 0 && errno == EINTR) {
        continue;
      }
      if (wrote < 0) {
        return write_error(errno, "write " + path_in(directory_));
      }
      done += static_cast<std::size_t>(wrote);
    }
    return sync();
  };
  if (base::Status written = write(); !written.ok()) {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0) {
      return std::move(written).error().context(
          "a transaction that failed may be in force, its line can't be removed from " +
          path_in(directory_));
    }
    return written;
  }
  size_ += line.size();
  return {};
}

base::Result<std::string> Journal::keep_whole() const {
  const std::string copy = TRY(next_copy(directory_, "journal.damaged-"));
  if (::link(path_in(directory_).c_str(), copy.c_str()) != 0) {
    return write_error(errno, "link " + copy);
  }
  return copy;
}

base::Result<std::string> Journal::keep_torn(std::string_view bytes) const {
  const std::string copy = TRY(next_copy(directory_, "journal.torn-"));
  const base::UniqueFd fd = TRY(base::open_file(copy, O_WRONLY | O_CREAT | O_EXCL));
  TRY(write_whole(fd.get(), bytes, copy));
  return copy;
}

}  // namespace catena::ipam
