#include <utility>

#include "common/firewall/backend.h"
#include "common/firewall/policies.h"

namespace catena::firewall {
namespace {

using base::Error;
using base::ErrorKind;
using base::Status;

Status nftables() {
  auto policies = Policies::open(Place::kNode);
  return policies.ok() ? policies->can_do() : Status(policies.error());
}

Status iptables(const std::vector<std::string>& cni_path) {
  const auto xtables = Xtables::find(cni_path);
  return xtables.ok() ? xtables->can_do() : Status(xtables.error());
}

Error refused(const Status& why, Backend backend) {
  return Error(why.error())
      .context(std::string("the back end ") + name_of(backend) + " can't be had");
}

}  // namespace

base::Result<Backend> choose(Backend wanted, const std::vector<std::string>& cni_path) {
  const Status by_nftables = wanted == Backend::kIptables ? Status() : nftables();
  if (wanted != Backend::kIptables && by_nftables.ok()) {
    return Backend::kNftables;
  }
  // A failure that may pass is no reason to change to another back end.
  const bool lacking =
      wanted == Backend::kIptables || by_nftables.error().is(ErrorKind::kUnsupported);
  if (wanted == Backend::kNftables || !lacking) {
    return refused(by_nftables, Backend::kNftables);
  }
  const Status by_iptables = iptables(cni_path);
  if (by_iptables.ok()) {
    return Backend::kIptables;
  }
  Error error = refused(by_iptables, Backend::kIptables);
  if (wanted == Backend::kIptables) {
    return error;
  }
  return std::move(error).append("; nor can nftables: " + by_nftables.error().message());
}

}  // namespace catena::firewall
