#include "common/ipam/index.h"

#include <algorithm>
#include <cstring>

#include "common/base/hash.h"
#include "common/ipam/cloud_record.h"

namespace catena::ipam {
namespace {

std::string name_of_thing(std::string_view kind, std::string_view key) {
  return std::string(kind).append("\n").append(key);
}

// Names of pools come from the journal, so they have no control character.
constexpr std::string_view kEniList = "\nenis";

// The families of an ENI's addresses are pools of their own.
std::string pool_name(std::string_view key, base::Family family) {
  return std::string(key) + (family == base::Family::kIpv6 ? "\nipv6" : "");
}

// Never 0, which means none.
std::uint64_t owner_hash(const std::string& container_id, const std::string& if_name) {
  return std::max<std::uint64_t>(base::hash64(container_id + '\0' + if_name, 1), 1);
}

bool waits_in_list(State state) { return state == State::kFree || state == State::kCooling; }
bool has_owner(State state) { return state == State::kBound || state == State::kReserved; }

void set_address(SlotBlock& slot, const base::IpAddress& address) {
  slot.family = static_cast<std::uint8_t>(address.family());
  std::memcpy(slot.address.data(), address.data(), address.size());
}

base::IpAddress address_of(const SlotBlock& slot) {
  return base::IpAddress::from_bytes(slot.family == static_cast<std::uint8_t>(base::Family::kIpv6)
                                         ? base::Family::kIpv6
                                         : base::Family::kIpv4,
                                     slot.address.data());
}

// An address record that this release can't read is nobody's to hand out.
Holding holding_of(std::uint32_t number, const SlotBlock& slot) {
  if (slot.type != SlotType::kAddress) {
    return {.slot = number, .state = State::kQuarantined};
  }
  return {.slot = number,
          .address = address_of(slot),
          .state = static_cast<State>(slot.state),
          .pool = slot.pool,
          .since_boot = std::chrono::nanoseconds(slot.since_boot_ns)};
}

}  // namespace

std::uint64_t PoolFacts::total() const {
  std::uint64_t sum = 0;
  for (const std::uint32_t count : by_state) {
    sum += count;
  }
  return sum;
}

base::Status Index::apply(const Entry& entry) {
  const std::string name = name_of_thing(entry.kind, entry.key);
  std::uint32_t number = TRY(find_named(SlotType::kOther, name));
  if (entry.text.empty()) {
    return number == 0 ? base::Status() : drop(number);
  }
  const std::optional<Record> record = to_record(entry);
  const std::optional<Eni> eni = eni_in(entry);
  const std::size_t pool_size = record.has_value() ? record->pool.size() : 0;
  TRY(ensure_room(name.size() + entry.text.size() + pool_size));
  if (number == 0) {
    number = TRY(add_named(SlotType::kOther, name));
    ++things_;
  } else {
    TRY(detach(number));
  }
  TRY(set_text(number, name + '\0' + entry.text));
  if (record.has_value()) {
    TRY(attach(number, *record));
  }
  if (eni.has_value()) {
    TRY(attach_eni(number, *eni));
  }
  return {};
}

base::Result<std::uint32_t> Index::ensure_pool(const std::string& name) {
  const std::uint32_t known = TRY(find_named(SlotType::kPool, name));
  return known != 0 ? known : TRY(add_named(SlotType::kPool, name));
}

base::Status Index::attach_eni(std::uint32_t number, const Eni& eni) {
  const std::uint32_t list = TRY(ensure_pool(std::string(kEniList)));
  SlotBlock& added = *TRY(edit_slot(number));
  added.type = SlotType::kEni;
  added.state = serves_pods(eni) ? 1 : 0;
  added.pool = list;
  return link_last(number, list);
}

// Takes the record's meaning for pools and owners back; it stays as one without.
base::Status Index::detach(std::uint32_t number) {
  const SlotBlock before = *TRY(slot(number));
  if (before.type == SlotType::kAddress) {
    TRY(detach_address(number, before));
  } else if (before.type == SlotType::kEni) {
    TRY(unlink(number));
  } else {
    return {};
  }
  SlotBlock& after = *TRY(edit_slot(number));
  after.type = SlotType::kOther;
  after.owner_hash = 0;
  after.pool = 0;
  return {};
}

base::Status Index::detach_address(std::uint32_t number, const SlotBlock& before) {
  if (waits_in_list(static_cast<State>(before.state))) {
    TRY(unlink(number));
  }
  if (before.owner_hash != 0) {
    TRY(remove_from_table(before.owner_hash, number));
  }
  --TRY(edit_slot(before.pool))->by_state.at(before.state);
  return {};
}

base::Status Index::attach(std::uint32_t number, const Record& record) {
  const std::uint32_t pool = TRY(ensure_pool(pool_name(record.pool, record.address.family())));
  SlotBlock& added = *TRY(edit_slot(number));
  added.type = SlotType::kAddress;
  added.state = static_cast<std::uint8_t>(record.state);
  added.since_boot_ns = record.since_boot.count();
  added.pool = pool;
  set_address(added, record.address);
  if (has_owner(record.state)) {
    added.owner_hash = owner_hash(record.owner.container_id, record.owner.if_name);
    TRY(add_to_table(added.owner_hash, number));
  }
  if (waits_in_list(record.state)) {
    TRY(link_by_age(number, pool, record.state));
  }
  ++TRY(edit_slot(pool))->by_state.at(static_cast<std::size_t>(record.state));
  return {};
}

base::Status Index::drop(std::uint32_t number) {
  TRY(detach(number));
  TRY(set_text(number, {}));
  const std::uint64_t key_hash = TRY(slot(number))->key_hash;
  TRY(remove_from_table(key_hash, number));
  TRY(give_back_slot(number));
  --things_;
  return {};
}

base::Status Index::link_last(std::uint32_t number, std::uint32_t pool) {
  return link_after(TRY(slot(pool))->tail, number, pool);
}

// Those that were never freed come before all that were: the list has them in the order in which
// they may be handed out, also when new ones come while others cool.
base::Status Index::link_by_age(std::uint32_t number, std::uint32_t pool, State state) {
  std::uint32_t before = TRY(slot(pool))->tail;
  for (std::uint32_t left = used_; state == State::kFree && before != 0; --left) {
    const SlotBlock& candidate = *TRY(slot(before));
    if (static_cast<State>(candidate.state) != State::kCooling) {
      break;
    }
    if (left == 0) {
      return blocks_.damage("its lists have a ring");
    }
    before = candidate.previous;
  }
  return link_after(before, number, pool);
}

// `before` is 0 for the first place.
base::Status Index::link_after(std::uint32_t before, std::uint32_t number, std::uint32_t pool) {
  SlotBlock& list = *TRY(edit_slot(pool));
  SlotBlock& added = *TRY(edit_slot(number));
  added.previous = before;
  added.next = before == 0 ? list.head : TRY(slot(before))->next;
  if (added.next != 0) {
    TRY(edit_slot(added.next))->previous = number;
  } else {
    list.tail = number;
  }
  if (before != 0) {
    TRY(edit_slot(before))->next = number;
  } else {
    list.head = number;
  }
  return {};
}

base::Status Index::unlink(std::uint32_t number) {
  SlotBlock& removed = *TRY(edit_slot(number));
  SlotBlock& list = *TRY(edit_slot(removed.pool));
  if (removed.previous != 0) {
    TRY(edit_slot(removed.previous))->next = removed.next;
  } else {
    list.head = removed.next;
  }
  if (removed.next != 0) {
    TRY(edit_slot(removed.next))->previous = removed.previous;
  } else {
    list.tail = removed.previous;
  }
  removed.previous = 0;
  removed.next = 0;
  return {};
}

base::Status Index::for_each(const std::function<base::Status(const Entry&)>& visit) {
  std::vector<std::uint32_t> pools;
  for (std::uint32_t number = 1; number <= used_; ++number) {
    const SlotBlock& candidate = *TRY(slot(number));
    if (candidate.type == SlotType::kPool) {
      pools.push_back(number);
    }
    const bool listed =
        candidate.type == SlotType::kAddress && waits_in_list(static_cast<State>(candidate.state));
    if (candidate.type == SlotType::kOther || (candidate.type == SlotType::kAddress && !listed)) {
      const Entry entry = TRY(entry_in(number));
      TRY(visit(entry));
    }
  }
  // Checksums keep bad disks out; the count ends a walk in a ring, should a list ever have one.
  std::uint32_t left = used_;
  for (const std::uint32_t pool : pools) {
    for (std::uint32_t number = TRY(slot(pool))->head; number != 0;
         number = TRY(slot(number))->next) {
      if (left-- == 0) {
        return blocks_.damage("its lists have a ring");
      }
      const Entry entry = TRY(entry_in(number));
      TRY(visit(entry));
    }
  }
  return {};
}

base::Result<std::optional<Entry>> Index::find(std::string_view kind, std::string_view key) {
  const std::uint32_t number = TRY(find_named(SlotType::kOther, name_of_thing(kind, key)));
  if (number == 0) {
    return std::optional<Entry>();
  }
  Entry entry = TRY(entry_in(number));
  return std::optional<Entry>(std::move(entry));
}

base::Result<std::vector<Record>> Index::owned_by(const std::string& container_id,
                                                  const std::string& if_name) {
  std::vector<Record> owned;
  const std::uint64_t hash = owner_hash(container_id, if_name);
  const auto collect = [&](std::uint32_t number) -> base::Result<bool> {
    if (TRY(slot(number))->owner_hash != hash) {
      return false;
    }
    const Entry entry = TRY(entry_in(number));
    std::optional<Record> record = to_record(entry);
    if (record.has_value() && record->owner.container_id == container_id &&
        record->owner.if_name == if_name) {
      owned.push_back(std::move(*record));
    }
    return false;
  };
  TRY(visit_matches(hash, collect));
  std::ranges::sort(owned, {}, &Record::address);
  return owned;
}

base::Result<std::optional<Holding>> Index::holding(const base::IpAddress& address) {
  const std::uint32_t number =
      TRY(find_named(SlotType::kOther, name_of_thing(kAddressKind, address.to_string())));
  if (number == 0) {
    return std::optional<Holding>();
  }
  const Holding found = TRY(holding_at(number));
  return std::optional<Holding>(found);
}

base::Result<Holding> Index::holding_at(std::uint32_t number) {
  return holding_of(number, *TRY(slot(number)));
}

base::Result<std::uint32_t> Index::freed_after(std::uint32_t number) {
  return TRY(slot(number))->next;
}

base::Result<std::uint32_t> Index::freed_before(std::uint32_t number) {
  return TRY(slot(number))->previous;
}

base::Result<std::vector<ListedEni>> Index::enis() {
  std::vector<ListedEni> enis;
  const std::uint32_t list = TRY(find_named(SlotType::kPool, kEniList));
  if (list == 0) {
    return enis;
  }
  std::uint32_t left = used_;
  for (std::uint32_t number = TRY(slot(list))->head; number != 0;
       number = TRY(slot(number))->next) {
    if (left-- == 0) {
      return blocks_.damage("its list of ENIs has a ring");
    }
    const bool serves = TRY(slot(number))->state != 0;
    Entry entry = TRY(entry_in(number));
    enis.push_back({.entry = std::move(entry), .serves = serves});
  }
  return enis;
}

base::Result<PoolFacts> Index::pool(std::string_view key, base::Family family) {
  const std::uint32_t number = TRY(find_named(SlotType::kPool, pool_name(key, family)));
  if (number == 0) {
    return PoolFacts{};
  }
  const SlotBlock& found = *TRY(slot(number));
  return PoolFacts{.slot = number,
                   .by_state = found.by_state,
                   .longest_free = found.head,
                   .last_freed = found.tail};
}

base::Result<std::optional<Cursor>> Index::cursor(std::string_view key) {
  const std::uint32_t number = TRY(find_named(SlotType::kCursor, key));
  if (number == 0) {
    return std::optional<Cursor>();
  }
  const SlotBlock& found = *TRY(slot(number));
  return std::optional<Cursor>(
      Cursor{.next = address_of(found), .at_end = found.at_end != 0, .passed = found.passed});
}

base::Status Index::set_cursor(std::string_view key, const Cursor& cursor) {
  std::uint32_t number = TRY(find_named(SlotType::kCursor, key));
  if (number == 0) {
    TRY(ensure_room(key.size()));
    number = TRY(add_named(SlotType::kCursor, key));
  }
  SlotBlock& written = *TRY(edit_slot(number));
  set_address(written, cursor.next);
  written.at_end = cursor.at_end ? 1 : 0;
  written.passed = cursor.passed;
  return {};
}

}  // namespace catena::ipam
