#include "sim/gateway/perform.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "sim/gateway/sts.h"

namespace catena::sim {
namespace {

using nlohmann::json;

// A ClientToken is at most 64 ASCII characters.
constexpr std::size_t kLongestToken = 64;
// What an answer of the world has at most, read again for a repeated ClientToken.
constexpr std::size_t kMostAnswer = std::size_t{16} * 1024 * 1024;

std::string fingerprint(const Call& call) {
  std::string text;
  for (const auto& [name, value] : call.parameters) {
    text.append(std::to_string(name.size())).append(":").append(name).append("=");
    text.append(std::to_string(value.size())).append(":").append(value).append("&");
  }
  return text;
}

// The filters of a list call, so that it finds nothing.
std::map<std::string, std::string> matching_nothing(const Call& call) {
  std::map<std::string, std::string> parameters = call.parameters;
  if (call.action == "DescribeInstances") {
    parameters["InstanceIds"] = "[]";
  } else if (call.action == "DescribeNetworkInterfaces") {
    parameters["NetworkInterfaceId.1"] = "eni-hidden";
    std::erase_if(parameters, [](const auto& parameter) {
      return parameter.first.starts_with("NetworkInterfaceId.") &&
             parameter.first != "NetworkInterfaceId.1";
    });
  }
  return parameters;
}

bool is_token(const std::string& text) {
  return text.size() <= kLongestToken &&
         std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace

Outcome Performer::once(Exchange& exchange) {
  const Call& call = exchange.call;
  const auto region = call.parameters.find("RegionId");
  auto outcome =
      world.perform({call.product, call.action,
                     region == call.parameters.end() ? "" : region->second, call.parameters});
  exchange.delay += world.answer_after();
  if (Refusal* const refusal = std::get_if<Refusal>(&outcome)) {
    return denied(refusal->status, refusal->code, refusal->message);
  }
  ++counts[call.action].carried_out;
  return std::get<json>(std::move(outcome));
}

Outcome Performer::with_token(Exchange& exchange, std::chrono::milliseconds slow) {
  const Call& call = exchange.call;
  if (!is_token(call.client_token)) {
    return denied(400, "InvalidParameter.ClientToken",
                  "The specified ClientToken is not of at most 64 ASCII characters.");
  }
  const std::string key = exchange.account + " " + call.action + " " + call.client_token;
  const std::string parameters = fingerprint(call);
  const auto earlier = client_tokens.find(key, parameters, exchange.now);
  if (earlier.has_value()) {
    if (const auto* const refused = std::get_if<ClientTokens::Refused>(&*earlier)) {
      return denied(refused->status, refused->code, refused->message);
    }
    return base::parse_json(std::get<TokenResult>(*earlier).body, kMostAnswer).value();
  }
  Outcome outcome = once(exchange);
  TokenResult result;
  if (const Denial* const denial = std::get_if<Denial>(&outcome)) {
    result = {denial->status, denial->code, denial->message, ""};
  } else {
    result.body = base::print_json(std::get<json>(outcome));
  }
  client_tokens.remember(key, parameters, std::move(result), exchange.now,
                         exchange.now + exchange.delay + slow);
  return outcome;
}

Outcome Performer::perform(Exchange& exchange, const AccessKey* key,
                           std::chrono::milliseconds slow) {
  const Call& call = exchange.call;
  if (call.product == "sts") {
    Outcome outcome = perform_sts(accounts, call, key, exchange.now);
    counts[call.action].carried_out += std::holds_alternative<json>(outcome) ? 1U : 0U;
    return outcome;
  }
  if (key->policy.hides(call.product + ":" + call.action)) {
    exchange.call.parameters = matching_nothing(call);
  }
  const auto dry_run = call.parameters.find("DryRun");
  const bool dry = dry_run != call.parameters.end() && dry_run->second == "true";
  if (has_client_token(call.action) && !call.client_token.empty() && !dry) {
    return with_token(exchange, slow);
  }
  return once(exchange);
}

}  // namespace catena::sim
