// Reading a whole table. Nothing here changes anything; empty where there is no such table.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/firewall/objects.h"

struct nl_sock;

namespace catena::firewall {

// Each chain with the tags (Rule::tag) of its rules, in order.
base::Result<std::map<std::string, std::vector<std::string>>> tags_by_chain(
    nl_sock* socket, const std::string& table);

// As the kernel says it of a set or map.
struct FoundSet {
  std::string name;
  std::uint32_t key_type = 0;
  std::uint32_t key_size = 0;
  std::uint32_t flags = 0;

  // Of that key, and an interval set or none.
  bool is_kind_of(const Set& set) const;
};
base::Result<std::vector<FoundSet>> all_sets(nl_sock* socket, const std::string& table);

}  // namespace catena::firewall
