#include "tests/support/kube/selectors.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "common/base/text.h"
#include "common/kube/objects.h"

namespace catena::test {
namespace {

using Json = nlohmann::json;

// At commas that stand outside parentheses.
std::vector<std::string_view> split_terms(std::string_view text) {
  std::vector<std::string_view> terms;
  std::size_t begin = 0;
  int open = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && open == 0)) {
      const std::string_view term = base::trim(text.substr(begin, i - begin));
      if (!term.empty()) {
        terms.push_back(term);
      }
      begin = i + 1;
    } else if (text[i] == '(') {
      ++open;
    } else if (text[i] == ')') {
      --open;
    }
  }
  return terms;
}

std::vector<std::string> values_in(std::string_view list) {
  std::vector<std::string> values;
  for (const std::string_view value : base::split(list, ',')) {
    values.emplace_back(base::trim(value));
  }
  return values;
}

struct Comparison {
  std::string_view key;
  std::string_view value;
  bool negated = false;
};

std::optional<Comparison> parse_comparison(std::string_view text) {
  const std::size_t at = text.find('=');
  if (at == std::string_view::npos || at == 0) {
    return std::nullopt;
  }
  const bool negated = text[at - 1] == '!';
  const std::string_view key = text.substr(0, at - (negated ? 1 : 0));
  const bool twice = !negated && at + 1 < text.size() && text[at + 1] == '=';
  return Comparison{base::trim(key), base::trim(text.substr(at + (twice ? 2 : 1))), negated};
}

// The text at a path with dots; null pointer where there is none.
const std::string* text_under(const Json& object, std::string_view path) {
  const Json* at = &object;
  for (const std::string_view key : base::split(path, '.')) {
    at = at == nullptr ? nullptr : kube::find_at(*at, {key});
  }
  return at != nullptr && at->is_string() ? &at->get_ref<const std::string&>() : nullptr;
}

}  // namespace

std::optional<Selectors::Term> Selectors::parse_field(std::string_view text) {
  const std::optional<Comparison> comparison = parse_comparison(text);
  if (!comparison.has_value()) {
    return std::nullopt;
  }
  return Term{std::string(comparison->key), {std::string(comparison->value)}, comparison->negated};
}

std::optional<Selectors::Term> Selectors::parse_label(std::string_view text) {
  if (text.ends_with(')')) {
    const std::size_t open = text.find('(');
    const std::string_view head = base::trim(text.substr(0, open));
    const std::size_t space = head.find(' ');
    if (open == std::string_view::npos || space == std::string_view::npos) {
      return std::nullopt;
    }
    const std::string_view word = base::trim(head.substr(space));
    if (word != "in" && word != "notin") {
      return std::nullopt;
    }
    return Term{std::string(head.substr(0, space)),
                values_in(text.substr(open + 1, text.size() - open - 2)), word == "notin"};
  }
  if (text.find('=') != std::string_view::npos) {
    return parse_field(text);
  }
  const bool negated = text.starts_with('!');
  return Term{std::string(text.substr(negated ? 1 : 0)), {}, negated};
}

std::optional<Selectors> Selectors::parse(std::string_view fields, std::string_view labels) {
  Selectors selectors;
  for (const std::string_view text : split_terms(fields)) {
    const std::optional<Term> term = parse_field(text);
    if (!term.has_value()) {
      return std::nullopt;
    }
    selectors.fields_.push_back(*term);
  }
  for (const std::string_view text : split_terms(labels)) {
    const std::optional<Term> term = parse_label(text);
    if (!term.has_value()) {
      return std::nullopt;
    }
    selectors.labels_.push_back(*term);
  }
  return selectors;
}

bool Selectors::holds(const Term& term, const std::string* value) {
  const bool found =
      value != nullptr &&
      (term.values.empty() || std::ranges::find(term.values, *value) != term.values.end());
  return found != term.negated;
}

bool Selectors::match(const Json& object) const {
  static const std::string none;
  const Json* labels = kube::find_at(object, {"metadata", "labels"});
  const auto field_holds = [&](const Term& term) {
    // A field that is not set compares as empty.
    const std::string* value = text_under(object, term.key);
    return holds(term, value == nullptr ? &none : value);
  };
  const auto label_holds = [&](const Term& term) {
    const Json* value = labels == nullptr ? nullptr : kube::find_at(*labels, {term.key});
    return holds(term, value != nullptr && value->is_string()
                           ? &value->get_ref<const std::string&>()
                           : nullptr);
  };
  return std::ranges::all_of(fields_, field_holds) && std::ranges::all_of(labels_, label_holds);
}

}  // namespace catena::test
