#include "agent/agreement.h"

#include <algorithm>
#include <set>

#include "agent/prefixes.h"
#include "common/base/text.h"

namespace catena::agent {
namespace {

using Addresses = std::set<base::IpAddress>;

bool is_reserved_for_another(const ipam::Record& record, const ipam::Intent* ended) {
  return record.state == ipam::State::kReserved && record.owner.if_name == ipam::kIntentInterface &&
         (ended == nullptr || record.owner.container_id != ended->key);
}

// One ENI, looked at once or twice.
class Comparison {
 public:
  Comparison(Duty& duty, std::string eni) : duty_(&duty), eni_(std::move(eni)) {}

  void know(const ipam::Record& record) {
    if (record.pool == eni_) {
      known_.push_back(record);
    }
  }

  // Fails for good with the first error.
  void look_once() {
    if (!failed_.ok()) {
      return;
    }
    const base::Result<std::optional<cloud::NetworkInterface>> seen = look(*duty_, eni_);
    if (!seen.ok()) {
      failed_ = seen.error();
      return;
    }
    exists_ = exists_ || seen->has_value();
    if (seen->has_value()) {
      const std::vector<base::IpAddress> addresses = addresses_of(**seen);
      there_.insert(addresses.begin(), addresses.end());
      attached_ = attached_ || ((*seen)->status == cloud::EniStatus::kInUse &&
                                (*seen)->instance_id == duty_->settings().instance_id);
    }
  }

  // Whether it must be looked at again before anything is taken as gone.
  bool looks_short() const {
    return failed_.ok() &&
           (!exists_ || !attached_ || std::ranges::any_of(known_, [&](const auto& record) {
             return !there_.contains(record.address);
           }));
  }

  base::Result<Agreement> conclude(const ipam::Intent* ended) {
    TRY(failed_);
    agreement_.gone = !exists_;
    agreement_.detached = exists_ && !attached_;
    agreement_.addresses.assign(there_.begin(), there_.end());
    Addresses missing = there_;
    for (const ipam::Record& record : known_) {
      if (there_.contains(record.address)) {
        keep(record, ended, missing);
      } else if (!is_reserved_for_another(record, ended)) {
        lose(record);
      }
    }
    for (const base::IpAddress& address : missing) {
      change_.put_addresses.push_back({address, eni_});
    }
    agreement_.adopted.assign(missing.begin(), missing.end());
    if (agreement_.gone) {
      change_.drop_enis = {eni_};
    }
    if (ended != nullptr) {
      change_.drop_intents = {ended->key};
    }
    TRY(duty_->store().change(change_).context("compare " + eni_ + " with the cloud"));
    for (const base::IpAddress& address : found_again_) {
      const base::Status ended_now = duty_->store().end_quarantine(address);
      if (!ended_now.ok() && !ended_now.error().is(base::ErrorKind::kNotFound)) {
        return ended_now.error();
      }
    }
    return std::move(agreement_);
  }

 private:
  void keep(const ipam::Record& record, const ipam::Intent* ended, Addresses& missing) {
    const bool freed =
        record.state == ipam::State::kReserved && !is_reserved_for_another(record, ended);
    if (!freed) {
      missing.erase(record.address);
    }
    if (record.note == kLostNote) {
      found_again_.push_back(record.address);
    }
  }

  void lose(const ipam::Record& record) {
    if (record.state != ipam::State::kBound) {
      change_.drop_addresses.push_back(record.address);
      agreement_.forgotten.push_back(record.address);
      return;
    }
    agreement_.lost.push_back(record.address);
    duty_->notice(record.address.to_string() + " is held by pod " + record.owner.pod + ", but " +
                  eni_ + " has lost it");
    if (record.note != kLostNote) {
      change_.quarantine.push_back({record.address, std::string(kLostNote)});
    }
  }

  Duty* duty_;
  std::string eni_;
  std::vector<ipam::Record> known_;
  Addresses there_;
  bool exists_ = false;
  bool attached_ = false;
  base::Status failed_;
  Agreement agreement_;
  ipam::CloudChange change_;
  std::vector<base::IpAddress> found_again_;
};

// All of them, twice where that is needed.
base::Status look_at(Duty& duty, std::vector<Comparison>& comparisons, const std::string& what) {
  for (const ipam::Record& record : TRY(duty.store().list())) {
    for (Comparison& one : comparisons) {
      one.know(record);
    }
  }
  TRY(duty.pause(kLag * 5 / 4, what));
  std::ranges::for_each(comparisons, &Comparison::look_once);
  if (std::ranges::any_of(comparisons, &Comparison::looks_short)) {
    TRY(duty.pause(kLag * 5 / 4, what));
    for (Comparison& one : comparisons) {
      if (one.looks_short()) {
        one.look_once();
      }
    }
  }
  return {};
}

}  // namespace

base::Result<Agreement> agree(Duty& duty, const std::string& eni, const ipam::Intent* ended) {
  std::vector<Comparison> one;
  one.emplace_back(duty, eni);
  TRY(look_at(duty, one, "compare " + eni + " with the cloud"));
  return one.front().conclude(ended);
}

std::vector<base::Result<Agreement>> agree(Duty& duty, const std::vector<std::string>& enis) {
  std::vector<Comparison> comparisons;
  comparisons.reserve(enis.size());
  for (const std::string& eni : enis) {
    comparisons.emplace_back(duty, eni);
  }
  std::vector<base::Result<Agreement>> agreements;
  if (enis.empty()) {
    return agreements;
  }
  agreements.reserve(enis.size());
  const base::Status looked =
      look_at(duty, comparisons, "compare " + base::join(enis, ", ") + " with the cloud");
  for (Comparison& one : comparisons) {
    if (looked.ok()) {
      agreements.push_back(one.conclude(nullptr));
    } else {
      agreements.emplace_back(looked.error());
    }
  }
  return agreements;
}

}  // namespace catena::agent
