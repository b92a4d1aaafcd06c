#include "cli/doctor.h"

#include <algorithm>

namespace catena::cli {

base::Result<Report> doctor(const Options& options) {
  std::optional<Conflist> chain;
  Findings findings = examine_conflist(options, chain);
  const Conflist* const in_force = chain ? &*chain : nullptr;
  for (Findings& part : std::vector<Findings>{
           examine_forwarding(in_force), examine_forward_policy(), examine_rp_filter(options),
           examine_marks(in_force), examine_source_routing(options, in_force),
           examine_own_nics(options), examine_store(options), examine_agent(options),
           examine_cloud(options)}) {
    std::ranges::move(part, std::back_inserter(findings));
  }
  return report_of(findings);
}

}  // namespace catena::cli
