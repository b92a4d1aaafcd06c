// The index's hash table: open addressing with linear probing, without tombstones.
#include "common/ipam/index.h"

namespace catena::ipam {
namespace {

std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash); }

// Steps from `from` on to `to` in a ring of `count`.
std::uint32_t steps(std::uint32_t from, std::uint32_t to, std::uint32_t count) {
  return to >= from ? to - from : count - (from - to);
}

}  // namespace

base::Result<TableEntry> Index::entry_at(std::uint32_t place) {
  const Block* block = TRY(blocks_.read(1 + place / kEntriesPerBlock));
  return block->table.entries.at(place % kEntriesPerBlock);
}

base::Status Index::set_entry(std::uint32_t place, TableEntry entry) {
  Block* block = TRY(blocks_.edit(1 + place / kEntriesPerBlock));
  block->table.entries.at(place % kEntriesPerBlock) = entry;
  return {};
}

base::Status Index::visit_matches(std::uint64_t hash, const Visit& visit) {
  std::uint32_t place = tag_of(hash) % entry_count();
  for (std::uint32_t i = 0; i < entry_count(); ++i) {
    const TableEntry entry = TRY(entry_at(place));
    if (entry.slot == 0) {
      return {};
    }
    if (entry.tag == tag_of(hash) && TRY(visit(entry.slot))) {
      return {};
    }
    place = (place + 1) % entry_count();
  }
  return blocks_.damage("its hash table is full");
}

base::Status Index::add_to_table(std::uint64_t hash, std::uint32_t slot) {
  std::uint32_t place = tag_of(hash) % entry_count();
  for (std::uint32_t i = 0; i < entry_count(); ++i) {
    if (TRY(entry_at(place)).slot == 0) {
      return set_entry(place, {tag_of(hash), slot});
    }
    place = (place + 1) % entry_count();
  }
  return blocks_.damage("its hash table is full");
}

base::Status Index::remove_from_table(std::uint64_t hash, std::uint32_t slot) {
  const std::uint32_t count = entry_count();
  std::uint32_t hole = tag_of(hash) % count;
  while (true) {
    const TableEntry entry = TRY(entry_at(hole));
    if (entry.slot == 0) {
      return blocks_.damage("its hash table lacks an entry");
    }
    if (entry.slot == slot && entry.tag == tag_of(hash)) {
      break;
    }
    hole = (hole + 1) % count;
  }
  // Moves back every later entry of the run that may lie in the hole.
  for (std::uint32_t place = (hole + 1) % count;; place = (place + 1) % count) {
    const TableEntry entry = TRY(entry_at(place));
    if (entry.slot == 0) {
      break;
    }
    if (steps(entry.tag % count, place, count) >= steps(hole, place, count)) {
      TRY(set_entry(hole, entry));
      hole = place;
    }
  }
  return set_entry(hole, {0, 0});
}

}  // namespace catena::ipam
