#include "sim/gateway/call.h"

#include <algorithm>
#include <array>
#include <set>

#include "common/base/text.h"
#include "sim/gateway/signature.h"
#include "sim/world.h"

namespace catena::sim {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

constexpr std::array<Pair, 3> kVersions = {{
    {"ecs", "2014-05-26"},
    {"vpc", "2016-04-28"},
    {"sts", "2015-04-01"},
}};

bool is_protocol(const std::string& name) {
  static const std::set<std::string> names = {
      "Action",           "Version",        "Format",        "AccessKeyId",
      "Timestamp",        "SignatureNonce", "Signature",     "SignatureMethod",
      "SignatureVersion", "SignatureType",  "SecurityToken", "BearerToken"};
  return names.contains(name);
}

bool known(const std::string& product, const std::string& action) {
  if (product == "sts") {
    return action == "AssumeRoleWithOIDC" || action == "AssumeRole" ||
           action == "GetCallerIdentity";
  }
  return World::knows(product, action);
}

// By the API's version; a host that stands for another product does not have that version.
std::string product_of(const std::string& version, const HostMeaning& host) {
  const auto* const found = std::ranges::find(kVersions, version, &Pair::second);
  if (found == kVersions.end() || (!host.product.empty() && host.product != found->first)) {
    return "";
  }
  return std::string(found->first);
}

std::optional<Denial> read_acs3(const Request& request, Call& call) {
  auto authorization = parse_acs3_authorization(request.header("authorization").value_or(""));
  if (!authorization.ok()) {
    return denied(400, "IncompleteSignature",
                  "The request signature does not conform to Aliyun standards: " +
                      authorization.error().message() + ".");
  }
  call.key_id = authorization->key_id;
  call.signature = authorization->signature;
  call.signed_headers = authorization->signed_headers;
  call.timestamp = request.header("x-acs-date").value_or("");
  call.nonce = request.header("x-acs-signature-nonce").value_or("");
  call.token = request.header("x-acs-security-token").value_or("");
  return std::nullopt;
}

std::optional<Denial> read_rpc(const Request& request, Call& call) {
  call.key_id = request.parameter("AccessKeyId").value_or("");
  call.timestamp = request.parameter("Timestamp").value_or("");
  call.nonce = request.parameter("SignatureNonce").value_or("");
  call.token = request.parameter("SecurityToken").value_or("");
  call.signature = request.parameter("Signature").value_or("");
  return std::nullopt;
}

std::optional<Denial> name_action(const Request& request, const std::string& region, Call& call) {
  const bool acs3 = call.scheme == Scheme::kAcs3;
  call.action = (acs3 ? request.header("x-acs-action") : request.parameter("Action")).value_or("");
  if (call.action.empty()) {
    return missing_parameter("Action");
  }
  const std::string version =
      (acs3 ? request.header("x-acs-version") : request.parameter("Version")).value_or("");
  if (version.empty()) {
    return missing_parameter("Version");
  }
  const HostMeaning host = meaning_of(request.host_name());
  call.product = product_of(version, host);
  if (call.product.empty()) {
    return denied(400, "InvalidVersion", "Specified parameter Version is not valid.");
  }
  if (request.path != "/" || !known(call.product, call.action)) {
    return denied(404, "InvalidAction.NotFound",
                  "Specified api is not found, please check your url and method.");
  }
  if (!host.region.empty() && host.region != region) {
    return denied(404, "InvalidRegionId.NotFound", "The specified RegionId does not exist.");
  }
  return std::nullopt;
}

}  // namespace

HostMeaning meaning_of(const std::string& host_name) {
  constexpr std::string_view kDomain = ".aliyuncs.com";
  if (!host_name.ends_with(kDomain)) {
    return {};
  }
  const std::string name = host_name.substr(0, host_name.size() - kDomain.size());
  for (const auto& [product, version] : kVersions) {
    const std::string plain(product);
    if (name == plain) {
      return {plain, ""};
    }
    for (const std::string& prefix : {plain + "-vpc.", plain + ".", plain + "-"}) {
      if (name.starts_with(prefix)) {
        return {plain, name.substr(prefix.size())};
      }
    }
  }
  return {};
}

Denial denied(int status, std::string code, std::string message) {
  return {status, std::move(code), std::move(message), {}, {}};
}

Denial missing_parameter(const std::string& name) {
  return denied(400, "MissingParameter",
                "The input parameter \"" + name +
                    "\" that is mandatory for processing this request is not supplied.");
}

bool has_client_token(const std::string& action) {
  return action == "CreateNetworkInterface" || action == "AssignPrivateIpAddresses" ||
         action == "AssignIpv6Addresses" || action == "CreateRouteEntry";
}

std::variant<Format, Denial> format_of(const Request& request) {
  const std::string format = request.parameter("Format").value_or("");
  if (base::equal_ignoring_case(format, "JSON")) {
    return Format::kJson;
  }
  if (base::equal_ignoring_case(format, "XML")) {
    return Format::kXml;
  }
  if (!format.empty()) {
    return denied(400, "InvalidParameter.Format", "Specified parameter Format is not valid.");
  }
  const bool json =
      request.header("accept").value_or("").find("application/json") != std::string::npos;
  return json ? Format::kJson : Format::kXml;
}

std::variant<Call, Denial> read_call(const Request& request, const std::string& region) {
  if (request.method != "GET" && request.method != "POST") {
    return denied(400, "UnsupportedHTTPMethod", "This http method is not supported.");
  }
  Call call;
  const bool acs3 =
      request.header("authorization").has_value() || request.header("x-acs-action").has_value();
  call.scheme = acs3 ? Scheme::kAcs3 : Scheme::kRpc;
  if (std::optional<Denial> denial = name_action(request, region, call)) {
    return *std::move(denial);
  }
  for (const Pairs* pairs : {&request.query, &request.form}) {
    for (const auto& [name, value] : *pairs) {
      if (!is_protocol(name)) {
        call.parameters.emplace(name, value);
      }
    }
  }
  if (const auto token = call.parameters.extract("ClientToken"); !token.empty()) {
    call.client_token = token.mapped();
  }
  if (call.action == "AssumeRoleWithOIDC") {
    return call;  // unsigned
  }
  std::optional<Denial> denial = acs3 ? read_acs3(request, call) : read_rpc(request, call);
  if (denial.has_value()) {
    return *std::move(denial);
  }
  return call;
}

}  // namespace catena::sim
