#include "sim/gateway.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "sim/gateway/authenticate.h"
#include "sim/gateway/call.h"
#include "sim/gateway/perform.h"
#include "sim/gateway/respond.h"

namespace catena::sim {
namespace {

std::string random_uuid(std::mt19937_64& random) {
  const std::uint64_t high = random();
  const std::uint64_t low = random();
  std::array<char, 40> text{};
  // RFC 4122 version 4, variant 1; in capitals as the OpenAPI writes it.
  std::snprintf(text.data(), text.size(), "%08X-%04X-4%03X-%04X-%012llX",
                static_cast<unsigned>(high >> 32U), static_cast<unsigned>(high >> 16U & 0xFFFFU),
                static_cast<unsigned>(high & 0xFFFU),
                static_cast<unsigned>(low >> 48U & 0x3FFFU) | 0x8000U,
                static_cast<unsigned long long>(low & 0xFFFF'FFFF'FFFFULL));
  return text.data();
}

}  // namespace

struct Gateway::State {
  State(World& the_world, GatewayOptions the_options)
      : world(the_world),
        options(the_options),
        random(the_options.seed.value_or(the_world.scene().seed)),
        accounts(random()),
        faults(random()) {}

  void take_scene();
  Exchange begin();
  std::optional<Denial> read(const cloud::HttpRequest& http, Exchange& exchange) const;
  std::optional<Denial> identify(Exchange& exchange, const AccessKey*& key);
  std::optional<Denial> admit(Exchange& exchange);
  std::optional<Denial> authorize(const Exchange& exchange, const AccessKey* key) const;
  Answer serve(Exchange& exchange, const AccessKey* key);
  Answer answer(Exchange& exchange);

  World& world;
  GatewayOptions options;
  std::mt19937_64 random;
  Accounts accounts;
  Rates rates;
  Faults faults;
  ClientTokens client_tokens;
  Nonces nonces;
  std::map<std::string, CallCount> counts;
};

void Gateway::State::take_scene() {
  const Scene& scene = world.scene();
  for (const SceneKey& from : scene.keys) {
    AccessKey key;
    key.id = from.id;
    key.secret = from.secret;
    key.account = scene.account;
    key.user = from.user.empty() ? "root" : from.user;
    key.enabled = from.enabled;
    key.policy = from.user.empty() ? RamPolicy::everything() : RamPolicy{from.allow, from.deny, {}};
    accounts.add_key(std::move(key));
  }
  for (const SceneRole& from : scene.roles) {
    Role role;
    role.name = from.name;
    role.account = scene.account;
    role.policy = RamPolicy{from.allow, from.deny, {}};
    role.longest_session = std::chrono::seconds(from.session_seconds);
    role.oidc_provider = from.oidc_provider;
    accounts.add_role(std::move(role));
  }
  for (const auto& [action, limit] : scene.rates) {
    rates.options.per_minute[action] = limit;
  }
  rates.options.other = scene.default_rate;
}

std::optional<Denial> Gateway::State::identify(Exchange& exchange, const AccessKey*& key) {
  if (exchange.call.action == "AssumeRoleWithOIDC") {
    exchange.account = world.scene().account;
    return std::nullopt;
  }
  auto identified =
      authenticate(exchange.request, exchange.call, accounts, nonces, exchange.now, options.skew);
  if (Denial* const denial = std::get_if<Denial>(&identified)) {
    return std::move(*denial);
  }
  key = std::get<const AccessKey*>(identified);
  exchange.account = key->account;
  return std::nullopt;
}

std::optional<Denial> Gateway::State::admit(Exchange& exchange) {
  const std::optional<Throttle> throttle =
      rates.admit(exchange.account, exchange.call.action, exchange.now);
  if (!throttle.has_value()) {
    return std::nullopt;
  }
  Denial denial = denied(400, throttle->code, throttle->message);
  if (!throttle->header.empty()) {
    denial.headers.emplace_back(throttle->header, throttle->value);
  }
  return denial;
}

std::optional<Denial> Gateway::State::authorize(const Exchange& exchange,
                                                const AccessKey* key) const {
  const Call& call = exchange.call;
  if (key != nullptr && call.action != "GetCallerIdentity") {
    if (std::optional<Denial> denial = refusal_by_policy(*key, call, exchange.request_id)) {
      return denial;
    }
  }
  const auto region = call.parameters.find("RegionId");
  if (region != call.parameters.end() && !region->second.empty() &&
      region->second != world.scene().region) {
    return denied(404, "InvalidRegionId.NotFound", "The specified RegionId does not exist.");
  }
  return std::nullopt;
}

Exchange Gateway::State::begin() {
  Exchange exchange;
  exchange.region = world.scene().region;
  exchange.now = world.now();
  exchange.request_id = random_uuid(random);
  std::uniform_int_distribution<std::int64_t> pick(
      options.fastest.count(), std::max(options.fastest, options.slowest).count());
  exchange.delay = std::chrono::milliseconds(pick(random));
  return exchange;
}

std::optional<Denial> Gateway::State::read(const cloud::HttpRequest& http,
                                           Exchange& exchange) const {
  base::Result<Request> request = parse_request(http);
  if (!request.ok()) {
    return denied(400, "InvalidParameter", "Not a request: " + request.error().message() + ".");
  }
  exchange.request = *std::move(request);
  auto format = format_of(exchange.request);
  if (Denial* const denial = std::get_if<Denial>(&format)) {
    return std::move(*denial);
  }
  exchange.format = std::get<Format>(format);
  auto call = read_call(exchange.request, exchange.region);
  if (Denial* const denial = std::get_if<Denial>(&call)) {
    return std::move(*denial);
  }
  exchange.call = std::get<Call>(std::move(call));
  return std::nullopt;
}

// What comes behind signature and rates.
Answer Gateway::State::serve(Exchange& exchange, const AccessKey* key) {
  const std::string& action = exchange.call.action;
  if (const auto fault = faults.draw(action, Faults::Stage::kBefore)) {
    return spoil(exchange, *fault, succeed(exchange, nlohmann::json::object()));
  }
  if (const std::optional<Denial> denial = authorize(exchange, key)) {
    return refuse(exchange, *denial);
  }
  const std::optional<Fault> after = faults.draw(action, Faults::Stage::kAfter);
  const std::chrono::milliseconds slow =
      after.has_value() ? after->delay : std::chrono::milliseconds(0);
  Performer performer{world, accounts, client_tokens, counts};
  Outcome outcome = performer.perform(exchange, key, slow);
  const Denial* const denial = std::get_if<Denial>(&outcome);
  Answer answer = denial != nullptr
                      ? refuse(exchange, *denial)
                      : succeed(exchange, std::get<nlohmann::json>(std::move(outcome)));
  return after.has_value() ? spoil(exchange, *after, std::move(answer)) : answer;
}

Answer Gateway::State::answer(Exchange& exchange) {
  if (const auto fault = faults.draw(exchange.call.action, Faults::Stage::kConnection)) {
    return spoil(exchange, *fault, {});
  }
  const AccessKey* key = nullptr;
  std::optional<Denial> denial = identify(exchange, key);
  if (!denial.has_value()) {
    denial = admit(exchange);
  }
  if (denial.has_value()) {
    return refuse(exchange, *denial);
  }
  Answer answer = serve(exchange, key);
  rates.end_of_call(exchange.account, exchange.now + answer.delay);
  return answer;
}

Gateway::Gateway(World& world, GatewayOptions options)
    : state_(std::make_unique<State>(world, options)) {
  state_->take_scene();
}

Gateway::~Gateway() = default;

Answer Gateway::handle(const cloud::HttpRequest& request) {
  const std::lock_guard guard(mutex_);
  Exchange exchange = state_->begin();
  if (const std::optional<Denial> denial = state_->read(request, exchange)) {
    return refuse(exchange, *denial);
  }
  CallCount& count = state_->counts[exchange.call.action];
  ++count.calls;
  Answer answer = state_->answer(exchange);
  count.answered += exchange.answered ? 1U : 0U;
  if (!exchange.code.empty()) {
    ++count.refused[exchange.code];
  }
  return answer;
}

GatewayOptions& Gateway::options() { return state_->options; }
const GatewayOptions& Gateway::options() const { return state_->options; }
Accounts& Gateway::accounts() { return state_->accounts; }
const Accounts& Gateway::accounts() const { return state_->accounts; }
Rates& Gateway::rates() { return state_->rates; }
Faults& Gateway::faults() { return state_->faults; }
const Faults& Gateway::faults() const { return state_->faults; }
ClientTokens& Gateway::client_tokens() { return state_->client_tokens; }
const ClientTokens& Gateway::client_tokens() const { return state_->client_tokens; }
const std::map<std::string, CallCount>& Gateway::counts() const { return state_->counts; }
void Gateway::reset_counts() { state_->counts.clear(); }

}  // namespace catena::sim
