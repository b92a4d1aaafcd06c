// http://100.100.100.200 of the simulated cloud, as one instance sees it.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "common/cloud/http.h"
#include "sim/gateway.h"

namespace catena::sim {

struct MetadataOptions {
  // Over what an instance's own HttpTokens says; absent: that counts.
  std::optional<bool> tokens_required;
  bool token_endpoint = true;  // false: 404, as where there is no token mode yet
  // Requests one instance may make in a calendar minute; 0: no limit. Above: 429.
  int per_minute = 0;
  std::chrono::milliseconds delay{0};  // of every answer
  bool unavailable = false;            // no connection
  int failing_status = 0;              // every answer has this status; 0: none
  // The Code of a role's credentials; other than "Success" they hold no key.
  std::string credentials_code = "Success";
  // How several prefixes are listed is not documented.
  enum class PrefixList { kBrackets, kLines, kJson };
  PrefixList prefix_list = PrefixList::kBrackets;
};

// Thread-safe, by the gateway's lock.
class MetadataService {
 public:
  // Both outlive this.
  MetadataService(World& world, Gateway& gateway) : world_(world), gateway_(gateway) {}

  // `path` as in the request line, query included.
  Answer answer(const std::string& instance, const std::string& method, const std::string& path,
                const cloud::Headers& headers);

  // Changed under the gateway's lock only.
  MetadataOptions options;

 private:
  cloud::HttpResponse respond(const InstanceView& instance, const std::string& method,
                              const std::string& path, const cloud::Headers& headers);
  std::optional<cloud::HttpResponse> check_token(const InstanceView& instance,
                                                 const cloud::Headers& headers) const;
  cloud::HttpResponse read(const InstanceView& instance, const std::string& path);
  std::string credentials(const InstanceView& instance, const Role& role);
  bool too_many(const std::string& instance);

  World& world_;
  Gateway& gateway_;
  std::map<std::string, std::pair<std::int64_t, int>> calls_;  // instance -> minute, calls
  std::uint64_t tokens_given_ = 0;
};

}  // namespace catena::sim
