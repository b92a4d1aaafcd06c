#include "agent/exclusive.h"

#include <algorithm>

namespace catena::agent {
namespace {

// So long a NIC may take to appear after the cloud says that its ENI is attached, or to come home
// from a pod.
constexpr std::chrono::seconds kNicMayCome{60};

bool has(const ExclusiveEni& eni, base::Family family, bool cooled) {
  return std::ranges::any_of(eni.records, [&](const ipam::Record& record) {
    const bool fits =
        family == base::Family::kIpv6 ? !record.address.is_v4() : record.address == eni.eni.address;
    return fits && (record.state == ipam::State::kFree ||
                    (!cooled && record.state == ipam::State::kCooling));
  });
}

bool has_all(const ExclusiveEni& eni, const Families& families, bool cooled) {
  return (!families.ipv4 || has(eni, base::Family::kIpv4, cooled)) &&
         (!families.ipv6 || has(eni, base::Family::kIpv6, cooled));
}

base::Result<bool> has_strayed(Duty& duty, const ExclusiveEni& eni) {
  const bool settled = std::ranges::all_of(eni.records, [&](const ipam::Record& record) {
    return duty.store().age_of(record) > kNicMayCome;
  });
  return !eni.held && settled && !TRY(duty.is_at_home(eni.eni.mac));
}

}  // namespace

bool ExclusiveEni::is_idle() const {
  return std::ranges::all_of(records, [](const ipam::Record& record) {
    return record.state == ipam::State::kFree || record.state == ipam::State::kCooling;
  });
}

bool ExclusiveEni::can_serve(const Families& families) const {
  const bool taken = std::ranges::any_of(records, [](const ipam::Record& record) {
    return record.state == ipam::State::kBound || record.state == ipam::State::kReserved;
  });
  return !taken && !strayed && has_all(*this, families, true);
}

bool ExclusiveEni::will_serve(const Families& families) const {
  return is_idle() && !strayed && has_all(*this, families, false);
}

base::Result<std::vector<ExclusiveEni>> exclusive_enis(Duty& duty) {
  std::vector<ExclusiveEni> enis;
  const std::vector<ipam::Record> records = TRY(duty.store().list());
  for (const ipam::EniStock& stock : TRY(duty.store().stock())) {
    if (!ipam::serves_a_pod(stock.eni)) {
      continue;
    }
    ExclusiveEni one;
    one.eni = stock.eni;
    one.held = stock.is_held();
    std::ranges::copy_if(records, std::back_inserter(one.records),
                         [&](const ipam::Record& record) { return record.pool == one.eni.id; });
    one.strayed = TRY(has_strayed(duty, one));
    enis.push_back(std::move(one));
  }
  return enis;
}

}  // namespace catena::agent
