// Label and field selectors as the API server understands them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace catena::test {

// Parsed once, asked for each object.
class Selectors {
 public:
  // Nothing where one of them can't be understood. Fields: any path of a text, =, == and !=.
  // Labels: =, ==, !=, in, notin, key, !key.
  static std::optional<Selectors> parse(std::string_view fields, std::string_view labels);
  bool match(const nlohmann::json& object) const;

 private:
  struct Term {
    std::string key;
    std::vector<std::string> values;  // one of them; empty: any value
    bool negated = false;
  };

  static std::optional<Term> parse_label(std::string_view text);
  static std::optional<Term> parse_field(std::string_view text);
  static bool holds(const Term& term, const std::string* value);

  std::vector<Term> fields_;
  std::vector<Term> labels_;
};

}  // namespace catena::test
