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

base::Result<bool> Releases::settle_next() {
  for (const ipam::Intent& intent : TRY(duty_->store().cloud()).intents) {
    const bool releases = intent.action == kDeleteEni || intent.action == kUnassign;
    if (!releases || !tried_.insert(intent.key).second) {
      continue;
    }
    const base::Status done = intent.action == kDeleteEni ? finish_delete_eni(*duty_, intent)
                                                          : finish_unassign(*duty_, intent);
    if (!done.ok()) {
      return base::Error(done.error())
          .context("an earlier " + intent.action + " of " + parameter(intent, "eni") +
                   " is not finished");
    }
    return true;
  }
  return false;
}

}  // namespace catena::agent
