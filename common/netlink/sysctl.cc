#include "common/netlink/sysctl.h"

#include <algorithm>
#include <fcntl.h>
#include <vector>

#include "common/base/file.h"
#include "common/base/text.h"

namespace catena::netlink {
namespace {

constexpr std::size_t kLongestValue = 4096;  // a page, what most handlers print into

// /proc/sys/net shows the namespace of the thread that looks, not of the process.
base::Result<std::string> path_of(const std::string& name) {
  const std::vector<std::string_view> parts = base::split(name, '/');
  const bool inside = std::ranges::none_of(
      parts, [](std::string_view part) { return part.empty() || part == "." || part == ".."; });
  if (!inside) {
    return base::Error(base::ErrorKind::kBadConfig,
                       "sysctl '" + name + "': not a name below /proc/sys/net")
        .advice("write it like ipv4/conf/eth0/rp_filter");
  }
  return "/proc/sys/net/" + name;
}

}  // namespace

base::Result<std::string> read_sysctl(const std::string& name) {
  const std::string path = TRY(path_of(name));
  std::string value = TRY(base::read_file(path, kLongestValue));
  while (!value.empty() && value.back() == '\n') {
    value.pop_back();
  }
  return value;
}

base::Status write_sysctl(const std::string& name, const std::string& value) {
  const std::string path = TRY(path_of(name));
  const base::UniqueFd fd = TRY(base::open_file(path, O_WRONLY));
  return base::write_all(fd.get(), value, "'" + value + "' to " + path);
}

base::Result<bool> ensure_sysctl(const std::string& name, const std::string& value) {
  const std::string found = TRY(read_sysctl(name));
  if (found == value) {
    return false;
  }
  TRY(write_sysctl(name, value));
  return true;
}

}  // namespace catena::netlink
