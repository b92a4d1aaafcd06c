#include "common/attachment/firewall.h"

#include <algorithm>

#include "common/podlink/names.h"

namespace catena::attachment {

using base::ErrorKind;
using base::IpAddress;
using base::Result;
using base::Status;

Result<std::optional<firewall::Table>> open_table() {
  Result<firewall::Table> table = firewall::Table::open();
  if (table.ok()) {
    return std::optional<firewall::Table>(std::move(table).value());
  }
  if (table.error().is(ErrorKind::kUnsupported)) {
    return std::optional<firewall::Table>();
  }
  return std::move(table).error();
}

Result<std::optional<firewall::Table>> open_table_for(const FirewallKeys& keys) {
  if (!keys.needed()) {
    return open_table();
  }
  firewall::Table table = TRY(firewall::Table::open());
  return std::optional<firewall::Table>(std::move(table));
}

std::vector<firewall::Entry> entries_for(const FirewallKeys& keys, const podlink::PodLink& link) {
  std::vector<firewall::Entry> entries;
  if (!keys.closed_until_policy) {
    std::ranges::transform(link.addresses, std::back_inserter(entries),
                           [&link](const IpAddress& address) -> firewall::Entry {
                             return {podlink::host_link_name(link.attachment), address};
                           });
  }
  return entries;
}

Status set_up_firewall(firewall::Table& table, const FirewallKeys& keys,
                       const podlink::PodLink& link) {
  TRY(table.ensure_guard(entries_for(keys, link)));
  if (keys.masquerade) {
    TRY(table.masquerade(link.addresses, keys.kept, keys.marks));
  }
  return {};
}

Result<std::vector<std::string>> firewall_differences(const FirewallKeys& keys,
                                                      const std::string& host_link,
                                                      const std::vector<IpAddress>& addresses) {
  std::vector<std::string> found;
  std::optional<firewall::Table> table = TRY(open_table_for(keys));
  if (!table.has_value()) {
    return found;
  }
  if (!TRY(table->has_guard())) {
    found.emplace_back("the guard of table inet catena is gone or incomplete");
    return found;
  }
  for (const IpAddress& address : addresses) {
    if (!keys.closed_until_policy && !TRY(table->is_entered({host_link, address}))) {
      found.push_back("the guard does not let " + host_link + " with " + address.to_string() +
                      " through");
    }
    if (keys.masquerade && !TRY(table->is_masqueraded(address, keys.kept, keys.marks))) {
      found.push_back(address.to_string() + " is not masqueraded");
    }
  }
  return found;
}

}  // namespace catena::attachment
