// pool.keep: between the bounds of eni.conf.
#include <algorithm>

#include "agent/pool_growing.h"
#include "agent/pool_shrink.h"
#include "agent/pool_view.h"
#include "agent/prefixes.h"

namespace catena::agent {
namespace {

// What the node has, in pods and in IPv4 addresses.
struct Holdings {
  std::vector<IdleEni> enis;
  int idle = 0;
  int bound = 0;
  int ipv4 = 0;
};

base::Result<Holdings> holdings_of(Duty& duty, const Families& families) {
  Holdings holdings;
  const std::vector<ipam::EniStock> stock = TRY(duty.store().stock());
  const std::vector<ipam::Record> records = TRY(duty.store().list());
  for (const ipam::EniStock& eni : stock) {
    if (!eni.serves()) {
      continue;
    }
    IdleEni idle{.eni = eni.eni, .records = {}};
    std::ranges::copy_if(records, std::back_inserter(idle.records),
                         [&](const ipam::Record& record) { return record.pool == eni.eni.id; });
    holdings.bound += static_cast<int>(std::max(eni.ipv4.bound, eni.ipv6.bound));
    holdings.ipv4 += static_cast<int>(
        std::ranges::count_if(idle.records, [](const auto& one) { return one.address.is_v4(); }));
    holdings.enis.push_back(std::move(idle));
  }
  holdings.idle = servable(stock, families);
  return holdings;
}

class Keeping {
 public:
  Keeping(Duty& duty, int pending, PoolMemory& memory)
      : duty_(duty),
        pool_(duty.settings().pool),
        pending_(pending),
        memory_(memory),
        families_{.ipv4 = true, .ipv6 = pool_.ipv6} {}

  base::Result<PoolKept> run() {
    const Holdings holdings = TRY(holdings_of(duty_, families_));
    const PoolWish wish = wish_for(holdings);
    const bool short_of_blocks = wish.ipv4_prefixes > 0;
    if (holdings.idle < wish.pods || short_of_blocks ||
        static_cast<int>(holdings.enis.size()) < wish.enis) {
      kept_.grown = TRY(grow_to(duty_, wish));
    } else {
      TRY(shrink_if_surplus(holdings));
    }
    kept_.idle = servable(TRY(duty_.store().stock()), families_);
    return std::move(kept_);
  }

 private:
  PoolWish wish_for(const Holdings& holdings) const {
    PoolWish wish;
    wish.pods = std::max(pool_.min_idle + pending_, pool_.warm_up - holdings.bound);
    wish.families = families_;
    wish.enis = pool_.min_enis;
    if (pool_.use_prefixes && holdings.ipv4 < pool_.ipv4_prefixes * kIpv4PerPrefix) {
      wish.ipv4_prefixes = pool_.ipv4_prefixes;
    }
    return wish;
  }

  // How many pods' addresses are more than `most` idle ones, and no part of what is kept anyway.
  int surplus_over(int most, const Holdings& holdings, std::chrono::nanoseconds idle_for) const {
    const int idle = idle_pods(duty_.store(), holdings.enis, families_, idle_for);
    const int kept_idle = std::max(most + pending_, pool_.warm_up - holdings.bound);
    // Beside each ENI's own address, which goes with it only.
    const int beyond_blocks = holdings.ipv4 - static_cast<int>(holdings.enis.size()) -
                              pool_.ipv4_prefixes * kIpv4PerPrefix;
    return std::max(std::min(idle - kept_idle, pool_.ipv4_prefixes > 0 ? beyond_blocks : idle), 0);
  }

  base::Status shrink_if_surplus(const Holdings& holdings) {
    Surplus surplus;
    surplus.families = families_;
    surplus.enis = static_cast<int>(holdings.enis.size()) - pool_.min_enis;
    surplus.idle_for = kSurplusLasts;
    surplus.pods = surplus_over(pool_.max_idle, holdings, surplus.idle_for);
    if (surplus.pods > 0) {
      return shrink(duty_, holdings.enis, surplus, kept_);
    }
    const cloud::IdleReclaim& reclaim = pool_.idle_reclaim;
    if (reclaim.after.count() == 0 || !reclaim_is_due()) {
      return {};
    }
    surplus.idle_for = reclaim.after;
    surplus.pods =
        std::min(surplus_over(pool_.min_idle, holdings, reclaim.after), reclaim.batch_size);
    if (surplus.pods == 0) {
      return {};
    }
    memory_.reclaimed = duty_.now();
    return shrink(duty_, holdings.enis, surplus, kept_);
  }

  bool reclaim_is_due() {
    const cloud::IdleReclaim& reclaim = pool_.idle_reclaim;
    const double factor = 1 + reclaim.jitter * (2 * duty_.random() - 1);
    return !memory_.reclaimed.has_value() ||
           static_cast<double>((duty_.now() - *memory_.reclaimed).count()) >=
               factor * static_cast<double>(reclaim.interval.count());
  }

  Duty& duty_;
  const PoolSettings& pool_;
  int pending_;
  PoolMemory& memory_;
  Families families_;
  PoolKept kept_;
};

}  // namespace

base::Result<PoolKept> keep_pool(Duty& duty, int pending, PoolMemory& memory) {
  return Keeping(duty, pending, memory).run();
}

}  // namespace catena::agent
