#include "agent/eni_answers.h"

#include <mutex>

#include <nlohmann/json.hpp>

#include "agent/exclusive.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using base::Fields;
using base::Result;
using Json = nlohmann::json;

constexpr std::int64_t kMostEnis = 128;  // no instance type has more than 32

Json json_of(const EnisGrown& grown) {
  Json json{{"enis", grown.enis}, {"idle", grown.idle}};
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
class SharedCapacity {
 public:
  std::optional<CapacityMemory> get() {
    const std::scoped_lock lock(mutex_);
    return memory_;
  }
  void set(const std::optional<CapacityMemory>& memory) {
    const std::scoped_lock lock(mutex_);
    memory_ = memory;
  }

 private:
  std::mutex mutex_;
  std::optional<CapacityMemory> memory_;
};

SharedCapacity& shared_capacity() {
  static SharedCapacity memory;
  return memory;
}

}  // namespace

Result<Json> answer_eni_capacity(Duty& duty, Fields& args) {
  TRY(args.no_unknown_keys());
  std::optional<CapacityMemory> memory = shared_capacity().get();
  const Result<EniCapacity> answer = exclusive_capacity(duty, memory);
  shared_capacity().set(memory);
  if (!answer.ok()) {
    return answer.error();
  }
  return Json{
      {"capacity", answer->capacity}, {"inUse", answer->in_use}, {"reason", answer->reason}};
}

Result<Json> answer_eni_grow(Duty& duty, Fields& args) {
  EniDemand demand;
  demand.enis = static_cast<int>(TRY(args.integer("demand", 0, kMostEnis)).value_or(0));
  demand.families.ipv4 = TRY(args.boolean("ipv4")).value_or(true);
  demand.families.ipv6 = TRY(args.boolean("ipv6")).value_or(false);
  TRY(args.no_unknown_keys());
  if (!demand.families.ipv4 && !demand.families.ipv6) {
    return Error(ErrorKind::kBadConfig, "eni.grow: ipv4 and ipv6 are both false");
  }
  return json_of(TRY(grow_exclusive(duty, demand)));
}

Result<Json> answer_eni_keep(Duty& duty, Fields& args) {
  TRY(args.no_unknown_keys());
  const EnisKept kept = TRY(keep_exclusive(duty));
  Json json = json_of(kept.grown);
  json["released"] = kept.released;
  return json;
}

}  // namespace catena::agent
