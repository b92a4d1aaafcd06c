#include "common/ipam/choose.h"

#include <algorithm>
#include <limits>

namespace catena::ipam {
namespace {

constexpr std::uint64_t kMany = std::numeric_limits<std::uint64_t>::max();

// A pool with so many records prefers those free for longest to addresses never used, or a pool
// of 2^64 would be remembered one by one.
constexpr std::uint64_t kRecordsAtMost = 4096;

// Larger ranges are counted by what their pool knows: 512 look-ups take 0.5 ms.
constexpr std::uint64_t kCountedOneByOne = 512;

std::uint64_t add_up_to_many(std::uint64_t a, std::uint64_t b) {
  return a > kMany - b ? kMany : a + b;
}

// Two ranges of one pool that leave out different addresses have a cursor each.
std::string cursor_key(const Range& range) {
  std::string key = range.key();
  if (range.gateway.has_value()) {
    key += " gateway " + range.gateway->to_string();
  }
  for (const base::Prefix& prefix : range.exclude) {
    key += " less " + prefix.to_string();
  }
  return key;
}

base::Result<PoolFacts> pool_of(Update& update, const Range& range) {
  return update.index().pool(range.key(), range.first.family());
}

bool is_free(const Update& update, const Holding& holding) {
  return holding.state == State::kFree || (holding.state == State::kCooling &&
                                           !update.still_cools(holding.state, holding.since_boot));
}

// The first address from the cursor on that has no record, or a free one of another pool; moves the
// cursor there.
base::Result<std::optional<base::IpAddress>> never_used(Update& update, const Range& range) {
  const std::string key = cursor_key(range);
  const std::uint32_t pool = TRY(pool_of(update, range)).slot;
  const std::optional<Cursor> known = TRY(update.index().cursor(key));
  Cursor cursor = known.value_or(Cursor{.next = range.first});
  std::optional<base::IpAddress> found;
  while (!cursor.at_end && !found.has_value()) {
    const std::optional<base::IpAddress> address = range.next_from(cursor.next);
    if (!address.has_value()) {
      cursor.at_end = true;
      break;
    }
    cursor.next = *address;
    const std::optional<Holding> holding = TRY(update.index().holding(*address));
    const bool of_another = holding.has_value() && (pool == 0 || holding->pool != pool);
    if (!holding.has_value() || (of_another && is_free(update, *holding))) {
      found = *address;
      break;
    }
    cursor.passed += of_another ? 1 : 0;
    cursor.at_end = *address == range.last;
    cursor.next = address->plus(1);
  }
  if (!known.has_value() || known->next != cursor.next || known->at_end != cursor.at_end) {
    TRY(update.index().set_cursor(key, cursor));
  }
  return found;
}

// Addresses the cursor passed because another pool had them may be free by now: looks again.
base::Result<std::optional<base::IpAddress>> passed_before(Update& update, const Range& range) {
  const std::string key = cursor_key(range);
  const std::optional<Cursor> cursor = TRY(update.index().cursor(key));
  if (!cursor.has_value() || cursor->passed == 0) {
    return std::optional<base::IpAddress>();
  }
  TRY(update.index().set_cursor(key, Cursor{.next = range.first}));
  return never_used(update, range);
}

// The head of the pool's list that this range may hand out and that does not cool.
base::Result<std::optional<Holding>> longest_free(Update& update, const Range& range) {
  std::uint32_t slot = TRY(pool_of(update, range)).longest_free;
  while (slot != 0) {
    const Holding holding = TRY(update.index().holding_at(slot));
    if (update.still_cools(holding.state, holding.since_boot)) {
      break;  // so do all after it
    }
    if (range.may_hand_out(holding.address)) {
      return std::optional<Holding>(holding);
    }
    slot = TRY(update.index().freed_after(slot));
  }
  return std::optional<Holding>();
}

bool freed_earlier(const Holding& a, const Holding& b) {
  const auto rank = [](const Holding& holding) {
    return holding.state == State::kFree ? std::chrono::nanoseconds(0) : holding.since_boot;
  };
  return rank(a) < rank(b);
}

base::Result<std::optional<Candidate>> longest_free_of(Update& update, const RangeSet& set) {
  std::optional<Holding> best;
  const Range* range_of_best = nullptr;
  for (const Range& range : set) {
    const std::optional<Holding> head = TRY(longest_free(update, range));
    if (head.has_value() && (!best.has_value() || freed_earlier(*head, *best))) {
      best = head;
      range_of_best = &range;
    }
  }
  if (!best.has_value()) {
    return std::optional<Candidate>();
  }
  return std::optional<Candidate>(Candidate{best->address, range_of_best});
}

base::Result<std::optional<Candidate>> never_used_of(Update& update, const RangeSet& set,
                                                     std::uint64_t records_at_most) {
  for (const Range& range : set) {
    if (TRY(pool_of(update, range)).total() >= records_at_most) {
      continue;
    }
    const std::optional<base::IpAddress> address = TRY(never_used(update, range));
    if (address.has_value()) {
      return std::optional<Candidate>(Candidate{*address, &range});
    }
  }
  return std::optional<Candidate>();
}

std::uint64_t count_of(const PoolFacts& pool, State state) {
  return pool.by_state.at(static_cast<std::size_t>(state));
}

base::Result<std::uint64_t> count_one_by_one(Update& update, const Range& range) {
  std::uint64_t count = 0;
  for (std::optional<base::IpAddress> address = range.next_from(range.first); address.has_value();
       address = range.next_from(address->plus(1))) {
    const std::optional<Holding> holding = TRY(update.index().holding(*address));
    count += !holding.has_value() || is_free(update, *holding) ? 1U : 0U;
    if (*address == range.last) {
      break;
    }
  }
  return count;
}

// Never-used and cooled ones. In a large range addresses left out or held by another range since
// they were used are counted wrongly, for the cost of counting.
base::Result<std::uint64_t> count_in(Update& update, const Range& range) {
  const PoolFacts pool = TRY(pool_of(update, range));
  const std::uint64_t size = range.size();
  if (base::count_between(range.first, range.last) <= kCountedOneByOne) {
    return count_one_by_one(update, range);
  }
  const std::optional<Cursor> cursor = TRY(update.index().cursor(cursor_key(range)));
  std::uint64_t never_used = size == kMany ? kMany : size - std::min(size, pool.total());
  if (cursor.has_value()) {
    Range rest = range;
    rest.first = cursor->next;
    never_used = cursor->at_end ? 0 : std::min(never_used, rest.size());
  }
  const std::uint64_t listed = count_of(pool, State::kFree) + count_of(pool, State::kCooling);
  return add_up_to_many(never_used, listed - TRY(count_cooling(update, pool)));
}

}  // namespace

base::Result<std::uint64_t> count_cooling(Update& update, const PoolFacts& pool) {
  std::uint64_t count = 0;
  for (std::uint32_t slot = pool.last_freed; slot != 0;
       slot = TRY(update.index().freed_before(slot))) {
    const Holding holding = TRY(update.index().holding_at(slot));
    if (!update.still_cools(holding.state, holding.since_boot)) {
      break;
    }
    ++count;
  }
  return count;
}

base::Result<std::optional<Candidate>> next_candidate(Update& update, const RangeSet& set) {
  std::optional<Candidate> found = TRY(never_used_of(update, set, kRecordsAtMost));
  if (!found.has_value()) {
    found = TRY(longest_free_of(update, set));
  }
  if (!found.has_value()) {
    found = TRY(never_used_of(update, set, kMany));
  }
  for (const Range& range : set) {
    if (found.has_value()) {
      break;
    }
    const std::optional<base::IpAddress> address = TRY(passed_before(update, range));
    if (address.has_value()) {
      found = Candidate{*address, &range};
    }
  }
  return found;
}

base::Result<std::uint64_t> count_available(Update& update, const RangeSet& set) {
  if (!TRY(next_candidate(update, set)).has_value()) {
    return std::uint64_t{0};
  }
  std::uint64_t count = 0;
  for (const Range& range : set) {
    count = add_up_to_many(count, TRY(count_in(update, range)));
  }
  return std::max<std::uint64_t>(count, 1);
}

base::Result<std::string> describe(Update& update, const RangeSet& set) {
  std::string text;
  for (const Range& range : set) {
    const PoolFacts pool = TRY(pool_of(update, range));
    text += (text.empty() ? "" : "; ") + range.key() + " (" + std::to_string(range.size()) +
            " addresses): " + std::to_string(count_of(pool, State::kBound)) + " bound, " +
            std::to_string(TRY(count_cooling(update, pool))) + " cooling, " +
            std::to_string(count_of(pool, State::kQuarantined)) + " quarantined";
    if (count_of(pool, State::kReserved) != 0) {
      text += ", " + std::to_string(count_of(pool, State::kReserved)) + " reserved";
    }
    const std::optional<Cursor> cursor = TRY(update.index().cursor(cursor_key(range)));
    if (cursor.has_value() && cursor->passed != 0) {
      text += ", " + std::to_string(cursor->passed) + " held by another range";
    }
  }
  return text;
}

}  // namespace catena::ipam
