// What of the kernel's firewalls drops packets that the node forwards unless a rule lets them
// through. Asked of the kernel itself: iptables and nft need not be installed.
#pragma once

#include <string>
#include <vector>

#include "common/base/result.h"

namespace catena::cli {

// One phrase for each, "ip filter FORWARD (nf_tables)"; empty where nothing does. Of the calling
// thread's namespace; needs root.
base::Result<std::vector<std::string>> forward_drops();

}  // namespace catena::cli
