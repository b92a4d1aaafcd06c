// Objects of the API server, rules of the agent, records of the plugin.
#include <nlohmann/json.hpp>

#include "common/netpol/compiler.h"
#include "common/netpol/objects_json.h"
#include "common/netpol/record.h"
#include "common/netpol/rules_json.h"
#include "tests/fuzz/fuzz.h"

namespace {

namespace netpol = catena::netpol;
using nlohmann::json;

// A policy that selects every pod of its namespace, so that it is compiled.
void compile(netpol::Policy policy) {
  policy.pods = {};
  netpol::Compiler compiler;
  compiler.put(netpol::LocalPod{
      .id = "1",
      .space = policy.space,
      .name = "a",
      .addresses = {catena::base::IpAddress(),
                    catena::base::IpAddress::unspecified(catena::base::Family::kIpv6)}});
  compiler.put(netpol::Pod{.space = policy.space, .name = "a"});
  compiler.put(std::move(policy));
  const netpol::Rules rules = compiler.rules();
  const auto again = netpol::rules_of(netpol::to_json(rules));
  catena::fuzz::must(again.ok() && *again == rules, "rules are read as they were written");
  catena::fuzz::must(netpol::difference(netpol::Rules(), rules) == compiler.take_changes(),
                     "the first changes lead from nothing to the rules");
}

template <typename T>
void must_round_trip(const T& object, catena::base::Result<T> (*read)(const json&)) {
  const auto again = read(netpol::to_json(object));
  catena::fuzz::must(again.ok() && *again == object, "an object is read as it was written");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto object = json::parse(catena::fuzz::text_of(data, size), nullptr, false);
  if (object.is_discarded()) {
    return 0;
  }
  if (const auto policy = netpol::policy_of(object); policy.ok()) {
    must_round_trip(*policy, netpol::policy_of);
    compile(*policy);
  }
  if (const auto space = netpol::namespace_of(object); space.ok()) {
    must_round_trip(*space, netpol::namespace_of);
  }
  if (const auto pod = netpol::pod_of(object); pod.ok()) {
    must_round_trip(*pod, netpol::pod_of);
  }
  if (const auto rules = netpol::rules_of(object); rules.ok()) {
    must_round_trip(*rules, netpol::rules_of);
  }
  if (const auto record = netpol::record_of(object); record.ok()) {
    must_round_trip(*record, netpol::record_of);
  }
  return 0;
}
