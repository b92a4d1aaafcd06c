// Whether the iptables commands of this host keep their rules in nf_tables (iptables-nft).
#pragma once

#include <string>

#include "common/base/result.h"

namespace catena::xtables {

// "ip filter": the first table of iptables-nft that has a rule; empty where there is none.
base::Result<std::string> nft_table_in_use();

}  // namespace catena::xtables
