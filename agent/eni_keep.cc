// eni.keep: idle ENIs between the bounds of eni.conf.
#include <algorithm>

#include "agent/exclusive.h"

namespace catena::agent {
namespace {

// Since when it has been as it is.
std::chrono::nanoseconds idle_for(const ipam::Store& store, const ExclusiveEni& eni) {
  std::chrono::nanoseconds shortest = std::chrono::nanoseconds::max();
  for (const ipam::Record& record : eni.records) {
    shortest = std::min(shortest, store.age_of(record));
  }
  return eni.records.empty() ? std::chrono::nanoseconds(0) : shortest;
}

// What cools can't be given back yet.
bool cools(const ExclusiveEni& eni) {
  return std::ranges::any_of(eni.records, [](const ipam::Record& record) {
    return record.state == ipam::State::kCooling;
  });
}

class EniKeeping {
 public:
  explicit EniKeeping(Duty& duty)
      : duty_(duty),
        bounds_(duty.settings().pool.idle_enis),
        families_{.ipv4 = true, .ipv6 = duty.settings().pool.ipv6} {}

  base::Result<EnisKept> run() {
    std::vector<ExclusiveEni> enis = TRY(exclusive_enis(duty_));
    tell_strayed(enis);
    const auto idle = std::ranges::count_if(
        enis, [&](const ExclusiveEni& eni) { return eni.will_serve(families_); });
    kept_.grown.idle = static_cast<int>(idle);
    if (idle < bounds_.min) {
      kept_.grown = TRY(grow_exclusive(duty_, {.enis = bounds_.min, .families = families_}));
    } else {
      TRY(shrink(std::move(enis)));
    }
    return std::move(kept_);
  }

 private:
  void tell_strayed(const std::vector<ExclusiveEni>& enis) {
    for (const ExclusiveEni& eni : enis) {
      if (eni.strayed) {
        duty_.notice(eni.eni.id + ": no pod of ours has it, but its NIC " +
                     eni.eni.mac.to_string() +
                     " is not in the node's own network namespace; no pod gets it, and it is not "
                     "given back (catena-agent call release --eni " +
                     eni.eni.id + " does)");
      }
    }
  }

  // Those idle for longest go first.
  base::Status shrink(std::vector<ExclusiveEni> enis) {
    std::erase_if(
        enis, [](const ExclusiveEni& eni) { return !eni.is_idle() || eni.strayed || cools(eni); });
    std::ranges::sort(enis, std::ranges::greater(),
                      [this](const ExclusiveEni& eni) { return idle_for(duty_.store(), eni); });
    const auto surplus = static_cast<std::ptrdiff_t>(enis.size()) - bounds_.max;
    for (std::ptrdiff_t i = 0; i < surplus; ++i) {
      const ExclusiveEni& eni = enis[static_cast<std::size_t>(i)];
      if (idle_for(duty_.store(), eni) < bounds_.reclaim_after) {
        break;
      }
      TRY(give_back(eni.eni));
    }
    return {};
  }

  base::Status give_back(const ipam::Eni& eni) {
    const std::optional<cloud::NetworkInterface> seen = TRY(look(duty_, eni.id));
    const bool here = seen.has_value() && seen->status == cloud::EniStatus::kInUse &&
                      seen->instance_id == duty_.settings().instance_id;
    if (!here || !TRY(duty_.is_at_home(eni.mac))) {
      return {};
    }
    TRY(release(duty_, {.eni = eni.id, .only_free = true}));
    kept_.released.push_back(eni.id);
    --kept_.grown.idle;
    return {};
  }

  Duty& duty_;
  cloud::IdleEnis bounds_;
  Families families_;
  EnisKept kept_;
};

}  // namespace

base::Result<EnisKept> keep_exclusive(Duty& duty) { return EniKeeping(duty).run(); }

}  // namespace catena::agent
