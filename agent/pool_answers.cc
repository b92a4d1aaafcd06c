#include "agent/pool_answers.h"

#include <mutex>

#include <nlohmann/json.hpp>

#include "agent/answers.h"
#include "agent/pool.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using base::Fields;
using base::Result;
using Json = nlohmann::json;

constexpr std::int64_t kMostPods = 4096;  // what a pool of the store remembers

Json json_of(const PoolGrown& grown) {
  Json json{{"enis", grown.enis}, {"added", {{"ipv4", grown.ipv4}, {"ipv6", grown.ipv6}}}};
  if (grown.missing > 0) {
    json["missing"] = grown.missing;
  }
  if (grown.why.has_value()) {
    json["why"] = grown.why->text();
    json["code"] = grown.why->code();
  }
  return json;
}

// The memory of this process, shared by its calls.
class SharedMemory {
 public:
  PoolMemory get() {
    const std::scoped_lock lock(mutex_);
    return memory_;
  }
  void set(const PoolMemory& memory) {
    const std::scoped_lock lock(mutex_);
    memory_ = memory;
  }

 private:
  std::mutex mutex_;
  PoolMemory memory_;
};

SharedMemory& shared_memory() {
  static SharedMemory memory;
  return memory;
}

}  // namespace

Result<Json> answer_pool_grow(Duty& duty, Fields& args) {
  PoolDemand demand;
  demand.pods = static_cast<int>(TRY(args.integer("demand", 0, kMostPods)).value_or(0));
  demand.families.ipv4 = TRY(args.boolean("ipv4")).value_or(true);
  demand.families.ipv6 = TRY(args.boolean("ipv6")).value_or(false);
  TRY(args.no_unknown_keys());
  if (!demand.families.ipv4 && !demand.families.ipv6) {
    return Error(ErrorKind::kBadConfig, "pool.grow: ipv4 and ipv6 are both false");
  }
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
