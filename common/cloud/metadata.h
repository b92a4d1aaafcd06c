// The metadata service of an ECS instance: what the instance is, and what its ENIs have.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ip.h"
#include "common/base/mac.h"
#include "common/base/result.h"
#include "common/cloud/environment.h"
#include "common/cloud/http.h"
#include "common/cloud/pace.h"

namespace catena::cloud {

struct MetadataOptions {
  std::string endpoint = "http://100.100.100.200";  // scheme and host[:port], no slash at the end
  bool use_token = true;    // token mode (IMDSv2) wherever the service offers it
  bool allow_plain = true;  // plain requests where the token endpoint answers 403 or 404
  std::chrono::milliseconds exchange_timeout{2'000};
  std::chrono::milliseconds budget{10'000};  // for one item, repetitions and waits included
};

// ALIBABA_CLOUD_IMDS_ENDPOINT, ALIBABA_CLOUD_IMDSV1_DISABLED, ALIBABA_CLOUD_IMDSV2_DISABLED.
// kBadConfig when the endpoint is no http(s) URL without path, or both modes are disabled.
base::Result<MetadataOptions> metadata_options(const Environment& environment);

// One ENI as the metadata service shows it. It may lag what the OpenAPI says by seconds, in both
// directions: an address missing here is not proof that it is gone.
struct EniMetadata {
  base::Mac mac;
  std::string eni_id;
  std::string vswitch_id;
  base::Prefix vswitch_cidr;
  base::IpAddress gateway;
  int prefix_length = 0;  // of the netmask
  base::IpAddress primary_ip;
  std::vector<base::IpAddress> private_ips;  // IPv4, the primary one included
  std::vector<base::Prefix> ipv4_prefixes;
  std::vector<base::IpAddress> ipv6s;
  std::optional<base::IpAddress> ipv6_gateway;
  std::optional<base::Prefix> vswitch_ipv6_cidr;
  std::vector<base::Prefix> ipv6_prefixes;
};

// Thread-safe where the Transport is. Errors name the item and the URL; the code of a failed
// exchange is kept, and what may pass by itself (no answer, 429, 5xx) is kTryAgain.
class Metadata {
 public:
  Metadata(Transport& transport, Pace& pace, MetadataOptions options = {});

  // The text at /latest/meta-data/<path>, without white space at its end; nothing where the service
  // answers 404. Never cached.
  base::Result<std::optional<std::string>> text(std::string_view path);
  // The lines of a listing, without the slash of subdirectories; empty where 404.
  base::Result<std::vector<std::string>> listing(std::string_view path);

  // Facts that do not change while the machine is up: asked once, kept. Absent is kNotFound.
  base::Result<std::string> instance_id();
  base::Result<std::string> instance_type();
  base::Result<std::string> region();
  base::Result<std::string> zone();
  base::Result<std::string> vpc_id();      // of the primary ENI
  base::Result<std::string> vswitch_id();  // of the primary ENI
  base::Result<base::Mac> mac();           // of the primary ENI

  // Of the ENIs attached now. Not cached, as all that follows.
  base::Result<std::vector<base::Mac>> macs();
  // All facts of one ENI, twelve requests; nothing when the service does not know `mac` (yet, or
  // any more).
  base::Result<std::optional<EniMetadata>> eni(const base::Mac& mac);
  // Its IPv4 addresses, the primary one included; empty when the service does not know `mac`.
  base::Result<std::vector<base::IpAddress>> private_ips(const base::Mac& mac);
  base::Result<std::vector<base::Prefix>> ipv4_prefixes(const base::Mac& mac);
  base::Result<std::vector<base::IpAddress>> ipv6s(const base::Mac& mac);
  base::Result<std::vector<base::Prefix>> ipv6_prefixes(const base::Mac& mac);

 private:
  class Exchange;

  base::Result<std::string> kept(std::string_view path);
  std::string known_token();
  void keep_token(const std::string& token);
  void drop_token(const std::string& token);

  Transport& transport_;
  Pace& pace_;
  MetadataOptions options_;
  std::mutex mutex_;  // of what follows
  std::string token_;
  std::chrono::milliseconds token_since_{0};
  bool plain_ = false;  // the service gives no token
  std::map<std::string, std::string, std::less<>> kept_;
};

// The elements of a list in either of the service's notations, ["a","b"] and [a,b], or of bare
// values parted by commas or lines. kUndecodable for anything else.
base::Result<std::vector<std::string>> metadata_list(std::string_view text);

}  // namespace catena::cloud
