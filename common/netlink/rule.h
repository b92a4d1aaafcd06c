// Policy-routing rules.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/ip.h"
#include "common/netlink/request.h"

namespace catena::netlink {

struct Rule {
  base::Family family = base::Family::kIpv4;
  std::uint32_t priority = 0;
  std::uint32_t table = 0;
  std::optional<base::Prefix> from;
  std::optional<base::Prefix> to;
  std::uint32_t mark = 0;
  std::uint32_t mark_mask = 0;  // 0: no mark is asked for
  std::string in_interface;     // empty: any
  unsigned char protocol = kProtocol;

  bool operator==(const Rule&) const = default;
};

// Adding one that is there is ok, so is deleting one that is gone. To the deletion, what `rule`
// leaves open is a wildcard (the kernel's way): give all that the rule was added with.
Request add_rule(const Rule& rule);
Request delete_rule(const Rule& rule);

}  // namespace catena::netlink
