// What the journal says about one thing (an address, the boot, and kinds of other releases), as
// values and as JSON text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ipam/store.h"

namespace catena::ipam {

inline constexpr std::string_view kAddressKind = "address";
inline constexpr std::string_view kBootKind = "boot";

// The complete new record of the thing (kind, key), or its end.
struct Entry {
  std::string kind;
  std::string key;
  std::string text;  // the record as a JSON object; empty: the thing is dropped
  // Where it is at hand, what to_record() would say: spares apply() the parsing.
  std::optional<Record> record = std::nullopt;
};

// `earlier` is the text this one replaces, or empty: its fields that this release does not know are
// kept.
Entry to_entry(const Record& record, std::string_view earlier);
// Nothing when `entry` is not an address record this release can read. A state it does not know
// reads as kQuarantined.
std::optional<Record> to_record(const Entry& entry);

Entry boot_entry(const std::string& boot_id);
// Empty when `text` does not say.
std::string boot_id_in(std::string_view text);

struct Transaction {
  std::uint64_t number = 0;
  std::vector<Entry> entries;
};
std::string to_json(std::uint64_t number, const std::vector<Entry>& entries);
// Nothing when `text` is no transaction.
std::optional<Transaction> transaction_in(std::string_view text);

// The journal's first line.
struct Header {
  int format = 0;           // the lowest format a reader has to know
  std::string store;        // random, made with the store
  std::uint64_t first = 0;  // number of the first transaction in this file
};
inline constexpr int kFormat = 1;
std::string to_json(const Header& header);
std::optional<Header> header_in(std::string_view text);

// Kinds and keys are names: not empty, no control characters.
bool is_name(const std::string& text);

// Whether `text` is UTF-8, so that JSON gives it back as it was.
bool survives_json(const std::string& text);

}  // namespace catena::ipam
