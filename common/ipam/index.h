// What the journal says, in the form in which a transaction needs it: everything is found in a
// number of steps that does not grow with what is stored. Made from the journal, and thrown away
// at any doubt. Every call needs the store's lock.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/ipam/blocks.h"
#include "common/ipam/record.h"

namespace catena::ipam {

// How far an index has followed which journal.
struct Position {
  std::uint64_t journal_id = 0;  // hash of the journal's first line
  std::uint64_t lines = 0;       // transactions in the file
  std::uint64_t number = 0;      // of the last one
  std::uint64_t line_start = 0;  // where its line begins and ends
  std::uint64_t line_end = 0;
  std::uint32_t line_crc = 0;
};

// An address as far as allocation must know it.
struct Holding {
  std::uint32_t slot = 0;
  base::IpAddress address;
  State state = State::kFree;
  std::uint32_t pool = 0;
  std::chrono::nanoseconds since_boot{};
};

struct PoolFacts {
  std::uint32_t slot = 0;
  std::array<std::uint32_t, 5> by_state{};  // indexed by State
  std::uint32_t longest_free = 0;           // slots; 0: none
  std::uint32_t last_freed = 0;
  std::uint64_t total() const;
};

struct ListedEni {
  Entry entry;
  bool serves = false;  // as serves_pods() says of it
};

// Where the never-used addresses of a range begin.
struct Cursor {
  base::IpAddress next;
  bool at_end = false;
  std::uint32_t passed = 0;  // addresses passed because another pool holds them
};

class Index {
 public:
  // In memory, for at least `slots` records.
  static Index empty(const std::string& store, const std::string& boot_id, std::uint32_t slots);
  // kNotFound when there is none, kUndecodable when it is damaged, kIncompatible when it is of
  // another boot or a killed process left it half-written.
  static base::Result<Index> open(const std::string& path, const std::string& boot_id);

  const std::string& store() const { return store_; }
  const Position& position() const { return position_; }
  void set_position(const Position& position) {
    position_ = position;
    moved_ = true;
  }
  // Whether something read turned out to be damaged.
  bool damaged() const { return blocks_.damaged(); }
  // Records of the journal that are in force.
  std::uint64_t things() const { return things_; }

  // Makes `entry` the record of its thing. All or nothing is not promised: after an error throw the
  // index away.
  base::Status apply(const Entry& entry);

  // Every record: the addresses of each pool's list in its order, after all others.
  base::Status for_each(const std::function<base::Status(const Entry&)>& visit);
  // Nothing when there is no such thing.
  base::Result<std::optional<Entry>> find(std::string_view kind, std::string_view key);
  base::Result<std::vector<Record>> owned_by(const std::string& container_id,
                                             const std::string& if_name);
  base::Result<std::optional<Holding>> holding(const base::IpAddress& address);
  base::Result<Holding> holding_at(std::uint32_t number);
  // The neighbours in the pool's list of free and cooling addresses; 0: none.
  base::Result<std::uint32_t> freed_after(std::uint32_t number);
  base::Result<std::uint32_t> freed_before(std::uint32_t number);
  // The addresses of one family in a pool; all zero for one nobody had an address of.
  base::Result<PoolFacts> pool(std::string_view key, base::Family family);
  // Every ENI's record, in the order they came.
  base::Result<std::vector<ListedEni>> enis();
  base::Result<std::optional<Cursor>> cursor(std::string_view key);
  base::Status set_cursor(std::string_view key, const Cursor& cursor);

  // Brings the file at `path` up to date; touches nothing where it is.
  base::Status flush(const std::string& path);

 private:
  Index(Blocks blocks, std::string store, std::string boot_id)
      : blocks_(std::move(blocks)), store_(std::move(store)), boot_(std::move(boot_id)) {}
  static Index sized(const std::string& store, const std::string& boot_id, std::uint32_t slots);

  // Hash table, index_table.cc.
  using Visit = std::function<base::Result<bool>(std::uint32_t slot)>;  // true: stop
  std::uint32_t entry_count() const { return table_blocks_ * kEntriesPerBlock; }
  base::Result<TableEntry> entry_at(std::uint32_t place);
  base::Status set_entry(std::uint32_t place, TableEntry entry);
  base::Status visit_matches(std::uint64_t hash, const Visit& visit);
  base::Status add_to_table(std::uint64_t hash, std::uint32_t slot);
  base::Status remove_from_table(std::uint64_t hash, std::uint32_t slot);

  // Slots and their texts, index_slots.cc.
  std::uint32_t block_of(std::uint32_t slot) const { return table_blocks_ + slot; }
  base::Result<const SlotBlock*> slot(std::uint32_t number);
  base::Result<SlotBlock*> edit_slot(std::uint32_t number);
  base::Status ensure_room(std::size_t text_size);
  base::Status grow();
  base::Result<std::uint32_t> take_slot();
  base::Status give_back_slot(std::uint32_t number);
  base::Status set_text(std::uint32_t number, std::string_view text);
  base::Result<std::string> text(std::uint32_t number);
  base::Result<std::uint32_t> find_named(SlotType type, std::string_view name);
  base::Result<std::uint32_t> add_named(SlotType type, std::string_view name);
  base::Result<Entry> entry_in(std::uint32_t number);

  // What a record means for pools and owners, index.cc.
  base::Status attach(std::uint32_t number, const Record& record);
  base::Status attach_eni(std::uint32_t number, const Eni& eni);
  base::Status detach_address(std::uint32_t number, const SlotBlock& before);
  base::Result<std::uint32_t> ensure_pool(const std::string& name);
  base::Status detach(std::uint32_t number);
  base::Status drop(std::uint32_t number);
  base::Status link_last(std::uint32_t number, std::uint32_t pool);
  base::Status link_by_age(std::uint32_t number, std::uint32_t pool, State state);
  base::Status link_after(std::uint32_t before, std::uint32_t number, std::uint32_t pool);
  base::Status unlink(std::uint32_t number);

  void write_header();

  Blocks blocks_;
  std::string store_;
  std::string boot_;
  Position position_;
  bool moved_ = false;  // `position_` is not the file's
  // As in HeaderBlock.
  std::uint32_t table_blocks_ = 0;
  std::uint32_t slots_ = 0;
  std::uint32_t used_ = 0;
  std::uint32_t first_gap_ = 0;
  std::uint32_t things_ = 0;
};

}  // namespace catena::ipam
