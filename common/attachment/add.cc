#include "common/attachment/add.h"

#include <algorithm>
#include <iterator>

#include "common/cni/wanted.h"
#include "common/podlink/names.h"

namespace catena::attachment {

using base::ErrorKind;
using base::IpAddress;
using base::Result;

namespace {
constexpr unsigned char kLocal = 2;  // RTN_LOCAL, linux/rtnetlink.h
}  // namespace

void log_all(const cni::Request& request, const std::vector<std::string>& notices) {
  for (const std::string& notice : notices) {
    request.log->warning(notice);
  }
}

ipam::Owner owner_of(const cni::Request& request) {
  return {.container_id = request.args.attachment.container_id,
          .if_name = request.args.attachment.if_name,
          .network = request.config.name,
          .netns = request.args.netns,
          .pod = request.args.pod.to_string()};
}

ipam::EniClaim claim_for(const cni::Request& request, const std::vector<base::Family>& families) {
  ipam::EniClaim claim{.owner = owner_of(request), .families = families};
  std::ranges::transform(cni::wanted_ips(request), std::back_inserter(claim.wanted),
                         &base::Prefix::address);
  return claim;
}

ipam::InUse known_to_kernel(netlink::Socket& node, NodesOwn nodes_own) {
  return [&node, nodes_own](const IpAddress& address) -> Result<bool> {
    const Result<netlink::Route> route = node.matching_route(address);
    if (!route.ok()) {
      return route.error().is(ErrorKind::kNotFound) ? Result<bool>(false)
                                                    : Result<bool>(route.error());
    }
    const bool own = route->type == kLocal;
    return route->destination.length() == address.bits() &&
           (!own || nodes_own == NodesOwn::kIsInUse);
  };
}

podlink::PodLink plan_link(const cni::Request& request, std::uint32_t mtu) {
  const std::string pod = request.args.pod.to_string();
  podlink::PodLink link;
  link.attachment = request.args.attachment;
  link.alias = (pod.empty() ? link.attachment.container_id : pod).substr(0, podlink::kLongestAlias);
  link.mtu = mtu;
  link.mac = cni::wanted_mac(request).value_or(podlink::pod_mac(link.attachment));
  return link;
}

cni::AddResult result_with(const cni::Request& request, const podlink::Ends& ends,
                           const podlink::PodLink& link, std::vector<cni::RouteConfig> routes) {
  cni::AddResult result = request.config.prev_result.value_or(cni::AddResult());
  podlink::append_to_result(result, ends, link, request.args.netns, std::move(routes));
  result.dns = request.config.dns.empty() ? result.dns : request.config.dns;
  return result;
}

}  // namespace catena::attachment
