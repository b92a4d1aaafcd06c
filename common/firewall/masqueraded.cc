// Masqueraded pods by what the kernel has, whatever lists they were masqueraded with.
#include <optional>
#include <string_view>

#include "common/firewall/plan.h"
#include "common/firewall/read.h"
#include "common/firewall/table.h"

namespace catena::firewall {
namespace {

struct PodSet {
  base::Family family;
  Set set;
};

// By its name, as masquerade() gives it; nothing where it is no set of masqueraded pods.
std::optional<PodSet> pod_set(const std::string& name) {
  for (const base::Family family : {base::Family::kIpv4, base::Family::kIpv6}) {
    const std::string_view prefix = family == base::Family::kIpv4 ? "masq4-" : "masq6-";
    if (name.starts_with(prefix)) {
      return PodSet{family, {kTable, name, {address_field(family)}, false, false, true}};
    }
  }
  return std::nullopt;
}

}  // namespace

base::Result<std::vector<Masqueraded>> Table::masqueraded() {
  std::vector<Masqueraded> all;
  for (const std::string& name : TRY(set_names(socket_.get(), kTable))) {
    const std::optional<PodSet> pods = pod_set(name);
    if (!pods) {
      continue;
    }
    for (const FoundElement& found : TRY(settled_elements_in(socket_.get(), pods->set))) {
      if (found.key.size() == address_field(pods->family).size) {
        all.push_back({name, base::IpAddress::from_bytes(pods->family, found.key.data())});
      }
    }
  }
  return all;
}

base::Status Table::stop_masquerade(const std::vector<Masqueraded>& pods) {
  Batch batch;
  for (const Masqueraded& pod : pods) {
    const std::optional<PodSet> in = pod_set(pod.set);
    // Looked up first, for the reason that Table::those_entered has.
    if (in && TRY(has_element(socket_.get(), in->set, key_of(pod.address)))) {
      batch.add(delete_elements(in->set, {{key_of(pod.address), std::nullopt, std::nullopt}}));
    }
  }
  return batch.commit(socket_.get()).context("stop to masquerade pods that are gone");
}

}  // namespace catena::firewall
