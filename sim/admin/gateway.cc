#include <nlohmann/json.hpp>

#include "sim/admin/orders.h"

namespace catena::sim {
namespace {

using base::Fields;
using base::Result;
using nlohmann::json;

constexpr std::int64_t kMost = 1'000'000'000;
constexpr std::int64_t kDay = 86'400;  // s

struct WhatName {
  std::string_view name;
  Fault::What what;
};
constexpr WhatName kWhats[] = {{"error", Fault::What::kError},     {"lost", Fault::What::kLost},
                               {"slow", Fault::What::kSlow},       {"html", Fault::What::kHtml},
                               {"garbage", Fault::What::kGarbage}, {"half", Fault::What::kHalf},
                               {"refused", Fault::What::kRefused}};

Result<std::chrono::milliseconds> millis(Fields& fields, std::string_view key,
                                         std::chrono::milliseconds otherwise) {
  return std::chrono::milliseconds(TRY(fields.integer(key, 0, kMost)).value_or(otherwise.count()));
}

Result<int> number(Fields& fields, std::string_view key, std::int64_t least, int otherwise) {
  return static_cast<int>(TRY(fields.integer(key, least, kMost)).value_or(otherwise));
}

// What the API says with its usual errors, so that a test need not repeat it.
void fill_error(Fault& fault, const std::optional<std::string>& code,
                const std::optional<std::string>& message, std::optional<std::int64_t> status) {
  if (code == "ServiceUnavailable") {
    fault.status = 503;
    fault.message = "The request has failed due to a temporary failure of the server.";
  }
  fault.code = code.value_or(fault.code);
  fault.message = message.value_or(fault.message);
  fault.status = static_cast<int>(status.value_or(fault.status));
}

Result<double> probability_in(Fields& fields) {
  const json* value = fields.raw("probability");
  if (value == nullptr) {
    return 1.0;
  }
  const double probability = value->is_number() ? value->get<double>() : -1.0;
  if (!(probability >= 0.0 && probability <= 1.0)) {
    return fields.bad_value("probability", "a number between 0 and 1");
  }
  return probability;
}

}  // namespace

AdminAnswer add_fault(Gateway& gateway, Fields& fields) {
  Fault fault;
  fault.action = TRY(fields.string("action")).value_or("*");
  const auto when = TRY(fields.one_of("when", {"before", "after"}));
  fault.when = when == "after" ? Fault::When::kAfter : Fault::When::kBefore;
  std::vector<std::string_view> names;
  for (const WhatName& entry : kWhats) {
    names.push_back(entry.name);
  }
  const std::string what = TRY(fields.one_of("what", names)).value_or("error");
  for (const WhatName& entry : kWhats) {
    fault.what = entry.name == what ? entry.what : fault.what;
  }
  fault.count = TRY(number(fields, "count", -1, 1));
  fault.probability = TRY(probability_in(fields));
  fault.delay = TRY(millis(fields, "delay_ms", fault.delay));
  const auto code = TRY(fields.string("code"));
  const auto message = TRY(fields.string("message"));
  const auto status = TRY(fields.integer("status", 400, 599));
  TRY(fields.no_unknown_keys());
  if (fault.count == 0) {
    return fields.bad_value("count", "at least 1, or -1 for always");
  }
  fill_error(fault, code, message, status);
  gateway.faults().add(std::move(fault));
  return json::object();
}

AdminAnswer list_faults(const Gateway& gateway) {
  json faults = json::array();
  for (const Fault& fault : gateway.faults().pending()) {
    json entry = {{"action", fault.action},
                  {"when", fault.when == Fault::When::kAfter ? "after" : "before"},
                  {"count", fault.count},
                  {"probability", fault.probability},
                  {"delay_ms", fault.delay.count()}};
    for (const WhatName& name : kWhats) {
      if (name.what == fault.what) {
        entry["what"] = name.name;
      }
    }
    if (fault.what == Fault::What::kError) {
      entry["code"] = fault.code;
      entry["status"] = fault.status;
    }
    faults.push_back(std::move(entry));
  }
  return json{{"faults", std::move(faults)}};
}

AdminAnswer set_rates(Gateway& gateway, Fields& fields) {
  RateOptions options = gateway.rates().options;
  options.other = TRY(number(fields, "other", 0, options.other));
  options.all = TRY(number(fields, "all", 0, options.all));
  options.concurrent = TRY(number(fields, "concurrent", 0, options.concurrent));
  if (std::optional<Fields> actions = TRY(fields.object("per_minute"))) {
    for (const std::string& action : actions->keys()) {
      options.per_minute[action] = TRY(number(*actions, action, 0, options.other));
    }
  }
  TRY(fields.no_unknown_keys());
  gateway.rates().options = options;
  return json{{"per_minute", options.per_minute},
              {"other", options.other},
              {"all", options.all},
              {"concurrent", options.concurrent}};
}

AdminAnswer set_gateway(Gateway& gateway, Fields& fields) {
  using After = ClientTokenOptions::AfterFailure;
  GatewayOptions options = gateway.options();
  ClientTokenOptions tokens = gateway.client_tokens().options;
  options.fastest = TRY(millis(fields, "fastest_ms", options.fastest));
  options.slowest = TRY(millis(fields, "slowest_ms", options.slowest));
  options.skew = std::chrono::seconds(
      TRY(fields.integer("skew_seconds", 1, kDay)).value_or(options.skew.count()));
  tokens.retention =
      std::chrono::seconds(TRY(fields.integer("token_retention_seconds", 1, 365 * kDay))
                               .value_or(tokens.retention.count()));
  const auto after =
      TRY(fields.one_of("after_failure", {"run_again", "same_error", "idempotent_failed"}));
  TRY(fields.no_unknown_keys());
  if (after.has_value()) {
    tokens.after_failure = *after == "run_again"    ? After::kRunAgain
                           : *after == "same_error" ? After::kSameError
                                                    : After::kIdempotentFailed;
  }
  gateway.options() = options;
  gateway.client_tokens().options = tokens;
  return json::object();
}

AdminAnswer set_metadata(MetadataService& metadata, Fields& fields) {
  MetadataOptions options = metadata.options;
  const auto required = TRY(fields.one_of("tokens", {"required", "optional", "instance"}));
  if (required.has_value()) {
    options.tokens_required =
        *required == "instance" ? std::nullopt : std::optional(*required == "required");
  }
  options.token_endpoint = TRY(fields.boolean("token_endpoint")).value_or(options.token_endpoint);
  options.unavailable = TRY(fields.boolean("unavailable")).value_or(options.unavailable);
  options.per_minute = TRY(number(fields, "per_minute", 0, options.per_minute));
  options.delay = TRY(millis(fields, "delay_ms", options.delay));
  options.failing_status = TRY(number(fields, "failing_status", 0, options.failing_status));
  options.credentials_code =
      TRY(fields.string("credentials_code")).value_or(options.credentials_code);
  const auto list = TRY(fields.one_of("prefix_list", {"brackets", "lines", "json"}));
  TRY(fields.no_unknown_keys());
  if (list.has_value()) {
    options.prefix_list = *list == "brackets" ? MetadataOptions::PrefixList::kBrackets
                          : *list == "lines"  ? MetadataOptions::PrefixList::kLines
                                              : MetadataOptions::PrefixList::kJson;
  }
  metadata.options = options;
  return json::object();
}

json counts_of(const Gateway& gateway) {
  json counts = json::object();
  for (const auto& [action, count] : gateway.counts()) {
    counts[action] = {{"calls", count.calls},
                      {"carried_out", count.carried_out},
                      {"answered", count.answered},
                      {"refused", count.refused}};
  }
  return counts;
}

}  // namespace catena::sim
