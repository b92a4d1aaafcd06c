#include "common/cloud/endpoint.h"

#include <algorithm>
#include <cstdlib>

#include "common/base/text.h"

namespace catena::cloud {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : std::string(base::trim(value));
}

Error bad_variable(const char* name, std::string_view value, std::string_view expected) {
  return {ErrorKind::kBadConfig, "environment variable " + std::string(name) + ": expected " +
                                     std::string(expected) + ", got \"" + std::string(value) +
                                     "\""};
}

bool is_host_character(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9') || character == '.' || character == '-' ||
         character == ':' || character == '[' || character == ']';
}

struct Override {
  std::string host;
  std::string scheme;  // empty where none was given
};

Result<Override> read_override(const char* name) {
  const std::string value = environment(name);
  std::string_view host = value;
  Override result;
  for (const std::string_view scheme : {"http", "https"}) {
    const std::string prefix = std::string(scheme) + "://";
    if (host.starts_with(prefix)) {
      host.remove_prefix(prefix.size());
      result.scheme = scheme;
      break;
    }
  }
  if (host.ends_with('/')) {
    host.remove_suffix(1);
  }
  if ((host.empty() && !value.empty()) || !std::ranges::all_of(host, is_host_character)) {
    return bad_variable(name, value, "host, host:port or http(s)://host:port");
  }
  result.host = host;
  return result;
}

}  // namespace

std::string_view name_of(Product product) {
  switch (product) {
    case Product::kEcs:
      return "ecs";
    case Product::kVpc:
      return "vpc";
    case Product::kSts:
      return "sts";
  }
  return {};
}

std::string_view version_of(Product product) {
  switch (product) {
    case Product::kEcs:
      return "2014-05-26";
    case Product::kVpc:
      return "2016-04-28";
    case Product::kSts:
      return "2015-04-01";
  }
  return {};
}

std::string Endpoints::host_of(Product product) const {
  const std::string& replaced = product == Product::kEcs   ? ecs
                                : product == Product::kVpc ? vpc
                                                           : sts;
  if (replaced.empty()) {
    return std::string(name_of(product)) + (network == Network::kVpc ? "-vpc." : ".") + region +
           ".aliyuncs.com";
  }
  // The Host line carries no port where it is the scheme's own (RFC 9110 section 4.2).
  const std::string_view own_port = scheme == "https" ? ":443" : ":80";
  return replaced.ends_with(own_port) ? replaced.substr(0, replaced.size() - own_port.size())
                                      : replaced;
}

std::string Endpoints::url_of(Product product) const {
  return scheme + "://" + host_of(product) + "/";
}

Result<Endpoints> endpoints_from_environment(std::string region) {
  Endpoints endpoints;
  endpoints.region = std::move(region);

  const std::string network = environment("ALICLOUD_ENDPOINT_TYPE");
  if (base::equal_ignoring_case(network, "public")) {
    endpoints.network = Network::kPublic;
  } else if (!network.empty() && !base::equal_ignoring_case(network, "vpc")) {
    return bad_variable("ALICLOUD_ENDPOINT_TYPE", network, "vpc or public");
  }

  const std::string scheme = environment("ALICLOUD_CLIENT_SCHEME");
  const bool plain = base::equal_ignoring_case(scheme, "http");
  if (!scheme.empty() && !plain && !base::equal_ignoring_case(scheme, "https")) {
    return bad_variable("ALICLOUD_CLIENT_SCHEME", scheme, "HTTPS or HTTP");
  }
  std::string found = scheme.empty() ? "" : plain ? "http" : "https";

  const struct {
    const char* name;
    std::string* host;
  } overrides[] = {{"ECS_ENDPOINT", &endpoints.ecs},
                   {"VPC_ENDPOINT", &endpoints.vpc},
                   {"ALIBABA_CLOUD_STS_ENDPOINT", &endpoints.sts}};
  for (const auto& item : overrides) {
    const Override read = TRY(read_override(item.name));
    *item.host = read.host;
    if (!read.scheme.empty() && !found.empty() && read.scheme != found) {
      return bad_variable(item.name, read.scheme + "://" + read.host,
                          "the scheme of the other endpoints, " + found);
    }
    found = read.scheme.empty() ? found : read.scheme;
  }
  endpoints.scheme = found.empty() ? "https" : found;
  return endpoints;
}

}  // namespace catena::cloud
