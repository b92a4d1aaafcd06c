#include "agent/pool_answers.h"

#include <nlohmann/json.hpp>

#include "agent/answers.h"
#include "agent/growth_answers.h"
#include "agent/pool.h"

namespace catena::agent {
namespace {

using base::Fields;
using base::Result;
using Json = nlohmann::json;

constexpr std::int64_t kMostPods = 4096;  // what a pool of the store remembers

Json json_of(const PoolGrown& grown) {
  Json json{{"enis", grown.enis}, {"added", {{"ipv4", grown.ipv4}, {"ipv6", grown.ipv6}}}};
  put_shortage(json, grown.missing, grown.why);
  return json;
}

SharedMemory<PoolMemory>& shared_memory() {
  static SharedMemory<PoolMemory> memory;
  return memory;
}

}  // namespace

Result<Json> answer_pool_grow(Duty& duty, Fields& args) {
  PoolDemand demand;
  demand.pods = static_cast<int>(TRY(args.integer("demand", 0, kMostPods)).value_or(0));
  demand.families = TRY(families_in(args, "pool.grow"));
  TRY(args.no_unknown_keys());
  return json_of(TRY(grow_pool(duty, demand)));
}

Result<Json> answer_pool_keep(Duty& duty, Fields& args) {
  const auto pending = static_cast<int>(TRY(args.integer("pending", 0, kMostPods)).value_or(0));
  TRY(args.no_unknown_keys());
  PoolMemory memory = shared_memory().get();
  const Result<PoolKept> kept = keep_pool(duty, pending, memory);
  shared_memory().set(memory);
  if (!kept.ok()) {
    return kept.error();
  }
  Json json = json_of(kept->grown);
  json["idle"] = kept->idle;
  json["released"] = {
      {"enis", kept->released_enis}, {"ipv4", kept->released_ipv4}, {"ipv6", kept->released_ipv6}};
  return json;
}

Result<Json> answer_pool_sync(Duty& duty, Fields& args) {
  TRY(args.no_unknown_keys());
  return answer_of(TRY(sync_pool(duty)));
}

}  // namespace catena::agent
