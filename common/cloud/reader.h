// Reading an answer whose fields may be null, missing, or a number where text was promised.
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
#include "common/cloud/params.h"

namespace catena::cloud {

// The first thing in an answer that can't be what was promised.
class Complaint {
 public:
  explicit Complaint(std::string_view action) : action_(action) {}
  void add(std::string_view key, std::string_view expected, const nlohmann::json& found);
  // Response.Garbage, kTryAgain.
  base::Status to_status() const;

 private:
  std::string action_;
  std::optional<base::Error> first_;
};

// One object of an answer. Null is absent. The answer and the complaint must outlive this.
class Reader {
 public:
  Reader(const nlohmann::json& value, Complaint& complaint)
      : value_(&value), complaint_(&complaint) {}

  // Empty where absent; numbers and flags as they are printed.
  std::string text(std::string_view key) const;
  // Also from digits in a string.
  std::optional<std::int64_t> number(std::string_view key) const;
  // Also from "true" and "false" in a string.
  std::optional<bool> flag(std::string_view key) const;
  // Empty text is absent.
  std::optional<base::IpAddress> address(std::string_view key) const;
  std::optional<base::Prefix> prefix(std::string_view key) const;
  // Complains where absent.
  base::Prefix required_prefix(std::string_view key) const;
  std::optional<base::Mac> mac(std::string_view key) const;
  // Absent: an object without fields.
  Reader object(std::string_view key) const;

  // The items of {"<outer>": {"<inner>": [...]}}; none where any of it is missing, null or {}.
  std::vector<Reader> list(std::string_view outer, std::string_view inner) const;
  // Of strings, or of objects that hold the string under `key`.
  std::vector<std::string> texts(std::string_view outer, std::string_view inner,
                                 std::string_view key = {}) const;
  std::vector<base::IpAddress> addresses(std::string_view outer, std::string_view inner,
                                         std::string_view key = {}) const;
  std::vector<base::Prefix> prefixes(std::string_view outer, std::string_view inner,
                                     std::string_view key = {}) const;
  // ECS writes TagKey and TagValue, VPC Key and Value.
  std::vector<Tag> tags() const;

 private:
  const nlohmann::json* find(std::string_view key) const;
  const nlohmann::json* array(std::string_view outer, std::string_view inner) const;

  const nlohmann::json* value_;
  Complaint* complaint_;
};

}  // namespace catena::cloud
