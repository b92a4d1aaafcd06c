// Looking at what nf_tables holds. Nothing here changes anything.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/firewall/objects.h"

struct nl_sock;

namespace catena::firewall {

// Counts every change of the namespace's ruleset, whosever table it is in.
base::Result<std::uint32_t> generation(nl_sock* socket);

// Whether the table is there and not dormant, and every chain has its type, hook and priority.
base::Result<bool> has_chains(nl_sock* socket, const std::string& table,
                              const std::vector<BaseChain>& chains);

// Whether the chain has rules with exactly these tags, in this order.
base::Result<bool> has_rules(nl_sock* socket, const std::string& table, const std::string& chain,
                             const std::vector<std::string>& tags);

// Packets that a counter has counted; kNotFound where there is none of that name.
base::Result<std::uint64_t> packets_counted(nl_sock* socket, const std::string& table,
                                            const std::string& counter);

struct FoundElement {
  std::string key;
  std::string chain;      // that the verdict leads to; empty where there is none
  bool expiring = false;  // goes by itself
};

// Names of the table's sets and maps; empty where there is no table.
base::Result<std::vector<std::string>> set_names(nl_sock* socket, const std::string& table);

// By the element's key; nothing too where there is no such set or table.
base::Result<std::optional<FoundElement>> find_element(nl_sock* socket, const Set& set,
                                                       const std::string& key);
base::Result<bool> has_element(nl_sock* socket, const Set& set, const std::string& key);
// Whether the set has all of them.
base::Result<bool> has_elements(nl_sock* socket, const Set& set,
                                const std::vector<std::string>& keys);
// Of an interval set, both ends of each interval are elements. Empty where there is no such set.
base::Result<std::vector<FoundElement>> elements_in(nl_sock* socket, const Set& set);
// Of a hash set, by key, each once. The kernel shows elements twice or leaves some out while it
// resizes the set, without a word (nft_set_hash.c, nft_rhash_walk): looks until two looks agree.
base::Result<std::vector<FoundElement>> settled_elements_in(nl_sock* socket, const Set& set);

}  // namespace catena::firewall
