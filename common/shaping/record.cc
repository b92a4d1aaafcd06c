#include "common/shaping/record.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <system_error>
#include <unistd.h>

#include "common/base/file.h"
#include "common/shaping/record_json.h"

namespace catena::shaping {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;

constexpr std::size_t kMostBytes = 64U << 10U;
constexpr std::string_view kBeside = ".tmp";
// A record is written in far less.
constexpr std::chrono::minutes kHalfWrittenFor{1};

Status write_file(const std::string& path, const std::string& text) {
  const std::string beside = path + std::string(kBeside);
  const auto write = [&]() -> Status {
    const base::UniqueFd fd = TRY(base::open_file(beside, O_WRONLY | O_CREAT | O_TRUNC));
    TRY(base::write_all(fd.get(), text, beside));
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

Result<std::optional<Record>> read_file(const std::string& path) {
  const auto text = base::read_file(path, kMostBytes);
  if (!text.ok()) {
    return text.error().is(ErrorKind::kNotFound) ? Result<std::optional<Record>>(std::nullopt)
                                                 : Result<std::optional<Record>>(text.error());
  }
  Result<Record> record = record_from_json(*text);
  if (!record.ok()) {
    return std::move(record).error().context("read " + path);
  }
  return std::optional<Record>(*std::move(record));
}

// By somebody at work or killed; the latter's goes.
bool is_half_written(const std::filesystem::directory_entry& entry) {
  if (!entry.path().string().ends_with(kBeside)) {
    return false;
  }
  std::error_code failure;
  const auto age = std::filesystem::file_time_type::clock::now() - entry.last_write_time(failure);
  if (!failure && age > kHalfWrittenFor) {
    std::filesystem::remove(entry.path(), failure);
  }
  return true;
}

bool is_gone(const Error& error) {
  return error.is(ErrorKind::kNotFound) || error.is(ErrorKind::kBadNetns);
}

}  // namespace

std::string Records::path_of(const std::string& container_id, const std::string& if_name) const {
  return directory_ + "/" + ifb_name(container_id, if_name);
}

Status Records::write(const Record& record) const {
  const std::string path = path_of(record.shaped.container_id, record.shaped.if_name);
  const std::string text = to_json(record);
  Status written = write_file(path, text);
  if (written.ok() || !written.error().is(ErrorKind::kNotFound)) {
    return written;
  }
  TRY(base::make_directories(directory_));
  return write_file(path, text);
}

Result<std::optional<Record>> Records::find(const std::string& container_id,
                                            const std::string& if_name) const {
  return read_file(path_of(container_id, if_name));
}

Result<std::vector<Record>> Records::list(std::vector<std::string>& notices) const {
  std::vector<Record> records;
  std::error_code failure;
  std::filesystem::directory_iterator entries(directory_, failure);
  if (failure == std::errc::no_such_file_or_directory) {
    return records;
  }
  for (; !failure && entries != std::filesystem::directory_iterator(); entries.increment(failure)) {
    const std::string path = entries->path().string();
    if (is_half_written(*entries)) {
      continue;
    }
    auto record = read_file(path);
    if (!record.ok()) {
      notices.push_back(record.error().text());
    } else if (record->has_value()) {
      records.push_back(**std::move(record));
    }
  }
  if (failure) {
    return Error::from_errno(failure.value(), "list " + directory_);
  }
  return records;
}

Status Records::remove(const std::string& container_id, const std::string& if_name) const {
  const std::string path = path_of(container_id, if_name);
  for (const std::string& file : {path, path + std::string(kBeside)}) {
    if (::unlink(file.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) {
      return Error::from_errno(errno, "remove " + file);
    }
  }
  return {};
}

Status Records::reshape(Record record, const Rates& rates) const {
  const auto sandbox = netlink::NetNs::open(record.netns);
  if (!sandbox.ok()) {
    return is_gone(sandbox.error()) ? Status() : Status(sandbox.error());
  }
  auto node = TRY(netlink::Socket::open());
  auto pod = TRY(netlink::Socket::open_in(*sandbox));
  if (record.shaped.pipes.empty()) {
    record.shaped.pipes = TRY(find_pipes(node, pod, record.shaped.if_name, {}));
  }
  Status shaped = shape(node, pod, record.shaped, rates);
  const std::string path = path_of(record.shaped.container_id, record.shaped.if_name);
  if (::access(path.c_str(), F_OK) != 0) {
    // DEL removes the record first: what was made since then is ours to remove.
    return shaping::remove(node, &pod, record.shaped);
  }
  TRY(std::move(shaped));
  record.rates = rates;
  return write(record);
}

}  // namespace catena::shaping
