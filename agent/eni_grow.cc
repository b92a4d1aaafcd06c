// eni.grow: ENIs for pods that want one of their own, by what is missing.
#include <algorithm>
#include <set>

#include "agent/exclusive.h"
#include "agent/pool_view.h"
#include "agent/strays.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;

// Each learns something that the one before could not know: strays that were adopted, an IPv6
// address that an ENI did not get, an ENI that is gone.
constexpr int kRounds = 16;

class EniGrowing {
 public:
  EniGrowing(Duty& duty, const EniDemand& demand) : duty_(duty), demand_(demand), releases_(duty) {}

  base::Result<EnisGrown> run() {
    TRY(look());
    if (missing_ > 0) {
      TRY(settle());
    }
    for (int round = 0; round < kRounds && missing_ > 0 && !stopped_; ++round) {
      TRY(go_on());
      TRY(look());
    }
    return conclude();
  }

 private:
  base::Status look() {
    enis_ = TRY(exclusive_enis(duty_));
    result_.idle = static_cast<int>(std::ranges::count_if(
        enis_, [&](const ExclusiveEni& eni) { return eni.can_serve(demand_.families); }));
    missing_ = demand_.enis - result_.idle;
    return {};
  }

  // What earlier calls left unfinished must not be begun a second time.
  base::Status settle() {
    for (const base::Result<Grown>& settled : TRY(settle_growth(duty_, ipam::kExclusiveMode))) {
      note(settled);
    }
    return look();
  }

  void note(const base::Result<Grown>& grown) {
    if (grown.ok()) {
      add(grown->eni.id);
    } else {
      why_ = grown.error();
    }
  }

  void add(const std::string& eni) {
    if (std::ranges::find(result_.enis, eni) == result_.enis.end()) {
      result_.enis.push_back(eni);
    }
  }

  base::Status go_on() {
    if (!view_.has_value()) {
      view_ = TRY(PoolView::open(duty_));
    }
    const int room = TRY(view_->new_enis(duty_, ipam::kExclusiveMode));
    if (room < missing_ && !adopted_) {
      return adopt();
    }
    const int completed = complete();
    const int wanted = std::min(missing_ - completed, room);
    if (wanted > 0) {
      make(wanted);
    } else if (completed == 0) {
      make_room();
    }
    return {};
  }

  void make_room() {
    const base::Result<bool> made = releases_.settle_next();
    if (!made.ok()) {
      why_ = made.error();
    } else if (*made) {
      view_.reset();
    } else {
      stopped_ = true;
      if (!why_.has_value()) {
        why_ = is_full();
      }
    }
  }

  // Of a reinstalled node: its ENIs are attached, but the store does not know them.
  base::Status adopt() {
    adopted_ = true;
    Recovered recovered;
    TRY(handle_strays(duty_, recovered));
    for (const ExclusiveEni& eni : TRY(exclusive_enis(duty_))) {
      if (std::ranges::find(enis_, eni.eni.id, [](const auto& one) { return one.eni.id; }) ==
          enis_.end()) {
        add(eni.eni.id);
      }
    }
    view_.reset();
    return {};
  }

  // Idle ENIs that lack an IPv6 address get one; how many.
  int complete() {
    int completed = 0;
    for (const ExclusiveEni& eni : enis_) {
      const bool lacks_ipv6 = demand_.families.ipv6 && eni.will_serve({.ipv4 = true}) &&
                              !eni.will_serve({.ipv4 = false, .ipv6 = true});
      if (completed == missing_ || !lacks_ipv6 || !tried_.insert(eni.eni.id).second) {
        continue;
      }
      std::vector<base::IpAddress> added;
      const GrowRequest request{.eni = eni.eni.id, .ipv6 = 1, .purpose = kPurpose};
      if (const base::Status done = assign(duty_, request, added); !done.ok()) {
        why_ = done.error();
        continue;
      }
      add(eni.eni.id);
      ++completed;
    }
    return completed;
  }

  void make(int count) {
    const GrowRequest one{.ipv6 = demand_.families.ipv6 ? 1 : 0,
                          .mode = std::string(ipam::kExclusiveMode),
                          .purpose = kPurpose};
    for (const base::Result<Grown>& made :
         grow_enis(duty_, std::vector<GrowRequest>(static_cast<std::size_t>(count), one),
                   Room::kCounted)) {
      note(made);
      stopped_ = stopped_ || !made.ok();
    }
  }

  Error is_full() const {
    const auto count = [this](auto which) { return std::ranges::count_if(enis_, which); };
    const auto held = count([](const ExclusiveEni& eni) { return eni.held; });
    const auto strayed = count([](const ExclusiveEni& eni) { return eni.strayed; });
    const auto cooling = count([this](const ExclusiveEni& eni) {
      return eni.will_serve(demand_.families) && !eni.can_serve(demand_.families);
    });
    const PoolLimits& limits = view_->limits();
    std::string text = duty_.machine()->type.id + " has no room for " + std::to_string(missing_) +
                       " more ENIs of pods: of " + std::to_string(limits.all_enis) +
                       " beside the primary one pods have " + std::to_string(held);
    if (strayed > 0) {
      text += ", " + std::to_string(strayed) + " are not where they should be";
    }
    if (cooling > 0) {
      text += ", " + std::to_string(cooling) + " can be had in less than 30 s";
    }
    return Error(ErrorKind::kTryAgain, text)
        .code(cooling >= missing_ ? "Catena.Cooling" : "Catena.Limit")
        .advice(
            "wait, delete a pod that has an ENI of its own, lower max_eni and min_eni in eni.conf, "
            "or take a larger instance type");
  }

  base::Result<EnisGrown> conclude() {
    if (missing_ <= 0) {
      return std::move(result_);
    }
    result_.missing = missing_;
    if (!why_.has_value()) {
      why_ = Error(ErrorKind::kTryAgain, "other pods took what was made").code("Catena.Busy");
    }
    if (result_.enis.empty()) {
      return Error(*why_).context("get " + std::to_string(missing_) + " more ENIs for pods");
    }
    result_.why = why_;
    return std::move(result_);
  }

  static constexpr const char* kPurpose = "a pod's own ENI";

  Duty& duty_;
  EniDemand demand_;
  std::vector<ExclusiveEni> enis_;
  int missing_ = 0;
  std::optional<PoolView> view_;
  Releases releases_;
  std::set<std::string> tried_;
  bool adopted_ = false;
  bool stopped_ = false;
  std::optional<Error> why_;
  EnisGrown result_;
};

}  // namespace

base::Result<EnisGrown> grow_exclusive(Duty& duty, const EniDemand& demand) {
  return EniGrowing(duty, demand).run();
}

}  // namespace catena::agent
