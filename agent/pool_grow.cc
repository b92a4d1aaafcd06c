// pool.grow: what is missing, in as few calls as can be.
#include <algorithm>
#include <limits>
#include <set>

#include "agent/intents.h"
#include "agent/placement.h"
#include "agent/pool_growing.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using Stock = std::vector<ipam::EniStock>;

// Each round learns something that the one before could not know: a vSwitch that is full, an ENI
// that takes no more, a new ENI that has room for what one call could not hold.
constexpr int kRounds = 16;

class Growing {
 public:
  Growing(Duty& duty, const PoolWish& wish)
      : duty_(duty),
        wish_(wish),
        prefixes4_(duty.settings().pool.use_prefixes),
        prefixes6_(duty.settings().pool.use_prefixes && duty.settings().pool.ipv6_prefixes > 0),
        releases_(duty) {}

  base::Result<PoolGrown> run() {
    TRY(settle());
    for (int round = 0; round < kRounds && !stopped_; ++round) {
      const Stock stock = TRY(duty_.store().stock());
      result_.missing = wish_.pods - servable(stock, wish_.families);
      if (result_.missing <= 0 && has_the_rest(stock)) {
        break;
      }
      if (!view_.has_value()) {
        view_ = TRY(PoolView::open(duty_));
        continue;
      }
      const std::vector<GrowRequest> plan = TRY(plan_for(stock));
      if (!plan.empty()) {
        carry_out(plan);
      } else if (!make_room()) {
        break;
      }
    }
    return conclude();
  }

 private:
  bool has_the_rest(const Stock& stock) const {
    if (wish_.enis == 0 && wish_.ipv4_prefixes == 0) {
      return true;
    }
    const auto serving = std::ranges::count_if(stock, &ipam::EniStock::serves);
    return view_.has_value() && serving >= wish_.enis &&
           (!prefixes4_ || view_->blocks(stock) >= wish_.ipv4_prefixes);
  }

  // What earlier calls left unfinished brings addresses, and must not be begun a second time.
  base::Status settle() {
    for (const base::Result<Grown>& settled : TRY(settle_growth(duty_, ipam::kSharedMode))) {
      note(settled);
    }
    return {};
  }

  void note(const base::Result<Grown>& grown) {
    if (grown.ok()) {
      added(grown->eni.id, grown->addresses);
    } else {
      why_ = grown.error();
    }
  }

  base::Result<std::vector<GrowRequest>> plan_for(const Stock& stock) {
    Growth growth;
    growth.families = wish_.families;
    growth.prefixes4 = prefixes4_;
    growth.prefixes6 = prefixes6_;
    growth.policy = duty_.settings().pool.eni_policy;
    growth.new_enis = no_new_eni_ ? 0 : TRY(view_->new_enis(duty_, ipam::kSharedMode));
    growth.new_eni = view_->new_eni(prefixes4_);
    std::vector<EniRoom> rooms = view_->rooms(stock, prefixes4_);
    const auto serving = static_cast<std::ptrdiff_t>(rooms.size());
    std::erase_if(rooms, [&](const EniRoom& room) { return blocked_.contains(room.id); });
    std::vector<GrowRequest> plan = plan_growth(std::max(result_.missing, 0), rooms, growth);
    auto made = std::ranges::count_if(plan, [](const auto& one) { return one.eni.empty(); });
    for (; serving + made < wish_.enis && made < growth.new_enis; ++made) {
      plan.push_back({.purpose = "pool"});
    }
    if (plan.empty() && prefixes4_ && view_->blocks(stock) < wish_.ipv4_prefixes) {
      plan_blocks(wish_.ipv4_prefixes - view_->blocks(stock), rooms, growth, plan);
    }
    for (GrowRequest& request : plan) {
      request.ipv4_prefixes = std::min(request.ipv4_prefixes, most_blocks_);
    }
    return plan;
  }

  // False: there is nothing more to be had.
  bool make_room() {
    if (result_.missing <= 0) {
      return false;
    }
    const base::Result<bool> made = releases_.settle_next();
    if (!made.ok()) {
      why_ = made.error();
    } else if (*made) {
      view_.reset();
      blocked_.clear();
      no_new_eni_ = false;
    } else if (!why_.has_value()) {
      why_ = node_is_full();
    }
    return !made.ok() || *made;
  }

  static void plan_blocks(int blocks, const std::vector<EniRoom>& rooms, const Growth& growth,
                          std::vector<GrowRequest>& plan) {
    for (const EniRoom& room : rooms) {
      const int more = std::min(blocks, room.slots4);
      if (more > 0) {
        plan.push_back({.eni = room.id, .ipv4_prefixes = more, .purpose = "pool"});
        blocks -= more;
      }
    }
    for (int left = growth.new_enis; left > 0 && blocks > 0 && growth.new_eni.slots4 > 0; --left) {
      const int more = std::min({blocks, growth.new_eni.slots4, kPrefixesPerCall});
      plan.push_back({.ipv4_prefixes = more, .purpose = "pool"});
      blocks -= more;
    }
  }

  Error node_is_full() const {
    const PoolLimits& limits = view_->limits();
    return Error(ErrorKind::kTryAgain,
                 duty_.machine()->type.id + " has no room for " + std::to_string(result_.missing) +
                     " more pods: " + std::to_string(limits.enis) +
                     " ENIs beside the primary one, " + std::to_string(limits.ipv4_each) +
                     " IPv4 and " + std::to_string(limits.ipv6_each) + " IPv6 addresses each")
        .code("Catena.Limit")
        .advice(
            "take a larger instance type, fewer pods on this node, or raise max_eni, "
            "eni_cap_ratio and max_ips_per_eni in eni.conf");
  }

  // ENIs that are there first: their pods need not wait for new ones.
  void carry_out(const std::vector<GrowRequest>& plan) {
    std::vector<GrowRequest> new_ones;
    for (const GrowRequest& request : plan) {
      if (request.eni.empty()) {
        new_ones.push_back(request);
      } else if (!stopped_) {
        carry_out_on_eni(request);
      }
    }
    if (new_ones.empty() || stopped_) {
      return;
    }
    const std::vector<base::Result<Grown>> made = grow_enis(duty_, new_ones, Room::kCounted);
    for (std::size_t i = 0; i < made.size(); ++i) {
      if (made[i].ok()) {
        view_->count(made[i]->eni.id, new_ones[i]);
        added(made[i]->eni.id, made[i]->addresses);
      } else {
        learn_from(made[i].error(), new_ones[i]);
      }
    }
  }

  void carry_out_on_eni(const GrowRequest& request) {
    std::vector<base::IpAddress> new_addresses;
    base::Status done = assign(duty_, request, new_addresses);
    const bool full =
        !done.ok() && cloud::reaction_to(done.error()) == cloud::Reaction::kOtherVSwitch;
    if (full && request.ipv4 > 1) {
      done = assign_what_is_left(request, new_addresses, std::move(done));
    }
    view_->count(request.eni, request);
    if (!new_addresses.empty()) {
      added(request.eni, new_addresses);
    }
    if (!done.ok()) {
      learn_from(done.error(), request);
    }
  }

  // The vSwitch has fewer addresses than asked for: a call that can't be served whole is refused.
  base::Status assign_what_is_left(GrowRequest request, std::vector<base::IpAddress>& new_addresses,
                                   base::Status refused) {
    const int left = TRY(addresses_left(request.eni));
    if (left <= 0 || left >= request.ipv4) {
      return refused;
    }
    request.ipv4 = left;
    const base::Status done = assign(duty_, request, new_addresses);
    return done.ok() ? refused : done;  // there is no more, in any case
  }

  base::Result<int> addresses_left(const std::string& id) {
    for (const ipam::Eni& eni : TRY(duty_.store().cloud()).enis) {
      if (eni.id == id) {
        cloud::VSwitchFilter filter;
        filter.vswitch_ids = {eni.vswitch};
        const auto found = TRY(cloud::describe_vswitches(duty_.client(), filter, duty_.call()));
        return found.empty() ? 0 : static_cast<int>(found.front().available_ips);
      }
    }
    return 0;
  }

  // What a refusal forbids the next round.
  void learn_from(const Error& error, const GrowRequest& request) {
    why_ = error;
    const cloud::ErrorClass error_class = cloud::class_of(error);
    const bool refused = error_class == cloud::ErrorClass::kQuota ||
                         error_class == cloud::ErrorClass::kNotFound ||
                         cloud::reaction_to(error) == cloud::Reaction::kOtherVSwitch ||
                         error.code() == "Catena.Limit";
    if (refused && request.ipv4_prefixes > 1) {
      most_blocks_ = request.ipv4_prefixes / 2;  // there may be fewer, but none is not sure
    } else if (request.ipv4_prefixes + request.ipv6_prefixes > 0 &&
               (refused || error_class == cloud::ErrorClass::kPermanent)) {
      duty_.notice("no block of addresses to be had, single ones instead: " + error.message());
      prefixes4_ = false;
      prefixes6_ = false;
    } else if (!refused) {
      stopped_ = true;
    } else if (request.eni.empty()) {
      no_new_eni_ = true;
    } else {
      blocked_.insert(request.eni);
    }
  }

  void added(const std::string& eni, const std::vector<base::IpAddress>& addresses) {
    if (std::ranges::find(result_.enis, eni) == result_.enis.end()) {
      result_.enis.push_back(eni);
    }
    for (const base::IpAddress& address : addresses) {
      ++(address.is_v4() ? result_.ipv4 : result_.ipv6);
    }
  }

  base::Result<PoolGrown> conclude() {
    result_.missing =
        std::max(wish_.pods - servable(TRY(duty_.store().stock()), wish_.families), 0);
    if (result_.missing == 0) {
      return std::move(result_);
    }
    if (!why_.has_value()) {
      why_ = Error(ErrorKind::kTryAgain, "other pods took what was added").code("Catena.Busy");
    }
    if (result_.ipv4 + result_.ipv6 == 0) {
      return Error(*why_).context("grow the pool by " + std::to_string(result_.missing) + " pods");
    }
    result_.why = why_;
    return std::move(result_);
  }

  Duty& duty_;
  const PoolWish& wish_;
  bool prefixes4_;
  bool prefixes6_;
  int most_blocks_ = std::numeric_limits<int>::max();  // in one call
  std::optional<PoolView> view_;
  Releases releases_;
  std::set<std::string> blocked_;
  bool no_new_eni_ = false;
  bool stopped_ = false;
  std::optional<Error> why_;
  PoolGrown result_;
};

}  // namespace

base::Result<PoolGrown> grow_to(Duty& duty, const PoolWish& wish) {
  return Growing(duty, wish).run();
}

base::Result<PoolGrown> grow_pool(Duty& duty, const PoolDemand& demand) {
  if (servable(TRY(duty.store().stock()), demand.families) >= demand.pods) {
    return PoolGrown();
  }
  PoolWish wish;
  const int reserve = duty.settings().pool.min_idle;  // one batch, where one is needed anyway
  wish.pods = demand.pods + reserve;
  wish.families = demand.families;
  PoolGrown grown = TRY(grow_to(duty, wish));
  grown.missing = std::max(grown.missing - reserve, 0);
  if (grown.missing == 0) {
    grown.why.reset();
  }
  return grown;
}

}  // namespace catena::agent
