// The bytes of index.v1: blocks of 512 bytes in the machine's own order, each with a checksum over
// its number and content. Block 0 is the header, then come the hash table and the slots.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

namespace catena::ipam {

inline constexpr std::size_t kBlockSize = 512;
inline constexpr std::uint32_t kLayout = 1;
inline constexpr std::array<char, 8> kMagic{'c', 't', 'n', 'i', 'n', 'd', 'e', 'x'};

struct HeaderBlock {
  std::uint32_t crc;
  std::uint32_t dirty;  // a process was about to write other blocks
  std::array<char, 8> magic;
  std::uint32_t layout;
  std::uint32_t table_blocks;
  std::uint32_t slots;      // that the file has room for
  std::uint32_t used;       // slots that were ever used: those after are not initialised
  std::uint32_t first_gap;  // head of the list of slots used once and free again
  std::uint32_t things;     // records of the journal that are in force
  std::uint64_t journal_id;
  std::uint64_t lines;       // transactions the journal file holds
  std::uint64_t number;      // of the last transaction applied
  std::uint64_t line_start;  // where its line begins and ends in the journal
  std::uint64_t line_end;
  std::uint32_t line_crc;
  std::uint32_t unused;
  std::array<char, 64> store;
  std::array<char, 64> boot;
  std::array<char, 296> padding;
};

struct TableEntry {
  std::uint32_t tag;   // low half of the key's hash; its home is tag % entries
  std::uint32_t slot;  // 0: empty
};
inline constexpr std::uint32_t kEntriesPerBlock = 63;
struct TableBlock {
  std::uint32_t crc;
  std::uint32_t unused;
  std::array<TableEntry, kEntriesPerBlock> entries;
};

enum class SlotType : std::uint8_t {
  kGap,
  kAddress,  // a record of an address
  kOther,    // any other record of the journal
  kPool,     // counts and the list of free addresses of a pool; not in the journal
  kCursor,   // where the never-used addresses of a range begin; not in the journal
  kMore,     // the rest of a text that is too long for its slot
  kEni,      // a record of an ENI, which stands in the list of them
};

// Slots are numbered from 1; 0 is none.
struct SlotBlock {
  std::uint32_t crc;
  SlotType type;
  std::uint8_t state;   // kAddress: a State; kEni: 1 when it serves pods
  std::uint8_t family;  // of `address`, a base::Family
  std::uint8_t at_end;  // kCursor: no never-used address is left
  std::uint64_t key_hash;
  std::uint64_t owner_hash;  // kAddress: of the owner it is found by; 0: none
  std::int64_t since_boot_ns;
  std::uint32_t pool;      // kAddress, kEni: the pool's slot
  std::uint32_t previous;  // kAddress, kEni: neighbours in the pool's list, longest free first
  std::uint32_t next;      // also the next gap
  std::uint32_t more;      // where the text goes on
  std::uint32_t text_size;
  std::uint32_t head;  // kPool: both ends of its list
  std::uint32_t tail;
  std::uint32_t passed;                   // kCursor: addresses passed that another pool holds
  std::array<std::uint32_t, 5> by_state;  // kPool: how many addresses of each State
  std::uint32_t unused;
  std::array<std::uint8_t, 16> address;
  std::array<char, 408> text;
};

union Block {
  std::array<std::uint8_t, kBlockSize> bytes;
  HeaderBlock header;
  TableBlock table;
  SlotBlock slot;
};

static_assert(sizeof(HeaderBlock) == kBlockSize && sizeof(TableBlock) == kBlockSize &&
              sizeof(SlotBlock) == kBlockSize && sizeof(Block) == kBlockSize);
static_assert(std::is_trivially_copyable_v<Block> && std::is_standard_layout_v<Block>);

}  // namespace catena::ipam
