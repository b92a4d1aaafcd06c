// The cloud room's seams, answered by a simulated cloud in the same process.
#pragma once

#include <set>
#include <string>

#include "common/cloud/http.h"
#include "common/cloud/pace.h"
#include "sim/gateway.h"
#include "sim/metadata_service.h"

namespace catena::sim {

// Time that passes only where somebody sleeps; the world lives it through. Thread-safe.
class VirtualPace : public cloud::Pace {
 public:
  VirtualPace(World& world, Gateway& gateway);
  std::chrono::system_clock::time_point wall() const override;
  std::chrono::milliseconds elapsed() const override;
  void sleep(std::chrono::milliseconds time) override;

 private:
  World& world_;
  Gateway& gateway_;
  std::chrono::system_clock::time_point start_;
};

// Knows the hosts of ECS, VPC and STS of the world's region, public and VPC-internal, and
// 100.100.100.200 as `instance` sees it; any other is kNotSent. What the answer takes passes on
// `pace`; past the request's timeout it is kNoAnswer. Thread-safe.
class SimTransport : public cloud::Transport {
 public:
  SimTransport(World& world, Gateway& gateway, MetadataService& metadata, cloud::Pace& pace,
               std::string instance);
  base::Result<cloud::HttpResponse> exchange(const cloud::HttpRequest& request) override;
  // One more host[:port] of the OpenAPI, as an endpoint override names it.
  void also_serve(const std::string& host) { more_hosts_.insert(host); }

 private:
  bool serves(const std::string& authority) const;

  std::string region_;
  Gateway& gateway_;
  MetadataService& metadata_;
  cloud::Pace& pace_;
  std::string instance_;
  std::set<std::string> more_hosts_;
};

}  // namespace catena::sim
