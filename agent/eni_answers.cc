#include "agent/eni_answers.h"

#include <nlohmann/json.hpp>

#include "agent/exclusive.h"
#include "agent/growth_answers.h"

namespace catena::agent {
namespace {

using base::Fields;
using base::Result;
using Json = nlohmann::json;

constexpr std::int64_t kMostEnis = 128;  // no instance type has more than 32

Json json_of(const EnisGrown& grown) {
  Json json{{"enis", grown.enis}, {"idle", grown.idle}};
  put_shortage(json, grown.missing, grown.why);
  return json;
}

SharedMemory<std::optional<CapacityMemory>>& shared_capacity() {
  static SharedMemory<std::optional<CapacityMemory>> memory;
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
  demand.families = TRY(families_in(args, "eni.grow"));
  TRY(args.no_unknown_keys());
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
