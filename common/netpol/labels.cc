#include "common/netpol/labels.h"

#include <algorithm>

namespace catena::netpol {
namespace {

using List = std::vector<Labels::value_type>;

const List& nothing() {
  static const List none;
  return none;
}

template <typename Iterator>
Iterator place_of(Iterator begin, Iterator end, std::string_view key) {
  return std::lower_bound(begin, end, key,
                          [](const Labels::value_type& label, std::string_view wanted) {
                            return label.first.compare(wanted) < 0;
                          });
}

}  // namespace

Labels::Labels(std::initializer_list<value_type> labels) {
  for (const auto& [key, value] : labels) {
    if (!contains(key)) {
      (*this)[key] = value;
    }
  }
}

Labels::const_iterator Labels::begin() const {
  return sorted_ == nullptr ? nothing().begin() : sorted_->begin();
}

Labels::const_iterator Labels::end() const {
  return sorted_ == nullptr ? nothing().end() : sorted_->end();
}

Labels::const_iterator Labels::find(std::string_view key) const {
  const auto at = place_of(begin(), end(), key);
  return at != end() && at->first == key ? at : end();
}

std::string& Labels::operator[](const std::string& key) {
  List& list = own();
  auto at = place_of(list.begin(), list.end(), key);
  if (at == list.end() || at->first != key) {
    at = list.emplace(at, key, "");
  }
  return at->second;
}

void Labels::erase(const std::string& key) {
  if (contains(key)) {
    List& list = own();
    list.erase(place_of(list.begin(), list.end(), key));
  }
}

bool Labels::operator==(const Labels& other) const {
  return sorted_ == other.sorted_ || std::equal(begin(), end(), other.begin(), other.end());
}

std::strong_ordering Labels::operator<=>(const Labels& other) const {
  return std::lexicographical_compare_three_way(begin(), end(), other.begin(), other.end());
}

// A copy each time: whoever holds the old list must not see it change, and lists are short.
std::vector<Labels::value_type>& Labels::own() {
  auto copy = std::make_shared<List>();
  copy->reserve(size() + 1);
  copy->assign(begin(), end());
  List& list = *copy;
  sorted_ = std::move(copy);
  return list;
}

}  // namespace catena::netpol
