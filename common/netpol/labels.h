// Labels of a pod or namespace: few, read often, and the same for all pods of a Deployment, which
// therefore can share them.
#pragma once

#include <compare>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace catena::netpol {

class Labels {
 public:
  using value_type = std::pair<std::string, std::string>;
  using const_iterator = std::vector<value_type>::const_iterator;

  Labels() = default;
  // Of equal keys the first counts.
  Labels(std::initializer_list<value_type> labels);

  // By key.
  const_iterator begin() const;
  const_iterator end() const;
  const_iterator find(std::string_view key) const;
  bool contains(std::string_view key) const { return find(key) != end(); }
  std::size_t size() const { return sorted_ == nullptr ? 0 : sorted_->size(); }
  bool empty() const { return size() == 0; }

  // Others that shared them keep theirs.
  std::string& operator[](const std::string& key);
  void erase(const std::string& key);

  // Whether nobody else has them.
  bool is_sole() const { return sorted_ != nullptr && sorted_.use_count() == 1; }

  bool operator==(const Labels& other) const;
  std::strong_ordering operator<=>(const Labels& other) const;

 private:
  std::vector<value_type>& own();

  std::shared_ptr<const std::vector<value_type>> sorted_;  // null: none
};

}  // namespace catena::netpol
