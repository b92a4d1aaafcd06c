#include "agent/pool_shrink.h"

#include <algorithm>
#include <numeric>

#include "agent/pool_plan.h"
#include "agent/prefixes.h"

namespace catena::agent {
namespace {

using Records = std::vector<ipam::Record>;

bool is_idle(const ipam::Store& store, const ipam::Record& record,
             std::chrono::nanoseconds idle_for) {
  return record.state == ipam::State::kFree && store.age_of(record) >= idle_for;
}

int pods_of(const ipam::Store& store, const IdleEni& eni, const Families& families,
            std::chrono::nanoseconds idle_for) {
  EniRoom room;
  for (const ipam::Record& record : eni.records) {
    if (is_idle(store, record, idle_for)) {
      ++(record.address.is_v4() ? room.free4 : room.free6);
    }
  }
  return servable_now(room, families);
}

std::ptrdiff_t bound_in(const IdleEni& eni) {
  return std::ranges::count(eni.records, ipam::State::kBound, &ipam::Record::state);
}

class Shrinking {
 public:
  Shrinking(Duty& duty, const Surplus& surplus, PoolKept& kept)
      : duty_(duty), surplus_(surplus), kept_(kept) {}

  base::Status run(std::vector<IdleEni> enis) {
    std::ranges::sort(enis, {}, [](const IdleEni& eni) {
      return std::tuple(bound_in(eni), eni.records.size(), eni.eni.id);
    });
    std::vector<const IdleEni*> rest;
    for (const IdleEni& eni : enis) {
      const bool whole = is_all_idle(eni) && surplus_.enis > 0 && pods_in(eni) <= surplus_.pods;
      if (!whole) {
        rest.push_back(&eni);
        continue;
      }
      TRY(go_on_after(give_back_eni(eni)));
    }
    for (const IdleEni* eni : rest) {
      if (surplus_.pods > 0 && has_more_than_its_own(*eni)) {
        TRY(go_on_after(give_back_addresses(*eni)));
      }
    }
    return {};
  }

 private:
  bool is_all_idle(const IdleEni& eni) const {
    return std::ranges::all_of(eni.records, [&](const ipam::Record& record) {
      return is_idle(duty_.store(), record, surplus_.idle_for);
    });
  }
  // Whether an idle address is there beside the ENI's own, which goes with it only.
  bool has_more_than_its_own(const IdleEni& eni) const {
    return std::ranges::any_of(eni.records, [&](const ipam::Record& record) {
      return record.address != eni.eni.address && is_idle(duty_.store(), record, surplus_.idle_for);
    });
  }
  int pods_in(const IdleEni& eni) const {
    return pods_of(duty_.store(), eni, surplus_.families, surplus_.idle_for);
  }

  // One ENI that can't be shrunk is no reason to leave the others; a cloud that does not answer is.
  base::Status go_on_after(base::Status done) {
    if (done.ok()) {
      return done;
    }
    const cloud::ErrorClass error_class = cloud::class_of(done.error());
    if (duty_.left() == Millis(0) || cloud::may_have_been_done(done.error()) ||
        error_class == cloud::ErrorClass::kThrottled ||
        (error_class == cloud::ErrorClass::kRetry && !done.error().code().empty())) {
      return done;
    }
    duty_.notice(done.error().text());
    return {};
  }

  // Whether `eni` is there and this instance has it.
  base::Result<std::optional<cloud::NetworkInterface>> look_at(const IdleEni& eni) {
    std::optional<cloud::NetworkInterface> seen = TRY(look(duty_, eni.eni.id));
    if (seen.has_value() && (seen->status != cloud::EniStatus::kInUse ||
                             seen->instance_id != duty_.settings().instance_id)) {
      seen.reset();
    }
    return seen;
  }

  base::Status give_back_eni(const IdleEni& eni) {
    if (!TRY(look_at(eni)).has_value()) {
      return {};
    }
    for (const ipam::Record& record : eni.records) {
      if (TRY(is_in_use(record))) {
        return {};
      }
    }
    TRY(release(duty_, {.eni = eni.eni.id, .only_free = true}));
    surplus_.pods -= pods_in(eni);
    --surplus_.enis;
    kept_.released_enis.push_back(eni.eni.id);
    for (const ipam::Record& record : eni.records) {
      count(record.address);
    }
    return {};
  }

  base::Status give_back_addresses(const IdleEni& eni) {
    const std::optional<cloud::NetworkInterface> seen = TRY(look_at(eni));
    if (!seen.has_value()) {
      return {};
    }
    Records idle;
    for (const ipam::Record& record : eni.records) {
      const bool may_go =
          is_idle(duty_.store(), record, surplus_.idle_for) && record.address != eni.eni.address;
      if (may_go && !TRY(is_in_use(record))) {
        idle.push_back(record);
      }
    }
    std::ranges::stable_sort(idle, std::ranges::greater(), [&](const ipam::Record& record) {
      return duty_.store().age_of(record);
    });
    ReleaseRequest request{.eni = eni.eni.id, .only_free = true};
    const int pods = choose(idle, *seen, request);
    if (pods == 0) {
      return {};
    }
    TRY(release(duty_, request));
    surplus_.pods -= pods;
    std::ranges::for_each(request.addresses, [&](const auto& address) { count(address); });
    kept_.released_ipv4 += kIpv4PerPrefix * static_cast<int>(request.prefixes.size());
    return {};
  }

  // Of `idle` as much as is surplus; how many pods that is.
  int choose(const Records& idle, const cloud::NetworkInterface& seen, ReleaseRequest& request) {
    const Families& families = surplus_.families;
    const int singles4 = count_singles(idle, seen, base::Family::kIpv4);
    const int singles6 = count_singles(idle, seen, base::Family::kIpv6);
    int pods = std::min(surplus_.pods, families.ipv4 ? singles4 : singles6);
    take_singles(idle, seen, base::Family::kIpv4, families.ipv4 ? pods : 0, request);
    take_singles(idle, seen, base::Family::kIpv6, families.ipv6 ? pods : 0, request);
    for (const base::Prefix& block : seen.ipv4_prefixes) {
      const auto free = std::ranges::count_if(
          idle, [&](const ipam::Record& record) { return block.contains(record.address); });
      if (families.ipv4 && free == kIpv4PerPrefix && surplus_.pods - pods >= kIpv4PerPrefix) {
        request.prefixes.push_back(block);
        pods += kIpv4PerPrefix;
      }
    }
    return pods;
  }

  static bool is_single(const ipam::Record& record, const cloud::NetworkInterface& seen,
                        base::Family family) {
    const auto& blocks = family == base::Family::kIpv4 ? seen.ipv4_prefixes : seen.ipv6_prefixes;
    return record.address.family() == family &&
           std::ranges::none_of(
               blocks, [&](const base::Prefix& block) { return block.contains(record.address); });
  }

  static int count_singles(const Records& idle, const cloud::NetworkInterface& seen,
                           base::Family family) {
    return static_cast<int>(std::ranges::count_if(
        idle, [&](const ipam::Record& record) { return is_single(record, seen, family); }));
  }

  static void take_singles(const Records& idle, const cloud::NetworkInterface& seen,
                           base::Family family, int most, ReleaseRequest& request) {
    for (const ipam::Record& record : idle) {
      if (most > 0 && is_single(record, seen, family)) {
        request.addresses.push_back(record.address);
        --most;
      }
    }
  }

  // The kernel of this node knows what the store calls free: nobody gets it, nobody gives it back.
  base::Result<bool> is_in_use(const ipam::Record& record) {
    if (!duty_.in_use() || !TRY(duty_.in_use()(record.address))) {
      return false;
    }
    duty_.notice(record.address.to_string() +
                 " is in use on this node though no pod of ours has "
                 "it; it is not given back");
    TRY(duty_.store().change({.quarantine = {{record.address, std::string(ipam::kInUseNote)}}}));
    return true;
  }

  void count(const base::IpAddress& address) {
    ++(address.is_v4() ? kept_.released_ipv4 : kept_.released_ipv6);
  }

  Duty& duty_;
  Surplus surplus_;
  PoolKept& kept_;
};

}  // namespace

int idle_pods(const ipam::Store& store, const std::vector<IdleEni>& enis, const Families& families,
              std::chrono::nanoseconds idle_for) {
  return std::accumulate(enis.begin(), enis.end(), 0, [&](int sum, const IdleEni& eni) {
    return sum + pods_of(store, eni, families, idle_for);
  });
}

base::Status shrink(Duty& duty, std::vector<IdleEni> enis, Surplus surplus, PoolKept& kept) {
  return Shrinking(duty, surplus, kept).run(std::move(enis));
}

}  // namespace catena::agent
