// Reading a JSON object whose every key is known: what is asked for is checked, what is left over
// is an error. The only file that calls the throwing accessors of nlohmann_json.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "common/base/ip.h"
#include "common/base/mac.h"
#include "common/base/result.h"

namespace catena::base {

// Strict JSON (RFC 8259), at most `most` bytes and 64 levels deep; kUndecodable, saying where,
// otherwise.
Result<nlohmann::json> parse_json(std::string_view text, std::size_t most);

// One line of valid UTF-8: what is not is replaced by U+FFFD.
std::string print_json(const nlohmann::json& value);

enum class KeyCase {
  kExact,
  kIgnored,  // of keys that differ in case alone the last one wins
};

// Each getter returns nothing for an absent key (and for null), and kBadConfig with the key's path,
// what was expected and what was found for anything else than what it promises. The JSON object
// must outlive this. A key counts as known once a getter asked for it.
class Fields {
 public:
  // `path` names the object in errors ("ranges[0][1]"); empty for the outermost one.
  // kBadConfig when `value` is not an object.
  static Result<Fields> of(const nlohmann::json& value, std::string path,
                           KeyCase key_case = KeyCase::kExact);

  Result<std::optional<std::string>> string(std::string_view key);
  Result<std::optional<bool>> boolean(std::string_view key);
  // A whole number within [least, most]; 3.0 counts as 3, since libcni re-marshals through float64.
  Result<std::optional<std::int64_t>> integer(std::string_view key, std::int64_t least,
                                              std::int64_t most);
  // One of `allowed`.
  Result<std::optional<std::string>> one_of(std::string_view key,
                                            const std::vector<std::string_view>& allowed);
  Result<std::optional<IpAddress>> address(std::string_view key);
  // Without host bits.
  Result<std::optional<Prefix>> network(std::string_view key);
  Result<std::optional<Mac>> mac(std::string_view key);
  // An absolute path without "..".
  Result<std::optional<std::string>> absolute_path(std::string_view key);
  Result<std::optional<std::vector<std::string>>> strings(std::string_view key);
  Result<std::optional<std::vector<Prefix>>> networks(std::string_view key);
  // Of string values.
  Result<std::optional<std::vector<std::pair<std::string, std::string>>>> string_map(
      std::string_view key);
  Result<std::optional<Fields>> object(std::string_view key, KeyCase key_case = KeyCase::kExact);
  Result<std::optional<std::vector<Fields>>> objects(std::string_view key,
                                                     KeyCase key_case = KeyCase::kExact);
  // The value as it is, unchecked; null pointer where absent.
  const nlohmann::json* raw(std::string_view key);
  // Counts `key` as known without reading it.
  void ignore(std::string_view key);
  // Counts every key that begins with `prefix` as known.
  void ignore_prefix(std::string_view prefix);

  // kBadConfig when keys are left that nobody asked for; names them and the known keys that were
  // probably meant.
  Status no_unknown_keys() const;

  // "mtu" below "ranges[0]" is "ranges[0].mtu".
  std::string path_of(std::string_view key) const;
  // "<path>: expected <expected>, got <found>", kBadConfig.
  Error bad_value(std::string_view key, std::string_view expected) const;
  // The keys present, in the object's order.
  std::vector<std::string> keys() const;

 private:
  Fields(const nlohmann::json& value, std::string path, KeyCase key_case)
      : value_(&value), path_(std::move(path)), key_case_(key_case) {}
  const nlohmann::json* find(std::string_view key);
  bool is_known(std::string_view key) const;

  const nlohmann::json* value_;
  std::string path_;
  KeyCase key_case_;
  std::vector<std::string> known_;
  std::vector<std::string> known_prefixes_;
};

}  // namespace catena::base
