#include "common/cni/wanted.h"

namespace catena::cni {

std::vector<base::Prefix> wanted_ips(const Request& request) {
  if (!request.config.runtime.ips.empty()) {
    return request.config.runtime.ips;
  }
  if (!request.config.args.ips.empty()) {
    return request.config.args.ips;
  }
  if (request.args.ip) {
    return {base::Prefix::host(*request.args.ip)};
  }
  return {};
}

std::optional<base::Mac> wanted_mac(const Request& request) {
  if (request.config.runtime.mac) {
    return request.config.runtime.mac;
  }
  return request.config.args.mac ? request.config.args.mac : request.args.mac;
}

}  // namespace catena::cni
