// Where the products of the OpenAPI are reached.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace catena::cloud {

enum class Product { kEcs, kVpc, kSts };

// "ecs", "vpc", "sts".
std::string_view name_of(Product product);
// The version of the API that Catena speaks: "2014-05-26", "2016-04-28", "2015-04-01".
std::string_view version_of(Product product);

enum class Network {
  kVpc,     // ecs-vpc.<region>.aliyuncs.com: resolves inside a VPC only, needs no NAT and no EIP
  kPublic,  // ecs.<region>.aliyuncs.com
};

struct Endpoints {
  std::string region;
  Network network = Network::kVpc;
  std::string scheme = "https";
  // host or host:port that replaces the product's own; empty: made from region and network.
  std::string ecs;
  std::string vpc;
  std::string sts;

  // As the Host line carries it: with the port where one is given.
  std::string host_of(Product product) const;
  // "https://<host>/"
  std::string url_of(Product product) const;
};

// ALICLOUD_ENDPOINT_TYPE (vpc | public), ALICLOUD_CLIENT_SCHEME (HTTP | HTTPS), ECS_ENDPOINT,
// VPC_ENDPOINT and ALIBABA_CLOUD_STS_ENDPOINT, names of variables that Terway and the SDKs know; an
// endpoint may be written with http:// or https:// in front, which then must be the same of all.
// kBadConfig names the variable and what it may hold.
base::Result<Endpoints> endpoints_from_environment(std::string region);

}  // namespace catena::cloud
