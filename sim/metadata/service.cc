#include <charconv>

#include <nlohmann/json.hpp>

#include "common/base/text.h"
#include "sim/gateway/authenticate.h"
#include "sim/gateway/signature.h"
#include "sim/metadata/tree.h"
#include "sim/metadata_service.h"

namespace catena::sim {
namespace {

using cloud::HttpResponse;
using nlohmann::ordered_json;

constexpr std::string_view kTokenPath = "/latest/api/token";
constexpr std::string_view kTtlHeader = "X-aliyun-ecs-metadata-token-ttl-seconds";
constexpr std::string_view kTokenHeader = "X-aliyun-ecs-metadata-token";
constexpr int kLongestTtl = 21'600;
constexpr std::int64_t kMinute = 60'000;  // ms

std::optional<std::string> header(const cloud::Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (base::equal_ignoring_case(key, name)) {
      return value;
    }
  }
  return std::nullopt;
}

HttpResponse text(std::string body) {
  return {200, {{"Content-Type", "text/plain"}}, std::move(body)};
}

HttpResponse failure(int status, const std::string& reason) {
  const std::string title = std::to_string(status) + " - " + reason;
  return {status,
          {{"Content-Type", "text/html"}},
          "<html>\n <head>\n  <title>" + title + "</title>\n </head>\n <body>\n  <h1>" + title +
              "</h1>\n </body>\n</html>\n"};
}

std::optional<std::int64_t> whole_number(std::string_view digits) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc() && end == digits.data() + digits.size() ? std::optional(value)
                                                                      : std::nullopt;
}

// A token proves itself, so that any number of them costs nothing: expiry, serial, and a hash that
// only this service can make and that names the instance.
std::string seal(const std::string& instance, const std::string& claim) {
  return hex(hmac_sha256("metadata token", instance + " " + claim)).substr(0, 32);
}

bool is_valid_token(const std::string& token, const std::string& instance, Time now) {
  const std::size_t last = token.rfind('-');
  const std::string claim = token.substr(0, last);
  if (last == std::string::npos || !equal_secrets(token.substr(last + 1), seal(instance, claim))) {
    return false;
  }
  const auto expiry = whole_number(std::string_view(claim).substr(0, claim.find('-')));
  return expiry.has_value() && now.time_since_epoch().count() < *expiry;
}

}  // namespace

Answer MetadataService::answer(const std::string& instance, const std::string& method,
                               const std::string& path, const cloud::Headers& headers) {
  const auto guard = gateway_.lock();
  Answer answer;
  answer.delay = options.delay;
  const std::optional<InstanceView> view = world_.instance(instance);
  if (options.unavailable || !view.has_value()) {
    answer.fate = Answer::Fate::kRefused;
  } else if (too_many(instance)) {
    answer.response = failure(429, "Too Many Requests");
  } else if (options.failing_status != 0) {
    answer.response = failure(options.failing_status, "Service Unavailable");
  } else {
    answer.response = respond(*view, method, path.substr(0, path.find('?')), headers);
  }
  return answer;
}

bool MetadataService::too_many(const std::string& instance) {
  const std::int64_t minute = world_.now().time_since_epoch().count() / kMinute;
  auto& [last, count] = calls_[instance];
  if (last != minute) {
    last = minute;
    count = 0;
  }
  return ++count > options.per_minute && options.per_minute > 0;
}

HttpResponse MetadataService::respond(const InstanceView& instance, const std::string& method,
                                      const std::string& path, const cloud::Headers& headers) {
  if (!instance.metadata_enabled) {
    return failure(403, "Forbidden");
  }
  if (path == kTokenPath && options.token_endpoint) {
    if (method != "PUT") {
      return failure(405, "Method Not Allowed");
    }
    if (header(headers, "X-Forwarded-For").has_value()) {
      return failure(403, "Forbidden");
    }
    const auto ttl = whole_number(header(headers, kTtlHeader).value_or(""));
    if (!ttl.has_value() || *ttl < 1 || *ttl > kLongestTtl) {
      return failure(400, "Missing or Invalid Parameters");
    }
    const Time expiry = world_.now() + std::chrono::seconds(*ttl);
    const std::string claim =
        std::to_string(expiry.time_since_epoch().count()) + "-" + std::to_string(++tokens_given_);
    return text(claim + "-" + seal(instance.id, claim));
  }
  if (method != "GET") {
    return path == kTokenPath ? failure(404, "Not Found") : failure(405, "Method Not Allowed");
  }
  if (std::optional<HttpResponse> refused = check_token(instance, headers)) {
    return *std::move(refused);
  }
  constexpr std::string_view kRoot = "/latest/";
  return path.starts_with(kRoot) ? read(instance, path.substr(kRoot.size()))
                                 : failure(404, "Not Found");
}

std::optional<HttpResponse> MetadataService::check_token(const InstanceView& instance,
                                                         const cloud::Headers& headers) const {
  const std::optional<std::string> token = header(headers, kTokenHeader);
  if (!token.has_value()) {
    const bool required = options.tokens_required.value_or(instance.metadata_tokens_required);
    return required ? std::optional(failure(403, "Forbidden")) : std::nullopt;
  }
  if (!is_valid_token(*token, instance.id, world_.now())) {
    return failure(401, "Unauthorized");
  }
  return std::nullopt;
}

HttpResponse MetadataService::read(const InstanceView& instance, const std::string& path) {
  MetadataTree tree = metadata_tree(instance, world_.nics_of(instance.id), options.prefix_list);
  const Role* role = gateway_.accounts().find_role(instance.role);
  const std::string role_path = "meta-data/ram/security-credentials/" + instance.role;
  if (role == nullptr) {
    tree.erase(role_path);
  }
  const auto item = tree.find(path);
  if (item != tree.end()) {
    return text(role != nullptr && path == role_path ? credentials(instance, *role) : item->second);
  }
  const std::optional<std::string> listing = metadata_listing(tree, path);
  return listing.has_value() ? text(*listing) : failure(404, "Not Found");
}

std::string MetadataService::credentials(const InstanceView& instance, const Role& role) {
  if (options.credentials_code != "Success") {
    return ordered_json{{"LastUpdated", print_timestamp(world_.now())},
                        {"Code", options.credentials_code}}
        .dump();
  }
  const RoleCredentials shown =
      gateway_.accounts().role_credentials(instance.id, role, world_.now());
  const Time expiration =
      std::chrono::time_point_cast<Millis>(shown.credentials.expiration.value());
  return ordered_json{{"AccessKeyId", shown.credentials.key_id},
                      {"AccessKeySecret", shown.credentials.secret},
                      {"Expiration", print_timestamp(expiration)},
                      {"SecurityToken", shown.credentials.token},
                      {"LastUpdated", print_timestamp(shown.last_updated)},
                      {"Code", "Success"}}
      .dump();
}

}  // namespace catena::sim
