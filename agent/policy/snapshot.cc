#include "agent/policy/snapshot.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/file.h"
#include "common/base/hash.h"
#include "common/base/json_path.h"
#include "common/netpol/objects_json.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;
using Json = nlohmann::json;

constexpr int kVersion = 1;
constexpr std::size_t kMostBytes = std::size_t{512} << 20U;
constexpr std::size_t kMostLine = std::size_t{8} << 20U;
constexpr std::size_t kChecksum = 8;  // hexadecimal digits; a space follows
constexpr std::size_t kWriteAtOnce = std::size_t{256} << 10U;

constexpr const char* kHead = "catenaPolicyObjects";  // with the version
constexpr const char* kWhole = "whole";
constexpr const char* kGone = "gone";
constexpr std::array<const char*, 3> kNames{"policy", "namespace", "pod"};  // as PolicyObject

void append_line(std::string& out, const Json& json) {
  const std::string text = base::print_json(json);
  std::array<char, kChecksum + 2> checksum{};
  (void)std::snprintf(checksum.data(), checksum.size(), "%08x ",
                      base::crc32c(text.data(), text.size()));
  out.append(checksum.data()).append(text).append("\n");
}

template <typename Object>
Json line_of(PolicyObject kind, const Object& object) {
  return Json{{kNames.at(static_cast<std::size_t>(kind)), netpol::to_json(object)}};
}

// Nothing where the line is not what append_line() made.
std::optional<Json> json_in(std::string_view line) {
  std::uint32_t checksum = 0;
  if (line.size() <= kChecksum || line[kChecksum] != ' ') {
    return std::nullopt;
  }
  const auto parsed = std::from_chars(line.data(), line.data() + kChecksum, checksum, 16);
  const std::string_view text = line.substr(kChecksum + 1);
  if (parsed.ec != std::errc() || parsed.ptr != line.data() + kChecksum ||
      checksum != base::crc32c(text.data(), text.size())) {
    return std::nullopt;
  }
  Result<Json> json = base::parse_json(text, kMostLine);
  return json.ok() && json->is_object() ? std::optional(std::move(json).value()) : std::nullopt;
}

Status forget(const Json& line, netpol::Compiler& into) {
  const std::string& kind = base::text_at(line, {kGone});
  const std::string& space = base::text_at(line, {"space"});
  const std::string& name = base::text_at(line, {"name"});
  if (kind == kNames[0]) {
    into.remove_policy({space, name});
  } else if (kind == kNames[1]) {
    into.remove_namespace(name);
  } else if (kind == kNames[2]) {
    into.remove_pod({space, name});
  } else {
    return Error(ErrorKind::kUndecodable, "a line says that a '" + kind + "' is gone");
  }
  return {};
}

Status take(const Json& line, netpol::Compiler& into) {
  if (line.contains(kGone)) {
    return forget(line, into);
  }
  if (const auto found = line.find(kNames[0]); found != line.end()) {
    into.put(TRY(netpol::policy_of(*found)));
  } else if (const auto space = line.find(kNames[1]); space != line.end()) {
    into.put(TRY(netpol::namespace_of(*space)));
  } else if (const auto pod = line.find(kNames[2]); pod != line.end()) {
    into.put(TRY(netpol::pod_of(*pod)));
  } else {
    return Error(ErrorKind::kUndecodable, "a line is of no kind that is known");
  }
  return {};
}

// The lines of a file, one after another.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {}
  // Nothing at the end; a line without its end is none.
  std::optional<std::string_view> next() {
    const std::size_t end = text_.find('\n', at_);
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    const std::string_view line = text_.substr(at_, end - at_);
    at_ = end + 1;
    return line;
  }
  std::size_t at() const { return at_; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

bool any_is_whole(Lines lines) {
  while (const auto line = lines.next()) {
    if (json_in(*line).has_value()) {
      return true;
    }
  }
  return false;
}

struct Sizes {
  std::size_t when_whole = 0;
  std::size_t good = 0;  // what follows is torn
};

Error unusable(const std::string& why) { return {ErrorKind::kUndecodable, why}; }

Result<Sizes> read_into(std::string_view text, netpol::Compiler& into) {
  Lines lines(text);
  const auto head_line = lines.next();
  const std::optional<Json> head = head_line.has_value() ? json_in(*head_line) : std::nullopt;
  if (!head.has_value() || head->value(kHead, 0) != kVersion) {
    return unusable("it does not begin as one of this release does");
  }
  Sizes sizes;
  while (const auto line = lines.next()) {
    const std::optional<Json> json = json_in(*line);
    if (!json.has_value()) {
      if (any_is_whole(lines)) {
        return unusable("a line in the middle is damaged");
      }
      break;
    }
    if (json->contains(kWhole)) {
      sizes.when_whole = lines.at();
    } else {
      TRY(take(*json, into));
    }
    sizes.good = lines.at();
  }
  if (sizes.when_whole == 0) {
    return unusable("its end is missing");
  }
  return sizes;
}

// Cuts off a line that a killed writer left without its end.
Status cut_torn_tail(int fd, const std::string& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) {
    return Error::from_errno(errno, "fstat " + path);
  }
  off_t end = info.st_size;
  char byte = '\n';
  while (end > 0 && ::pread(fd, &byte, 1, end - 1) == 1 && byte != '\n') {
    --end;
  }
  if (end != info.st_size && ::ftruncate(fd, end) != 0) {
    return Error::from_errno(errno, "truncate " + path);
  }
  return {};
}

// Written beside a file and put in its place.
class Beside {
 public:
  explicit Beside(std::string path) : path_(std::move(path)), beside_(path_ + ".new") {}
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;
  Beside(Beside&&) = delete;
  Beside& operator=(Beside&&) = delete;
  ~Beside() {
    if (fd_.valid()) {
      ::unlink(beside_.c_str());
    }
  }

  Status open() {
    fd_ = TRY(base::open_file(beside_, O_RDWR | O_CREAT | O_TRUNC | O_APPEND));
    return {};
  }
  Status write(const Json& line) {
    append_line(buffer_, line);
    return buffer_.size() < kWriteAtOnce ? Status() : flush();
  }
  // The file, open for more at its end.
  Result<base::UniqueFd> put_in_place() {
    TRY(flush());
    if (::fdatasync(fd_.get()) != 0) {
      return Error::from_errno(errno, "fdatasync " + beside_);
    }
    if (::rename(beside_.c_str(), path_.c_str()) != 0) {
      return Error::from_errno(errno, "rename " + beside_ + " to " + path_);
    }
    return std::move(fd_);
  }
  std::size_t size() const { return size_; }

 private:
  Status flush() {
    TRY(base::write_all(fd_.get(), buffer_, beside_));
    size_ += buffer_.size();
    buffer_.clear();
    return {};
  }

  std::string path_;
  std::string beside_;
  base::UniqueFd fd_;
  std::string buffer_;
  std::size_t size_ = 0;
};

}  // namespace

Snapshot::Snapshot(const std::string& state_dir)
    : directory_(state_dir + "/policy"), path_(directory_ + "/objects.json") {}

Status Snapshot::open() {
  base::UniqueFd fd = TRY(base::open_file(path_, O_RDWR | O_APPEND));
  TRY(cut_torn_tail(fd.get(), path_));
  fd_ = std::move(fd);
  return {};
}

Result<bool> Snapshot::load(netpol::Compiler& into, std::vector<std::string>& notices) {
  if (Status opened = open(); !opened.ok()) {
    return opened.error().is(ErrorKind::kNotFound) ? Result<bool>(false)
                                                   : std::move(opened).error();
  }
  const std::string text = TRY(base::read_all(fd_.get(), kMostBytes, path_));
  netpol::Compiler read;
  const Result<Sizes> sizes = read_into(text, read);
  if (!sizes.ok()) {
    fd_ = base::UniqueFd();
    notices.push_back(path_ + " can't be used, as if there were none: " + sizes.error().text());
    return false;
  }
  if (sizes->good != text.size() && ::ftruncate(fd_.get(), static_cast<off_t>(sizes->good)) != 0) {
    return Error::from_errno(errno, "truncate " + path_);
  }
  size_ = sizes->good;
  size_when_whole_ = sizes->when_whole;
  into = std::move(read);
  return true;
}

void Snapshot::note_line(const Json& line) {
  if (usable()) {
    append_line(noted_, line);
  }
}

void Snapshot::note(const netpol::Policy& policy) {
  note_line(line_of(PolicyObject::kPolicy, policy));
}

void Snapshot::note(const netpol::Namespace& space) {
  note_line(line_of(PolicyObject::kNamespace, space));
}

void Snapshot::note(const netpol::Pod& pod) { note_line(line_of(PolicyObject::kPod, pod)); }

void Snapshot::note_gone(PolicyObject kind, const netpol::Key& key) {
  note_line(Json{{kGone, kNames.at(static_cast<std::size_t>(kind))},
                 {"space", key.first},
                 {"name", key.second}});
}

void Snapshot::drop() {
  ::unlink(path_.c_str());
  fd_ = base::UniqueFd();
  noted_.clear();
  unsynced_ = false;
}

Status Snapshot::write() {
  if (noted_.empty()) {
    return {};
  }
  Status written = cut_torn_tail(fd_.get(), path_);
  if (written.ok()) {
    written = base::write_all(fd_.get(), noted_, path_);
  }
  if (!written.ok()) {
    drop();
    return written;
  }
  size_ += noted_.size();
  noted_.clear();
  unsynced_ = true;
  return {};
}

Status Snapshot::rewrite(const netpol::Compiler& from) {
  TRY(base::make_directories(directory_));
  Beside beside(path_);
  TRY(beside.open());
  TRY(beside.write(Json{{kHead, kVersion}}));
  for (const auto& [key, policy] : from.policies()) {
    TRY(beside.write(line_of(PolicyObject::kPolicy, policy)));
  }
  for (const auto& [name, space] : from.namespaces()) {
    TRY(beside.write(line_of(PolicyObject::kNamespace, space)));
  }
  for (const auto& [key, pod] : from.pods()) {
    TRY(beside.write(line_of(PolicyObject::kPod, pod)));
  }
  TRY(beside.write(Json{{kWhole, true}}));
  fd_ = TRY(beside.put_in_place());
  noted_.clear();
  size_ = beside.size();
  size_when_whole_ = size_;
  unsynced_ = false;
  return base::sync_directory(directory_);
}

base::UniqueFd Snapshot::take_unsynced() {
  if (!std::exchange(unsynced_, false)) {
    return {};
  }
  return base::UniqueFd(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
}

}  // namespace catena::agent
