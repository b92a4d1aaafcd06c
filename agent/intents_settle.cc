#include "agent/intents.h"

namespace catena::agent {

base::Result<std::vector<base::Result<Grown>>> settle_growth(Duty& duty, std::string_view mode) {
  std::vector<base::Result<Grown>> settled;
  Attachments enis(duty);
  for (const ipam::Intent& intent : TRY(duty.store().cloud()).intents) {
    if (intent.action == kCreateEni && parameter(intent, "mode") == mode) {
      if (const base::Status begun = enis.begin(intent, Begun::kBefore); !begun.ok()) {
        settled.emplace_back(begun.error());
      }
    } else if (intent.action == kAssign) {
      settled.push_back(finish_assign(duty, intent, Begun::kBefore));
    }
  }
  for (base::Result<Grown>& attached : enis.finish()) {
    settled.push_back(std::move(attached));
  }
  return settled;
}

}  // namespace catena::agent
