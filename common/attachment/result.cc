#include "common/attachment/result.h"

#include <algorithm>

#include "common/podlink/names.h"

namespace catena::attachment {

namespace {

// Of the pod's interface.
std::vector<cni::IpConfig> ips_in(const std::optional<cni::AddResult>& result,
                                  const cni::Attachment& attachment) {
  std::vector<cni::IpConfig> ips;
  if (!result) {
    return ips;
  }
  const auto is_of_pod = [&](const cni::IpConfig& ip) {
    if (!ip.interface) {
      return false;
    }
    const auto& link = result->interfaces.at(static_cast<std::size_t>(*ip.interface));
    return link.name == attachment.if_name && !link.sandbox.empty();
  };
  std::ranges::copy_if(result->ips, std::back_inserter(ips), is_of_pod);
  return ips;
}

}  // namespace

std::vector<base::IpAddress> addresses_in(const std::optional<cni::AddResult>& result,
                                          const cni::Attachment& attachment) {
  std::vector<base::IpAddress> addresses;
  std::ranges::transform(ips_in(result, attachment), std::back_inserter(addresses),
                         [](const cni::IpConfig& ip) { return ip.address.address(); });
  return addresses;
}

bool has_own_nic(const std::optional<cni::AddResult>& result, const cni::Attachment& attachment) {
  return std::ranges::any_of(ips_in(result, attachment), [](const cni::IpConfig& ip) {
    return ip.gateway && *ip.gateway != podlink::gateway_of(ip.address.family());
  });
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
  return result && !has_own_nic(result, attachment) &&
         std::ranges::any_of(result->interfaces, [&](const cni::Interface& link) {
           return link.name == podlink::host_link_name(attachment) && link.sandbox.empty();
         });
}

}  // namespace catena::attachment
