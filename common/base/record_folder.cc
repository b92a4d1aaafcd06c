#include "common/base/record_folder.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <system_error>
#include <unistd.h>

#include "common/base/file.h"

namespace catena::base {
namespace {

constexpr std::size_t kMostBytes = 64U << 10U;
constexpr const char* kBeside = ".tmp";
// A record is written in far less.
constexpr std::chrono::minutes kHalfWrittenFor{1};

Status write_file(const std::string& path, const std::string& text) {
  const std::string beside = path + kBeside;
  const auto write = [&]() -> Status {
    const UniqueFd fd = TRY(open_file(beside, O_WRONLY | O_CREAT | O_TRUNC));
    TRY(write_all(fd.get(), text, beside));
    if (::rename(beside.c_str(), path.c_str()) != 0) {
      return Error::from_errno(errno, "rename " + beside + " to " + path);
    }
    return {};
  };
  Status written = write();
  if (!written.ok()) {
    ::unlink(beside.c_str());
  }
  return written;
}

bool is_half_written(const std::filesystem::directory_entry& entry) {
  std::error_code failure;
  const bool is_beside = entry.path().filename().string().find(kBeside) != std::string::npos;
  if (!is_beside && entry.file_size(failure) != 0) {
    return false;
  }
  failure.clear();
  const auto age = std::filesystem::file_time_type::clock::now() - entry.last_write_time(failure);
  if (!failure && age > kHalfWrittenFor) {
    std::filesystem::remove(entry.path(), failure);
  }
  return true;
}

}  // namespace

Status RecordFolder::write(const std::string& name, const std::string& text) const {
  Status written = write_file(path_of(name), text);
  if (written.ok() || !written.error().is(ErrorKind::kNotFound)) {
    return written;
  }
  TRY(make_directories(path_));
  return write_file(path_of(name), text);
}

Result<std::optional<std::string>> RecordFolder::read(const std::string& name) const {
  auto text = read_file(path_of(name), kMostBytes);
  if (text.ok()) {
    return std::optional<std::string>(*std::move(text));
  }
  if (text.error().is(ErrorKind::kNotFound)) {
    return std::optional<std::string>();
  }
  return std::move(text).error();
}

bool RecordFolder::has(const std::string& name) const {
  return ::access(path_of(name).c_str(), F_OK) == 0;
}

Result<std::vector<std::string>> RecordFolder::names() const {
  std::vector<std::string> names;
  std::error_code failure;
  std::filesystem::directory_iterator entries(path_, failure);
  if (failure == std::errc::no_such_file_or_directory) {
    return names;
  }
  for (; !failure && entries != std::filesystem::directory_iterator(); entries.increment(failure)) {
    if (!is_half_written(*entries)) {
      names.push_back(entries->path().filename().string());
    }
  }
  if (failure) {
    return Error::from_errno(failure.value(), "list " + path_);
  }
  return names;
}

Status RecordFolder::remove(const std::string& name) const {
  for (const std::string& file : {path_of(name), path_of(name) + kBeside}) {
    if (::unlink(file.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) {
      return Error::from_errno(errno, "remove " + file);
    }
  }
  return {};
}

}  // namespace catena::base
