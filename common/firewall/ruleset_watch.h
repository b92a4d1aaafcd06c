// Hears when somebody else changes what belongs to NetworkPolicies in `table inet catena`.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/result.h"
#include "common/base/unique_fd.h"

struct nlmsghdr;

namespace catena::firewall {

// In the order of what has to be done about it.
enum class Foreign : std::uint8_t {
  kNothing,
  // A pod's own rules or addresses: as when a plugin takes a pod down, which needs no repair.
  kOfAPod,
  // What all pods share, or the table; also where news were lost.
  kOfAll,
};

// Whether the chain, set or map is one of NetworkPolicies'.
bool is_of_policies(const std::string& name);

// For one event loop, in the namespace of open().
class RulesetWatch {
 public:
  static base::Result<RulesetWatch> open();
  int fd() const { return fd_.get(); }
  // The worst of what was heard since the last call. What this process does itself is no news.
  base::Result<Foreign> read();

 private:
  explicit RulesetWatch(base::UniqueFd fd) : fd_(std::move(fd)) {}
  base::UniqueFd fd_;
};

}  // namespace catena::firewall
