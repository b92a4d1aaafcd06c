#include "common/ipam/store.h"

#include <algorithm>
#include <limits>

#include "common/ipam/choose.h"
#include "common/ipam/cloud_change.h"
#include "common/ipam/cloud_record.h"
#include "common/ipam/eni_claim.h"
#include "common/ipam/store_claim.h"
#include "common/ipam/transaction.h"

namespace catena::ipam {
namespace {

struct OwnerKey {
  std::string container_id;
  std::string if_name;
};

enum class Held { kAddresses, kExclusiveEni };

// An address of an ENI that is gone is freed with either.
base::Result<bool> belongs_to(Held what, Update& update, const Record& record) {
  if (record.pool.find('/') != std::string::npos) {  // Range::key()
    return what == Held::kAddresses;
  }
  const std::optional<Entry> entry = TRY(update.index().find(kEniKind, record.pool));
  const std::optional<Eni> eni = entry.has_value() ? eni_in(*entry) : std::nullopt;
  return !eni.has_value() || (eni->mode == kExclusiveMode) == (what == Held::kExclusiveEni);
}

base::Result<std::vector<Record>> release_held(Update& update, const OwnerKey& owner, Held what) {
  std::vector<Record> released;
  for (Record& record : TRY(update.index().owned_by(owner.container_id, owner.if_name))) {
    if (!TRY(belongs_to(what, update, record))) {
      continue;
    }
    released.push_back(record);
    record.state = record.note.empty() ? State::kCooling : State::kQuarantined;
    TRY(update.stage(std::move(record)));
  }
  TRY(update.commit());
  return released;
}

}  // namespace

class Store::Impl {
 public:
  Impl(std::string directory, Options options) : options_(std::move(options)) {
    place_.directory = std::move(directory);
    place_.clock = options_.clock;
    place_.cooling = options_.cooling;
    place_.boot_id = options_.boot_id;
  }

  const Options& options() const { return options_; }
  const std::string& boot_id() const { return place_.boot_id; }
  std::vector<std::string> take_notices() { return std::exchange(notices_, {}); }

  // Runs `work` as one transaction; `empty` is the answer when there is no store. Work that meets a
  // damaged index has written nothing: it runs again on one made from the journal.
  template <typename Value, typename Work>
  base::Result<Value> run(IfMissing if_missing, std::chrono::milliseconds patience, Value empty,
                          const Work& work) {
    if (place_.boot_id.empty()) {
      place_.boot_id = TRY(base::boot_id());
    }
    for (bool first_try = true;; first_try = false) {
      std::optional<Update> update = TRY(Update::begin(place_, patience, if_missing, notices_));
      if (!update.has_value()) {
        return empty;
      }
      base::Result<Value> result = work(*update);
      if (result.ok() || !update->index().damaged() || !first_try) {
        return result;
      }
      notices_.push_back(result.error().message() + "; made anew from the journal");
      TRY(update->discard_index());
    }
  }

 private:
  Options options_;
  Place place_;
  std::vector<std::string> notices_;
};

Store::Store(std::string directory, Options options)
    : impl_(std::make_unique<Impl>(std::move(directory), std::move(options))) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

base::Result<std::vector<Record>> Store::claim(const Claim& claim, const InUse& in_use) {
  TRY(check(claim));
  return impl_->run(IfMissing::kCreate, impl_->options().lock_patience, std::vector<Record>(),
                    [&](Update& update) { return claim_addresses(update, claim, in_use); });
}

base::Result<std::vector<Record>> Store::find(const std::string& container_id,
                                              const std::string& if_name) {
  return impl_->run(IfMissing::kNothing, impl_->options().lock_patience, std::vector<Record>(),
                    [&](Update& update) { return update.index().owned_by(container_id, if_name); });
}

base::Result<std::vector<Record>> Store::release(const std::string& container_id,
                                                 const std::string& if_name) {
  return impl_->run(IfMissing::kNothing, impl_->options().lock_patience, std::vector<Record>(),
                    [&](Update& update) {
                      return release_held(update, {container_id, if_name}, Held::kAddresses);
                    });
}

base::Result<std::vector<Record>> Store::release_eni(const std::string& container_id,
                                                     const std::string& if_name) {
  return impl_->run(IfMissing::kNothing, impl_->options().lock_patience, std::vector<Record>(),
                    [&](Update& update) {
                      return release_held(update, {container_id, if_name}, Held::kExclusiveEni);
                    });
}

base::Status Store::end_quarantine(const base::IpAddress& address) {
  const auto work = [&](Update& update) -> base::Result<bool> {
    std::optional<Record> record = TRY(update.record_of(address));
    if (!record.has_value() || (record->state != State::kQuarantined && record->note.empty())) {
      return false;
    }
    record->state = record->state == State::kQuarantined ? State::kCooling : record->state;
    record->note.clear();
    TRY(update.stage(std::move(*record)));
    TRY(update.commit());
    return true;
  };
  if (!TRY(impl_->run(IfMissing::kNothing, impl_->options().lock_patience, false, work))) {
    return base::Error(base::ErrorKind::kNotFound, address.to_string() + " is in no quarantine");
  }
  return {};
}

base::Result<std::vector<Record>> Store::list() {
  const auto work = [&](Update& update) -> base::Result<std::vector<Record>> {
    std::vector<Record> records;
    const auto collect = [&](const Entry& entry) -> base::Status {
      std::optional<Record> record = to_record(entry);
      if (record.has_value()) {
        records.push_back(update.as_of_now(std::move(*record)));
      }
      return {};
    };
    TRY(update.index().for_each(collect));
    std::ranges::sort(records, {}, &Record::address);
    return records;
  };
  return impl_->run(IfMissing::kNothing, impl_->options().lock_patience, std::vector<Record>(),
                    work);
}

std::chrono::nanoseconds Store::age_of(const Record& record) const {
  const std::chrono::nanoseconds now = impl_->options().clock->since_boot();
  return record.since_boot > now ? now : now - record.since_boot;  // stamped in an earlier boot
}

base::Result<std::uint64_t> Store::available(const RangeSet& set) {
  std::uint64_t all = 0;
  for (const Range& range : set) {
    const std::uint64_t size = range.size();
    all = all > std::numeric_limits<std::uint64_t>::max() - size
              ? std::numeric_limits<std::uint64_t>::max()
              : all + size;
  }
  const auto work = [&](Update& update) -> base::Result<std::uint64_t> {
    const std::uint64_t count = TRY(count_available(update, set));
    TRY(update.commit());
    return count;
  };
  return impl_->run(IfMissing::kNothing, std::chrono::milliseconds(0), all, work);
}

base::Result<std::optional<EniAttachment>> Store::claim_from_enis(const EniClaim& claim,
                                                                  const InUse& in_use) {
  TRY(check(claim));
  return impl_->run(IfMissing::kNothing, impl_->options().lock_patience,
                    std::optional<EniAttachment>(),
                    [&](Update& update) { return claim_eni_addresses(update, claim, in_use); });
}

base::Result<std::optional<EniAttachment>> Store::claim_eni(const EniClaim& claim,
                                                            const InUse& in_use) {
  TRY(check(claim));
  return impl_->run(IfMissing::kNothing, impl_->options().lock_patience,
                    std::optional<EniAttachment>(),
                    [&](Update& update) { return claim_whole_eni(update, claim, in_use); });
}

base::Result<std::vector<EniStock>> Store::stock(IfBusy if_busy) {
  const auto patience =
      if_busy == IfBusy::kWait ? impl_->options().lock_patience : std::chrono::milliseconds(0);
  return impl_->run(IfMissing::kNothing, patience, std::vector<EniStock>(),
                    [](Update& update) { return stock_of(update); });
}

base::Result<std::optional<Eni>> Store::eni_of(const std::string& container_id,
                                               const std::string& if_name) {
  using Found = std::optional<Eni>;
  const auto work = [&](Update& update) -> base::Result<Found> {
    const auto held = TRY(update.index().owned_by(container_id, if_name));
    const auto entry =
        held.empty() ? std::nullopt : TRY(update.index().find(kEniKind, held.front().pool));
    return entry.has_value() ? eni_in(*entry) : Found();
  };
  return impl_->run(IfMissing::kNothing, impl_->options().lock_patience, Found(), work);
}

base::Status Store::change(const CloudChange& change) {
  TRY(check(change));
  const auto work = [&](Update& update) -> base::Result<bool> {
    TRY(change_cloud(update, change));
    return true;
  };
  TRY(impl_->run(IfMissing::kCreate, impl_->options().lock_patience, true, work));
  return {};
}

base::Result<CloudRecords> Store::cloud() {
  return impl_->run(IfMissing::kNothing, impl_->options().lock_patience, CloudRecords(),
                    [](Update& update) { return cloud_records(update); });
}

base::Result<std::optional<Route>> Store::find_route(const base::Prefix& cidr) {
  using Found = std::optional<Route>;
  const auto work = [&](Update& update) -> base::Result<Found> {
    const std::optional<Entry> entry = TRY(update.index().find(kRouteKind, cidr.to_string()));
    return entry.has_value() ? route_in(*entry) : Found();
  };
  return impl_->run(IfMissing::kNothing, impl_->options().lock_patience, Found(), work);
}

base::Result<bool> Store::has_route(const base::Prefix& cidr) {
  const std::optional<Route> route = TRY(find_route(cidr));
  return route.has_value() && route->state == RouteState::kAvailable &&
         route->boot == impl_->boot_id();
}

std::vector<std::string> Store::take_notices() { return impl_->take_notices(); }

}  // namespace catena::ipam
