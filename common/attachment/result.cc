#include "common/attachment/result.h"

#include <algorithm>

#include "common/podlink/names.h"

namespace catena::attachment {

std::vector<base::IpAddress> addresses_in(const std::optional<cni::AddResult>& result,
                                          const cni::Attachment& attachment) {
  std::vector<base::IpAddress> addresses;
  if (!result) {
    return addresses;
  }
  for (const cni::IpConfig& ip : result->ips) {
    if (!ip.interface) {
      continue;
    }
    const auto& link = result->interfaces.at(static_cast<std::size_t>(*ip.interface));
    if (link.name == attachment.if_name && !link.sandbox.empty()) {
      addresses.push_back(ip.address.address());
    }
  }
  return addresses;
}

const cni::Interface* pod_interface_in(const std::optional<cni::AddResult>& result,
                                       const cni::Attachment& attachment) {
  if (!result) {
    return nullptr;
  }
  const auto found = std::ranges::find_if(result->interfaces, [&](const cni::Interface& link) {
    return link.name == attachment.if_name && !link.sandbox.empty();
  });
  return found == result->interfaces.end() ? nullptr : &*found;
}

bool is_ours(const std::optional<cni::AddResult>& result, const cni::Attachment& attachment) {
  return result && std::ranges::any_of(result->interfaces, [&](const cni::Interface& link) {
           return link.name == podlink::host_link_name(attachment) && link.sandbox.empty();
         });
}

}  // namespace catena::attachment
