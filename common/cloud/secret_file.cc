#include "common/cloud/secret_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/file.h"

namespace catena::cloud {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;

constexpr std::size_t kMostBytes = std::size_t{1} << 20U;

bool is_missing(int sys_errno) { return sys_errno == ENOENT || sys_errno == ENOTDIR; }

// "at line 1, column 5" of "... parse error at line 1, column 5: ... last read: '<secret>'".
std::string place_in(const std::string& message) {
  const std::size_t begin = message.find("at line ");
  const std::size_t end = message.find(':', begin);
  return begin == std::string::npos || end == std::string::npos
             ? std::string()
             : " (" + message.substr(begin, end - begin) + ")";
}

}  // namespace

Result<std::optional<std::string>> read_secret_file(const std::string& path) {
  Result<std::string> text = base::read_file(path, kMostBytes);
  if (text.ok()) {
    return std::optional<std::string>(std::move(text).value());
  }
  if (is_missing(text.error().sys_errno())) {
    return std::optional<std::string>();
  }
  return std::move(text).error();
}

Result<nlohmann::json> parse_secret_json(std::string_view text) {
  Result<nlohmann::json> parsed = base::parse_json(text, kMostBytes);
  if (!parsed.ok()) {
    return Error(ErrorKind::kUndecodable, "not JSON" + place_in(parsed.error().message()));
  }
  if (!parsed->is_object()) {
    return Error(ErrorKind::kUndecodable, "not a JSON object");
  }
  return parsed;
}

std::string open_mode(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || (status.st_mode & 077U) == 0) {
    return {};
  }
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "mode %04o", status.st_mode & 07777U);
  return text.data();
}

std::string fingerprint(const std::vector<std::string>& paths) {
  std::string all;
  for (const std::string& path : paths) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
      all += "-;";
      continue;
    }
    all += std::to_string(status.st_dev) + "," + std::to_string(status.st_ino) + "," +
           std::to_string(status.st_size) + "," + std::to_string(status.st_mtim.tv_sec) + "." +
           std::to_string(status.st_mtim.tv_nsec) + "," + std::to_string(status.st_ctim.tv_sec) +
           "." + std::to_string(status.st_ctim.tv_nsec) + ";";
  }
  return all;
}

}  // namespace catena::cloud
