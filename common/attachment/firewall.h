// What a pod's attachment has in `table inet catena`: the guard's entries and masquerade.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/firewall/table.h"
#include "common/podlink/pod_link.h"

namespace catena::attachment {

struct FirewallKeys {
  bool closed_until_policy = false;
  bool masquerade = false;
  std::vector<base::Prefix> kept;  // where masquerading does not apply
  // Of pods whose packets leave by ENIs: what is masqueraded leaves by none.
  std::optional<firewall::MarkSettings> marks = std::nullopt;

  // Whether a pod can't do without nf_tables.
  bool needed() const { return closed_until_policy || masquerade; }
};

// Nothing on a kernel without nf_tables, which holds no entry of anybody.
base::Result<std::optional<firewall::Table>> open_table();
// The same, but kUnsupported where the keys need it.
base::Result<std::optional<firewall::Table>> open_table_for(const FirewallKeys& keys);

// Of the guard: what lets the pod through. None where a policy plugin will enter it.
std::vector<firewall::Entry> entries_for(const FirewallKeys& keys, const podlink::PodLink& link);

// The guard stands before the link carries anything. Without a policy plugin to open it, the pod is
// entered here.
base::Status set_up_firewall(firewall::Table& table, const FirewallKeys& keys,
                             const podlink::PodLink& link);

// A sentence for each thing that is not as set_up_firewall() made it. Changes nothing.
base::Result<std::vector<std::string>> firewall_differences(
    const FirewallKeys& keys, const std::string& host_link,
    const std::vector<base::IpAddress>& addresses);

}  // namespace catena::attachment
