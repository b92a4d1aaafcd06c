// The index's slots: room for records, and texts that may be longer than one slot.
#include <algorithm>
#include <cassert>
#include <cstring>

#include "common/base/hash.h"
#include "common/ipam/index.h"

namespace catena::ipam {
namespace {

// A slot has two entries in the table at most (its key, its owner), so it stays half empty.
constexpr std::uint32_t kSlotsPerTableBlock = kEntriesPerBlock / 4;
constexpr std::uint32_t kSlotsAtLeast = 30;
constexpr std::size_t kTextPerSlot = sizeof(SlotBlock::text);

// Records of the journal share one space of names, whatever their type.
SlotType space_of(SlotType type) {
  return type == SlotType::kAddress || type == SlotType::kEni ? SlotType::kOther : type;
}

std::uint64_t hash_of(SlotType type, std::string_view name) {
  return base::hash64(name, static_cast<std::uint64_t>(space_of(type)));
}

std::string_view fixed(const std::array<char, 64>& text) {
  return {text.data(), ::strnlen(text.data(), text.size())};
}

void copy_to(std::array<char, 64>& field, std::string_view text) {
  field.fill('\0');
  std::memcpy(field.data(), text.data(), std::min(text.size(), field.size()));
}

}  // namespace

Index Index::sized(const std::string& store, const std::string& boot_id, std::uint32_t slots) {
  slots = std::max(slots, kSlotsAtLeast);
  const std::uint32_t table_blocks = (slots + kSlotsPerTableBlock - 1) / kSlotsPerTableBlock;
  Index index(Blocks::in_memory(1 + table_blocks + slots), store, boot_id);
  index.slots_ = slots;
  index.table_blocks_ = table_blocks;
  return index;
}

Index Index::empty(const std::string& store, const std::string& boot_id, std::uint32_t slots) {
  return sized(store, boot_id, slots);
}

base::Result<Index> Index::open(const std::string& path, const std::string& boot_id) {
  Blocks blocks = TRY(Blocks::open(path));
  const HeaderBlock& header = TRY(blocks.read(0))->header;
  if (header.magic != kMagic || header.layout != kLayout ||
      blocks.count() != 1 + header.table_blocks + header.slots || header.used > header.slots) {
    return base::Error(base::ErrorKind::kUndecodable, path + " has not the size its header says");
  }
  if (header.dirty != 0 || fixed(header.boot) != std::string_view(boot_id).substr(0, 64)) {
    return base::Error(base::ErrorKind::kIncompatible,
                       path + " is of another boot or half-written");
  }
  const HeaderBlock copy = header;
  Index index(std::move(blocks), std::string(fixed(copy.store)), boot_id);
  index.table_blocks_ = copy.table_blocks;
  index.slots_ = copy.slots;
  index.used_ = copy.used;
  index.first_gap_ = copy.first_gap;
  index.things_ = copy.things;
  index.position_ = {copy.journal_id, copy.lines,    copy.number,
                     copy.line_start, copy.line_end, copy.line_crc};
  return index;
}

void Index::write_header() {
  HeaderBlock& header = blocks_.fresh(0)->header;
  header.magic = kMagic;
  header.layout = kLayout;
  header.table_blocks = table_blocks_;
  header.slots = slots_;
  header.used = used_;
  header.first_gap = first_gap_;
  header.things = things_;
  header.journal_id = position_.journal_id;
  header.lines = position_.lines;
  header.number = position_.number;
  header.line_start = position_.line_start;
  header.line_end = position_.line_end;
  header.line_crc = position_.line_crc;
  copy_to(header.store, store_);
  copy_to(header.boot, boot_);
}

base::Status Index::flush(const std::string& path) {
  if (blocks_.on_disk() && !blocks_.changed() && !moved_) {
    return {};
  }
  write_header();
  TRY(blocks_.on_disk() ? blocks_.flush() : blocks_.save(path));
  moved_ = false;
  return {};
}

base::Result<const SlotBlock*> Index::slot(std::uint32_t number) {
  const Block* block = TRY(blocks_.read(block_of(number)));
  return &block->slot;
}

base::Result<SlotBlock*> Index::edit_slot(std::uint32_t number) {
  Block* block = TRY(blocks_.edit(block_of(number)));
  return &block->slot;
}

// Room for a record, its pool and a cursor.
base::Status Index::ensure_room(std::size_t text_size) {
  const std::size_t needed = 4 + text_size / kTextPerSlot;
  while (slots_ - used_ < needed) {
    TRY(grow());
  }
  return {};
}

base::Status Index::grow() {
  Index larger = sized(store_, boot_, slots_ * 2);
  for (std::uint32_t place = 0; place < entry_count(); ++place) {
    const TableEntry entry = TRY(entry_at(place));
    if (entry.slot != 0) {
      TRY(larger.add_to_table(entry.tag, entry.slot));
    }
  }
  for (std::uint32_t number = 1; number <= used_; ++number) {
    const SlotBlock copy = *TRY(slot(number));
    larger.blocks_.fresh(larger.block_of(number))->slot = copy;
  }
  blocks_ = std::move(larger.blocks_);
  table_blocks_ = larger.table_blocks_;
  slots_ = larger.slots_;
  return {};
}

base::Result<std::uint32_t> Index::take_slot() {
  if (first_gap_ != 0) {
    const std::uint32_t number = first_gap_;
    first_gap_ = TRY(slot(number))->next;
    blocks_.fresh(block_of(number));
    return number;
  }
  assert(used_ < slots_);
  ++used_;
  blocks_.fresh(block_of(used_));
  return used_;
}

base::Status Index::give_back_slot(std::uint32_t number) {
  SlotBlock& gap = blocks_.fresh(block_of(number))->slot;
  gap.type = SlotType::kGap;
  gap.next = first_gap_;
  first_gap_ = number;
  return {};
}

base::Status Index::set_text(std::uint32_t number, std::string_view text) {
  std::uint32_t rest = TRY(slot(number))->more;
  while (rest != 0) {
    const std::uint32_t after = TRY(slot(rest))->more;
    TRY(give_back_slot(rest));
    rest = after;
  }
  while (true) {
    const std::size_t here = std::min(text.size(), kTextPerSlot);
    const std::uint32_t more = here < text.size() ? TRY(take_slot()) : 0;
    SlotBlock& part = *TRY(edit_slot(number));
    text.copy(part.text.data(), here);
    part.text_size = static_cast<std::uint32_t>(here);
    part.more = more;
    if (more == 0) {
      return {};
    }
    text.remove_prefix(here);
    TRY(edit_slot(more))->type = SlotType::kMore;
    number = more;
  }
}

base::Result<std::string> Index::text(std::uint32_t number) {
  std::string whole;
  while (number != 0) {
    const SlotBlock& part = *TRY(slot(number));
    whole.append(part.text.data(), std::min<std::size_t>(part.text_size, kTextPerSlot));
    number = part.more;
  }
  return whole;
}

// The text of a slot is its name, a zero, and its value: names have no zero in them.
base::Result<std::uint32_t> Index::find_named(SlotType type, std::string_view name) {
  std::uint32_t found = 0;
  const std::uint64_t hash = hash_of(type, name);
  const auto compare = [&](std::uint32_t number) -> base::Result<bool> {
    const SlotBlock& candidate = *TRY(slot(number));
    if (space_of(candidate.type) != space_of(type) || candidate.key_hash != hash) {
      return false;
    }
    const std::string whole = TRY(text(number));
    if (whole.size() > name.size() && whole.starts_with(name) && whole[name.size()] == '\0') {
      found = number;
    }
    return found != 0;
  };
  TRY(visit_matches(hash, compare));
  return found;
}

base::Result<std::uint32_t> Index::add_named(SlotType type, std::string_view name) {
  const std::uint32_t number = TRY(take_slot());
  SlotBlock& added = *TRY(edit_slot(number));
  added.type = type;
  added.key_hash = hash_of(type, name);
  TRY(add_to_table(added.key_hash, number));
  TRY(set_text(number, std::string(name) + '\0'));
  return number;
}

base::Result<Entry> Index::entry_in(std::uint32_t number) {
  const std::string whole = TRY(text(number));
  const std::size_t kind_end = whole.find('\n');
  const std::size_t key_end = whole.find('\0');
  if (kind_end == std::string::npos || key_end == std::string::npos || key_end < kind_end) {
    return blocks_.damage("a record has no name");
  }
  return Entry{.kind = whole.substr(0, kind_end),
               .key = whole.substr(kind_end + 1, key_end - kind_end - 1),
               .text = whole.substr(key_end + 1)};
}

}  // namespace catena::ipam
